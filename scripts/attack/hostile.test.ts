import { describe, expect, it } from 'vitest'
import { makePanel, makeTask } from '../evaluate/panel-fixture.ts'
import type { PanelTask } from '../evaluate/panel.ts'
import { chooseAttackers, createDisguise, hidesTruth, KINDS, LIARS, SLEEP_ROUNDS, type Attack, type Kind } from './hostile.ts'

const everyPair = ['0 > 1', '0 > 2', '0 > 3', '1 < 2', '1 = 3', '2 > 3']
const ballots = [0, 1, 2, 3].flatMap((judge) => everyPair.map((pair) => `${judge} ${pair}`))
// Member 0 is always right, 1 half of the time, 2 and 3 never.
const tasks = Array.from({ length: 8 }, (_, index) => makeTask(`t${index}`, index % 2 === 0 ? 'Abbc' : 'AAbc', ballots))
const panel = makePanel(4, tasks)
const first = tasks[0] as PanelTask

function attack(kind: Kind, attackers: number[], changes: Partial<Attack> = {}): Attack {
  return { kind, answers: 'recorded', attackers: new Set(attackers), seed: 1, ...changes }
}

function verdicts(task: PanelTask, judge: number): string[] {
  const signs = { left: '>', right: '<', tie: '=' }
  return task.comparisons.filter((comparison) => comparison.judge === judge).map(({ left, right, verdict }) => `${task.answers[left]?.author} ${signs[verdict]} ${task.answers[right]?.author}`)
}

describe('createDisguise', () => {
  it.each(KINDS)('%s changes nothing without attackers', (kind) => {
    for (const task of tasks) expect(createDisguise(panel, attack(kind, []))(task, 500)).toEqual(task)
  })

  it.each(KINDS)('%s leaves honest answers, and honest ballots on them, as they were', (kind) => {
    for (const answers of ['recorded', 'wrong'] as const) {
      const task = createDisguise(panel, attack(kind, [2, 3], { answers }))(first, 500)
      expect(task.answers.slice(0, 2).map(({ correct }) => correct)).toEqual(first.answers.slice(0, 2).map(({ correct }) => correct))
      expect(verdicts(task, 1)).toContain('0 > 1')
    }
  })

  it('does what each kind says', () => {
    const said = (kind: Kind): string[] => verdicts(createDisguise(panel, attack(kind, [2, 3]))(first, SLEEP_ROUNDS), 2)
    expect(said('lazy')).toEqual(everyPair.map((pair) => pair.replace(/[<=]/, '>')))
    expect(said('inverted')).toEqual(['0 < 1', '0 < 2', '0 < 3', '1 > 2', '1 = 3', '2 < 3'])
    expect(said('sleeper')).toEqual(said('inverted'))
    expect(said('self-promoting')).toEqual(['0 > 1', '0 < 2', '0 > 3', '1 < 2', '1 = 3', '2 > 3'])
    expect(said('up-vote-ring')).toEqual(['0 > 1', '0 < 2', '0 < 3', '1 < 2', '1 < 3', '2 > 3'])
    expect(said('down-vote-ring')).toEqual(['0 < 1', '0 < 2', '0 < 3', '1 < 2', '1 = 3', '2 > 3'])
  })

  it('keeps sleepers honest for their rounds', () => {
    const disguise = createDisguise(panel, attack('sleeper', [2, 3]))
    expect(disguise(first, SLEEP_ROUNDS - 1)).toEqual(first)
    expect(disguise(first, SLEEP_ROUNDS)).not.toEqual(first)
  })

  it('makes clones answer and judge as the worst member', () => {
    const task = createDisguise(panel, attack('clone-swarm', [1, 2]))(first, 0)
    expect(task.answers.map(({ cluster }) => cluster)).toEqual([0, 1, 1, 1])
    expect(task.answers.map(({ correct }) => correct)).toEqual([true, false, false, false])
    expect(verdicts(task, 1)).toEqual(['0 > 1', '0 > 2', '0 > 3'])
    expect(verdicts(task, 1)).toEqual(verdicts(task, 2))
  })

  it.each(LIARS)('%s can lie: the most common wrong answer, which its judges know', (kind) => {
    const task = createDisguise(panel, attack(kind, [0, 3], { answers: 'wrong' }))(first, SLEEP_ROUNDS)
    expect(task.answers.map(({ cluster }) => cluster)).toEqual([0, 0, 0, 0])
    const other = createDisguise(panel, attack(kind, [3], { answers: 'wrong' }))(first, SLEEP_ROUNDS)
    expect(other.answers.map(({ cluster }) => cluster)).toEqual([0, 1, 1, 1])
  })

  it('is the same for the same seed', () => {
    const play = (seed: number): PanelTask[] => tasks.map((task, round) => createDisguise(panel, attack('random', [1, 2, 3], { seed }))(task, round))
    expect(play(1)).toEqual(play(1))
    expect(play(1)).not.toEqual(play(2))
  })
})

describe('chooseAttackers', () => {
  it('rounds to members, and adds members as the share grows', () => {
    const chosen = [0, 0.1, 0.3, 0.5, 1].map((share) => chooseAttackers(panel, share, 5))
    expect(chosen.map(({ size }) => size)).toEqual([0, 0, 1, 2, 4])
    chosen.forEach((larger, index) => expect([...(chosen[index - 1] ?? [])].every((member) => larger.has(member))).toBe(true))
  })
})

describe('hidesTruth', () => {
  it('hides some truths that would hurt the ring, and no others', () => {
    const many = Array.from({ length: 100 }, (_, index) => makeTask(`m${index}`, 'Abbc'))
    const count = (kind: Kind, attackers: number[]): number => many.filter((task) => hidesTruth(makePanel(4, many), attack(kind, attackers), task)).length
    expect(count('withheld-truths', [2, 3])).toBeGreaterThan(25)
    expect(count('withheld-truths', [2, 3])).toBeLessThan(75)
    expect(count('withheld-truths', [0, 1])).toBe(0)
    expect(count('up-vote-ring', [2, 3])).toBe(0)
  })
})
