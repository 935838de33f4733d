import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import { parametersSchema, type Rules } from '../../protocol/index.ts'
import { makePanel, makeTask } from '../evaluate/panel-fixture.ts'
import { loadPanel, type Panel } from '../evaluate/panel.ts'
import { STANDARD_SETS } from '../evaluate/sets.ts'
import { failuresOf, figuresOf } from './checks.ts'
import { playCredit } from './play.ts'
import { withCopy, withInvertedJudge } from './variants.ts'

const RULES: Rules = { network: sha256('recorded'), parameters: parametersSchema.parse({ pairing: 'open' }) }

/** Member 0 is right and judges rightly; 1 and 2 are wrong in ways of their own, and 2 judges at random. */
const panel = makePanel(3, Array.from({ length: 8 }, (_, task) => makeTask(`task ${task}`, 'Abc', ['0 1 = 2', '1 0 > 2', task % 2 === 0 ? '2 0 > 1' : '2 0 < 1'])))

describe('credit of recorded panels', () => {
  it('sums to what the swarm got right', () => {
    const { credit, value } = playCredit(panel, RULES)
    expect(credit.reduce((sum, each) => sum + each, 0)).toBeCloseTo(value, 9)
  })

  it('goes to who is right, and tells how reliable judges are', () => {
    const { credit, accuracy, reliability } = playCredit(panel, RULES)
    expect(credit[0]).toBeGreaterThan(Math.max(credit[1] as number, credit[2] as number))
    expect(accuracy).toEqual([1, 0, 0])
    expect(reliability[1]).toBeGreaterThan(reliability[2] as number)
  })

  it.each([0, 1, 2])('is the same for both copies of member %d in every round', (member) => {
    expect(playCredit(withCopy(panel, member), RULES, { pair: [member, 3] }).alike).toBe(true)
  })

  it('of two copies is together what substitution makes of it, where any right answer would do', () => {
    const [first] = figuresOf(panel, playCredit(panel, RULES), RULES, null).copies
    // Nobody else is right: one copy has what the other lacks.
    expect(first?.bySubstitution).toBe(1)
    const rivals = makePanel(3, Array.from({ length: 4 }, (_, task) => makeTask(`task ${task}`, 'AAc', ['0 1 = 2', '1 0 > 2', '2 0 > 1'])))
    expect(figuresOf(rivals, playCredit(rivals, RULES), RULES, null).copies[0]?.bySubstitution).toBeCloseTo(4 / 3, 9)
  })

  it('is negative for whoever only says the opposite of a reliable judge', () => {
    expect(playCredit(withInvertedJudge(panel, 1), RULES, { learns: false }).credit[3]).toBeLessThan(0)
  })

  it('fails where the reference game orders members otherwise', () => {
    const figures = figuresOf(panel, playCredit(panel, RULES), RULES, ['2', '1', '0'])
    expect(failuresOf(figures)).toEqual([expect.stringContaining('credit orders members as 0, ')])
  })

  it.skipIf(!existsSync(STANDARD_SETS[0]?.file ?? ''))('holds on a recorded panel (skipped where the recordings are absent)', async () => {
    const recorded: Panel = await loadPanel(STANDARD_SETS[0] as (typeof STANDARD_SETS)[number])
    const played = playCredit(recorded, RULES)
    expect(failuresOf(figuresOf(recorded, played, RULES, null))).toEqual([])
    expect(played.belowBestSingle).toBeGreaterThan(0)
  })
})
