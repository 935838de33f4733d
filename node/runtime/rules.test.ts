import { describe, expect, it } from 'vitest'
import { RULES_VERSION } from '../../protocol/index.ts'
import { nameOf } from '../names.ts'
import { PROGRAM, rulesSentence } from './rules.ts'

const [a, b, c] = ['12D3KooWELwkzJ1KcvVx4d1dWVopmfVWaiBcrUfNsZuDvS84opPj', '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo', '12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'] as const

describe('the rules of peers', () => {
  it('are no matter where they are the same, not told yet, or those of another program', () => {
    expect(rulesSentence([])).toBeNull()
    expect(rulesSentence([{ id: a, program: PROGRAM }, { id: b, program: null }, { id: c, program: 'js-libp2p/3.3.0' }])).toBeNull()
    expect(rulesSentence([{ id: a, program: 'peerage rules/2 or so' }, { id: b, program: 'peerage rules/99999999999' }])).toBeNull()
  })

  it('are told to the owner by name where they are others', () => {
    const [older, newer] = [RULES_VERSION - 1, RULES_VERSION + 1]
    const sentence = rulesSentence([{ id: a, program: `peerage rules/${newer}` }, { id: b, program: PROGRAM }, { id: c, program: `peerage rules/${older}` }])
    expect(sentence).toContain(`version ${RULES_VERSION}: ${nameOf(a)} by version ${newer}, ${nameOf(c)} by version ${older}.`)
  })
})
