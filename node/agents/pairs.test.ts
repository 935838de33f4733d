import { expect, it } from 'vitest'
import { pairsToJudge } from './pairs.ts'

it('takes the pairs asked for in their order', () => {
  expect(pairsToJudge(3, [{ left: 2, right: 0 }, { left: 0, right: 1 }])).toEqual([{ left: 2, right: 0 }, { left: 0, right: 1 }])
})

it('drops pairs that name no two different answers', () => {
  expect(pairsToJudge(2, [{ left: 0, right: 2 }, { left: 1, right: 1 }, { left: -1, right: 0 }, { left: 0.5, right: 1 }])).toEqual([])
})

it('takes every pair once where none is asked for', () => {
  expect(pairsToJudge(3, [])).toEqual([{ left: 0, right: 1 }, { left: 0, right: 2 }, { left: 1, right: 2 }])
  expect(pairsToJudge(1, [])).toEqual([])
  expect(pairsToJudge(100, []).length).toBe(500)
})
