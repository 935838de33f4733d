import { describe, expect, it } from 'vitest'
import { TASK_KINDS, sha256 } from '../../consensus/index.ts'
import { CHECKABLE_KINDS, check, isCheckable } from './checkers.ts'
import { generateTask } from './generate.ts'
import { parseColouringTask } from './colouring.ts'
import { parseCountdownTask } from './countdown.ts'
import { parseTourTask } from './tour.ts'
import { referenceTour } from './tour-search.ts'

describe('checkers', () => {
  it('know which kinds they can check', () => {
    expect(TASK_KINDS.filter(isCheckable)).toEqual([...CHECKABLE_KINDS])
  })

  it('say so where there is nothing to check', () => {
    expect(check('text', 'What is love?', 'x')).toEqual({ ok: false, code: 'not-checkable' })
    for (const kind of CHECKABLE_KINDS) expect(check(kind, 'What is love?', 'x')).toEqual({ ok: false, code: 'malformed-task' })
  })

  it('give nothing and a fault for an answer of words', () => {
    for (const kind of CHECKABLE_KINDS) {
      expect(check(kind, generateTask(kind, 'a'), 'I do not know.')).toEqual({ ok: true, quality: 0, fault: 'malformed-answer', measure: null })
    }
  })

  it('give the reference tour full quality', () => {
    for (let seed = 0; seed < 5; seed++) {
      const prompt = generateTask('tour', `${seed}`)
      const order = referenceTour(parseTourTask(prompt)?.cities ?? [])
      expect(check('tour', prompt, JSON.stringify(order))).toMatchObject({ ok: true, quality: 1_000_000 })
    }
  })
})

describe('generated tasks', () => {
  it('parse, differ by seed and stay within moderate sizes', () => {
    const prompts = new Set<string>()
    for (let seed = 0; seed < 20; seed++) {
      for (const kind of CHECKABLE_KINDS) prompts.add(generateTask(kind, `${seed}`))
      const tour = parseTourTask(generateTask('tour', `${seed}`))
      expect(tour !== null && tour.cities.length >= 60 && tour.cities.length <= 90).toBe(true)
      const graph = parseColouringTask(generateTask('colouring', `${seed}`))
      expect(graph !== null && graph.vertices >= 50 && graph.vertices <= 70).toBe(true)
      const game = parseCountdownTask(generateTask('countdown', `${seed}`))
      expect(game !== null && game.numbers.length === 6 && game.target > 100 && game.target < 1_000).toBe(true)
    }
    expect(prompts.size).toBe(60)
  })

  it('are pinned', () => {
    expect(CHECKABLE_KINDS.map((kind) => sha256(generateTask(kind, 'golden')))).toMatchInlineSnapshot(`
      [
        "e19cf58eaf73257daf9db2af74e7ce38c3a6dfcff6988084b1620dc21718e4b1",
        "771c6434dc8afa9401c8e527b16fe520faa314130a4b0f1fcc6b4628e3ee4f84",
        "9a150c9b093acc1729b55fe915315d65583ea3483513f13ab783405c09bfb1cb",
      ]
    `)
    expect(generateTask('countdown', 'golden')).toMatchInlineSnapshot(`
      "Reach the target with + - * / and brackets from the given numbers, each used at most once. Every intermediate result must be a positive whole number. If the target is out of reach, come as near as possible. The last line of the answer is the expression alone, e.g. (25-3)*4.
      {"numbers":[25,75,7,9,3,1],"target":610}"
    `)
  })

  it('are pinned in what they are worth', () => {
    const cities = parseTourTask(generateTask('tour', 'golden'))?.cities ?? []
    const vertices = parseColouringTask(generateTask('colouring', 'golden'))?.vertices ?? 0
    const count = (length: number): string => JSON.stringify(Array.from({ length }, (_, index) => index))
    expect([
      check('tour', generateTask('tour', 'golden'), count(cities.length)),
      check('tour', generateTask('tour', 'golden'), JSON.stringify(referenceTour(cities))),
      check('colouring', generateTask('colouring', 'golden'), count(vertices)),
    ]).toMatchInlineSnapshot(`
      [
        {
          "fault": null,
          "measure": 52552,
          "ok": true,
          "quality": 176168,
        },
        {
          "fault": null,
          "measure": 9258,
          "ok": true,
          "quality": 1000000,
        },
        {
          "fault": null,
          "measure": 68,
          "ok": true,
          "quality": 132352,
        },
      ]
    `)
  })
})
