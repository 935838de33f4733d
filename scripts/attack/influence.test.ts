import { describe, expect, it } from 'vitest'
import { makeTask } from '../evaluate/panel-fixture.ts'
import { addCopies, removeMembers } from './influence.ts'

const task = makeTask('t', 'AbA', ['0 0 > 1', '0 1 < 2', '1 2 > 0', '2 0 = 1'])

describe('addCopies', () => {
  it('adds members who say what one says and of whom the same is said', () => {
    const joined = addCopies(task, 0, [7, 8])
    expect(joined.answers.map(({ author, cluster }) => [author, cluster])).toEqual([[0, 0], [1, 1], [2, 0], [7, 0], [8, 0]])
    const by = (judge: number): string[] => joined.comparisons.filter((comparison) => comparison.judge === judge).map(({ left, right, verdict }) => `${left} ${verdict} ${right}`)
    expect(by(7)).toEqual(['3 left 1', '1 right 2'])
    expect(by(8)).toEqual(['4 left 1', '1 right 2'])
    expect(by(1)).toEqual(['2 left 0', '2 left 3', '2 left 4'])
    expect(by(0)).toEqual(['0 left 1', '1 right 2'])
  })

  it('is undone by removing them', () => {
    expect(removeMembers(addCopies(task, 0, [7, 8, 9]), new Set([7, 8, 9]))).toEqual(task)
  })
})

describe('removeMembers', () => {
  it('leaves no trace of them, neither answers nor ballots nor what was said of them', () => {
    const { answers, comparisons } = removeMembers(task, new Set([0]))
    expect(answers.map(({ author, cluster }) => [author, cluster])).toEqual([[1, 0], [2, 1]])
    expect(comparisons).toEqual([])
  })
})
