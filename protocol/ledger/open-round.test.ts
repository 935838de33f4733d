import { describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import type { Body } from '../bodies.ts'
import { sealEnvelope, type Signer } from '../envelope.ts'
import { simulatedSigner } from '../sim/members.ts'
import { apply, codeOf, createScene, idOf, openEntry, openRound, roundOf, say } from '../test/scene.ts'

const STRANGER = simulatedSigner(99)

describe('an open', () => {
  it('starts a round under its message id, in the first phase, with nothing in it', () => {
    const scene = createScene({ members: 4 })
    const entry = openEntry(scene, 1, 1, { task: { kind: 'number', answerMs: 300, judgeMs: 400 } })
    apply(scene, [entry])
    expect(scene.state.rounds).toEqual({
      [sha256(entry.envelope)]: {
        asker: idOf(scene, 1),
        kind: 'number',
        openedHeight: 1,
        answerMs: 300,
        judgeMs: 400,
        truth: null,
        phase: 'answer-commit',
        cuts: {},
        pairSeed: null,
        frozen: null,
        creditSeed: null,
        auditSeed: null,
      },
    })
    expect(scene.state.members[idOf(scene, 1)]?.opened).toBe(1)
  })

  it('is refused from a stranger', () => {
    const scene = createScene({ members: 4 })
    expect(codeOf(scene, [openEntry(scene, STRANGER, 1)])).toBe('not-a-member')
  })

  it('is refused twice, in one block or in two', () => {
    const scene = createScene({ members: 4 })
    const entry = openEntry(scene, 0, 1)
    expect(codeOf(scene, [entry, entry])).toBe('duplicate-round')
    apply(scene, [entry])
    expect(codeOf(scene, [entry])).toBe('duplicate-round')
  })

  it('is refused under a sequence that its author has used, and until those before it are included', () => {
    const scene = createScene({ members: 4 })
    apply(scene, [openEntry(scene, 0, 1), openEntry(scene, 0, 2)])
    expect(codeOf(scene, [openEntry(scene, 0, 2, { task: { prompt: 'another' } })])).toBe('sequence-reused')
    expect(codeOf(scene, [openEntry(scene, 0, 1, { task: { prompt: 'another' } })])).toBe('sequence-reused')
    expect(codeOf(scene, [openEntry(scene, 0, 4)])).toBe('sequence-ahead')
    expect(codeOf(scene, [openEntry(scene, 0, 3)])).toBe('ok')
    expect(codeOf(scene, [openEntry(scene, 1, 1)])).toBe('ok')
  })

  it('is refused while its author has as many rounds open as the network allows', () => {
    const scene = createScene({ members: 4, parameters: { openRoundsMax: 2 } })
    openRound(scene)
    openRound(scene)
    expect(codeOf(scene, [openEntry(scene, 0, 3)])).toBe('too-many-open-rounds')
    expect(codeOf(scene, [openEntry(scene, 1, 1)])).toBe('ok')
  })

  it('is refused if it gives agents more time than the network allows', () => {
    const scene = createScene({ members: 4, parameters: { agentMsMax: 5_000 } })
    expect(codeOf(scene, [openEntry(scene, 0, 1, { task: { answerMs: 5_001 } })])).toBe('time-limit')
    expect(codeOf(scene, [openEntry(scene, 0, 1, { task: { judgeMs: 5_001 } })])).toBe('time-limit')
    expect(codeOf(scene, [openEntry(scene, 0, 1, { task: { answerMs: 5_000, judgeMs: 5_000 } })])).toBe('ok')
  })

  it('is refused if the envelope does not open, or holds something else', () => {
    const scene = createScene({ members: 4 })
    const { envelope } = openEntry(scene, 0, 1)
    const body: Body<'open'> = { sequence: 1, task: { kind: 'text', prompt: 'x', reference: null, answerMs: 100, judgeMs: 100 }, truth: null }
    expect(codeOf(scene, [{ type: 'open', envelope: envelope.slice(1) }])).toBe('bad-envelope')
    expect(codeOf(scene, [{ type: 'open', envelope: sealEnvelope(sha256('elsewhere'), 'open', body, scene.members[0] as Signer).bytes }])).toBe('bad-envelope')
    expect(codeOf(scene, [{ type: 'open', envelope: say(scene, 0, 'join', { sequence: 0 }).bytes }])).toBe('bad-envelope')
  })

  it('keeps the commitment to a truth', () => {
    const scene = createScene({ members: 4 })
    expect(roundOf(scene, openRound(scene, { accepted: ['42'] })).truth).toMatch(/^[0-9a-f]{64}$/)
  })
})
