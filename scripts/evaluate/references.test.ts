import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { makePanel, makeTask } from './panel-fixture.ts'
import { loadPanel, orderTasks } from './panel.ts'
import { computeReferences, countVotes, runBradleyTerry, runWeightedPlurality } from './references.ts'
import { STANDARD_SETS } from './sets.ts'
import { mean } from './statistics.ts'

describe('computeReferences', () => {
  it('counts votes by value and shares ties', () => {
    const { plurality, oracle } = computeReferences(makePanel(4, [makeTask('t', 'AAbc'), makeTask('u', 'Aabb'), makeTask('v', 'abcc')]))
    expect(plurality).toEqual([1, 0, 0])
    expect(oracle).toEqual([1, 1, 0])
    expect(computeReferences(makePanel(4, [makeTask('t', 'AAbb')])).plurality).toEqual([0.5])
  })

  it('has no plurality where no two answers are equal, and no Bradley-Terry without ballots', () => {
    const { plurality, bradleyTerry, bradleyTerryPerAnswer } = computeReferences(makePanel(3, [makeTask('t', 'Abc')]))
    expect([plurality, bradleyTerry, bradleyTerryPerAnswer]).toEqual([null, null, null])
  })

  it('lets answers without a value abstain, unless all are without', () => {
    const task = makeTask('t', 'Ab')
    const silent = { ...task, answers: task.answers.map((answer) => ({ ...answer, comparable: answer.author > 0 })) }
    expect(countVotes(silent, () => 1)).toEqual([0, 1])
  })

  it('sums strength over equal answers, which can overturn the strongest one', () => {
    const task = makeTask('t', 'aBB', ['0 0 > 1', '1 0 > 1', '2 0 < 1', '0 0 > 2', '1 0 > 2', '2 0 < 2'])
    const { bradleyTerry, bradleyTerryPerAnswer } = computeReferences(makePanel(3, [task]))
    expect([bradleyTerry, bradleyTerryPerAnswer]).toEqual([[0], [1]])
  })

  it('takes judges as singles where no judge answers: what they prefer on balance', () => {
    const tasks = [makeTask('t', 'Ab', ['2 0 > 1', '2 1 = 0', '3 0 < 1']), makeTask('u', 'aB', ['2 0 > 1', '2 1 > 0'])]
    const { singles } = computeReferences({ ...makePanel(4, tasks), authors: [0, 1] })
    expect(singles).toEqual([{ name: '2', right: [1, 0.5] }, { name: '3', right: [0, 0.5] }])
  })

  it('counts an absent answer as a wrong one', () => {
    expect(computeReferences(makePanel(2, [makeTask('t', 'A-')])).singles.map(({ right }) => right)).toEqual([[1], [0]])
  })
})

describe('running references', () => {
  const liars = Array.from({ length: 30 }, (_, index) => makeTask(`t${index}`, 'Ab', ['2 0 > 1', '3 0 < 1', '4 0 < 1']))

  it('learn from the truth who is to be believed, and from their own picks the opposite', () => {
    const panel = { ...makePanel(5, liars), authors: [0, 1] }
    const order = orderTasks(liars, 1)
    expect(mean(runBradleyTerry(panel, order, 'truth') as number[])).toBeGreaterThan(0.7)
    expect(mean(runBradleyTerry(panel, order, 'own picks') as number[])).toBe(0)
  })

  it('use earlier tasks only', () => {
    const panel = { ...makePanel(5, liars), authors: [0, 1] }
    const order = orderTasks(liars, 1)
    const first = order[0] as number
    expect(runBradleyTerry(panel, order, 'truth')?.[first]).toBe(runBradleyTerry(panel, [first], 'truth')?.[first])
  })

  it('weigh votes by earlier success where truths are shown, else not at all', () => {
    const tasks = Array.from({ length: 10 }, (_, index) => makeTask(`t${index}`, 'Abbcd'))
    const order = orderTasks(tasks, 1)
    expect(mean(runWeightedPlurality(makePanel(5, tasks), order, () => true))).toBeGreaterThan(0.5)
    expect(mean(runWeightedPlurality(makePanel(5, tasks), order, () => false))).toBe(0)
  })
})

/**
 * Percent, as the README of the recordings has them; columns in the order of `STANDARD_SETS`, null where it has none. Where no two
 * answers are equal it leaves out the sum per answer, which is the strongest answer then.
 */
const PUBLISHED = {
  meanSingle: [40.8, 41.8, 70.7, 54.9, 63.4, 49.0, 62.8],
  bestSingle: [64.6, 47.1, 87.0, 83.2, 76.2, 83.3, 79.8],
  plurality: [43.1, 46.4, 82.6, 83.2, null, null, null],
  bradleyTerry: [50.8, 47.9, 80.6, 78.5, 68.8, 49.4, 74.7],
  bradleyTerryPerAnswer: [50.8, 47.9, 83.2, 85.2, 68.8, 49.4, 74.7],
  oracle: [80.0, 80.0, 97.4, 92.0, 89.4, 100, 100],
}
const PUBLISHED_RUNNING = {
  'own picks': [53.8, 50.0, 83.6, 84.4, 66.1, 32.1, 75.6],
  truth: [53.8, 50.0, 83.4, 84.8, 67.7, 80.5, 76.7],
}
/** The README does not say how running weights follow from earlier tasks. */
const RUNNING_DEVIATION_MAX = 2

describe.skipIf(!existsSync(STANDARD_SETS[0]?.file ?? ''))('references of the recordings (skipped where they are absent)', () => {
  it.each(STANDARD_SETS.map((set, column) => ({ ...set, column })))('are those of their README: $name', async ({ column, ...selection }) => {
    const panel = await loadPanel(selection)
    const { singles, ...references } = computeReferences(panel)
    const perSingle = singles.map(({ right }) => mean(right))
    const found = { ...references, meanSingle: [mean(perSingle)], bestSingle: [Math.max(...perSingle)] }
    for (const method of Object.keys(PUBLISHED) as (keyof typeof PUBLISHED)[]) {
      const published = PUBLISHED[method][column] ?? null
      if (published === null) expect(found[method], method).toBeNull()
      else expect(Math.abs(100 * mean(found[method] as number[]) - published), method).toBeLessThan(0.0501)
    }
    for (const learnFrom of ['own picks', 'truth'] as const) {
      const ours = 100 * mean(runBradleyTerry(panel, orderTasks(panel.tasks, 1), learnFrom) as number[])
      expect(Math.abs(ours - (PUBLISHED_RUNNING[learnFrom][column] as number)), `running, ${learnFrom}`).toBeLessThan(RUNNING_DEVIATION_MAX)
    }
  })
})
