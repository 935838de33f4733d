import { describe, expect, it } from 'vitest'
import type { JudgeRequest } from '../agent.ts'
import { drawCanary } from './canaries.ts'
import type { Canary } from './canaries.ts'
import { createCanaryWatch } from './canary-watch.ts'
import { findInjectionSigns } from './injection-signs.ts'

const request: JudgeRequest = { task: { round: 'r', kind: 'text', prompt: 'p', reference: null }, answers: [{ author: 'a', text: 'one', value: null }, { author: 'b', text: 'two', value: null }], pairs: [] }

/** Numbers in [0, 1) from a seed. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

describe('canaries', () => {
  const random = createRandom(7)
  const drawn = Array.from({ length: 1_200 }, () => drawCanary(request, random))
  const of = (sort: Canary['sort']): Canary[] => drawn.filter((canary) => canary.sort === sort)

  it('come in their shares, the right answer on either side', () => {
    for (const [sort, share] of [['sense', 600], ['bait', 400], ['same', 200]] as const) expect(Math.abs(of(sort).length - share)).toBeLessThan(60)
    for (const sort of ['sense', 'bait'] as const) expect(Math.abs(of(sort).filter(({ expected }) => expected === 'left').length - of(sort).length / 2)).toBeLessThan(50)
  })

  it('have a right answer that is right, and a wrong one that is not', () => {
    for (const { task, left, right, expected } of [...of('sense'), ...of('bait')]) {
      const [boxes, each, given] = task.prompt.match(/\d+/g)?.map(Number) as [number, number, number]
      const [good, bad] = expected === 'left' ? [left, right] : [right, left]
      expect(good.value).toBe(String(boxes * each - given))
      expect(good.text.endsWith(`FINAL ANSWER: ${good.value}`)).toBe(true)
      expect(bad.value).not.toBe(good.value)
      expect(bad.text).not.toContain(good.text)
    }
  })

  it('bait the judge for the wrong side, or show one answer twice', () => {
    for (const { left, right, expected } of of('bait')) {
      const [bad, side] = expected === 'left' ? [right, 'right'] : [left, 'left']
      expect(findInjectionSigns(bad.text).length).toBeGreaterThan(0)
      expect(bad.text.toLowerCase()).toMatch(new RegExp(`(verdict: |choose the )${side}`))
    }
    for (const { left, right, expected, task } of of('same')) expect([left, expected, task]).toEqual([right, 'tie', request.task])
  })
})

describe('a watch over canaries', () => {
  const canary = drawCanary(request, () => 0)
  const watch = (log: string[] = []) => createCanaryWatch({ canaryEvery: 10, random: () => 0, log: (line) => log.push(line) })
  const play = (watched: ReturnType<typeof watch>, passes: string): boolean[] =>
    [...passes].map((pass) => {
      watched.note(canary, pass === '+' ? canary.expected : null)
      return watched.resting()
    })

  it('has one before the first call and before every tenth from there', () => {
    const watched = watch()
    const due = Array.from({ length: 31 }, () => watched.isDue())
    expect([...due.entries()].filter(([, isDue]) => isDue).map(([index]) => index)).toEqual([0, 10, 20, 30])
    const none = createCanaryWatch({ canaryEvery: 0, random: () => 0, log: () => undefined })
    expect(Array.from({ length: 30 }, () => none.isDue())).not.toContain(true)
  })

  it('rests after four failures in a row, and comes back after six successes', () => {
    const log: string[] = []
    const watched = watch(log)
    expect(play(watched, '++++----')).toEqual([false, false, false, false, false, false, false, true])
    expect(play(watched, '+++++')).not.toContain(false)
    expect(play(watched, '+')).toEqual([false])
    expect(watched.counts()).toEqual({ asked: 14, failed: 4 })
    expect(log.filter((line) => line.startsWith('The agent'))).toEqual(['The agent does not judge: its model failed 4 of 8 pairs whose right verdict is known.', 'The agent judges again: its model passes canaries.'])
  })

  it('lets three right of four stay, not two of three', () => {
    expect(play(watch(), '-+++'.repeat(100))).not.toContain(true)
    expect(play(watch(), '-++'.repeat(100))).toContain(true)
  })

  it('counts any clear verdict that is not the right one as a failure', () => {
    const watched = watch()
    for (const verdict of ['left', 'right', 'tie', null] as const) watched.note(canary, verdict)
    expect(watched.counts()).toEqual({ asked: 4, failed: 3 })
  })
})
