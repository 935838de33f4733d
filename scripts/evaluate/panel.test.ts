import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import { UsageError } from '../script.ts'
import { makeTask } from './panel-fixture.ts'
import { chanceOfRight, highestOf, isTruthShown, loadPanel, orderTasks } from './panel.ts'

const recorded = (taskId: string, more: object = {}): object => ({
  taskId,
  category: 'Hard/Maths',
  kind: 'contested',
  answers: [
    { agent: 'b', extracted: 'A', cluster: 'c0', correct: true },
    { agent: 'a', extracted: '?', cluster: null, correct: false },
    { agent: 'd', extracted: 'a', cluster: 'c0', correct: true },
  ],
  ballots: [
    { judge: 'c', left: 'b', right: 'a', winner: 'left', mode: 'direct' },
    { judge: 'c', left: 'b', right: 'nobody', winner: 'left', mode: 'direct' },
    { judge: 'a', left: 'a', right: 'd', winner: 'tie', mode: 'cot' },
    { judge: 'a', left: 'a', right: 'd', winner: 'invalid', mode: 'direct' },
  ],
  ...more,
})

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-panel-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function write(name: string, lines: readonly (object | string)[]): Promise<string> {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  await writeFile(join(folder, name), name.endsWith('.gz') ? gzipSync(text) : text)
  return join(folder, name)
}

describe('loadPanel', () => {
  it('numbers members by name and answers by place, and drops ballots on nothing', async () => {
    const panel = await loadPanel({ file: await write('all.jsonl.gz', [recorded('t')]) })
    expect(panel.members).toEqual(['a', 'b', 'c', 'd'])
    expect([panel.authors, panel.judges]).toEqual([[0, 1, 3], [0, 2]])
    const [task] = panel.tasks
    expect(task?.answers.map(({ author, cluster, comparable }) => [author, cluster, comparable])).toEqual([[1, 0, true], [0, 1, false], [3, 0, true]])
    expect(task?.comparisons).toEqual([{ judge: 2, left: 0, right: 1, verdict: 'left' }, { judge: 0, left: 1, right: 2, verdict: 'tie' }])
  })

  it('selects by kind, mode, and a category or a part of it', async () => {
    const file = await write('some.jsonl', [recorded('t'), recorded('u', { kind: 'unanimous' }), recorded('v', { category: 'Natural' }), recorded('w', { ballots: [] })])
    const ids = async (selection: object): Promise<string[]> => (await loadPanel({ file, ...selection })).tasks.map(({ taskId }) => taskId)
    expect(await ids({ kind: 'contested' })).toEqual(['t', 'v', 'w'])
    expect(await ids({ category: 'Hard' })).toEqual(['t', 'u', 'w'])
    expect(await ids({ category: 'Hard/Maths', mode: 'cot' })).toEqual(['t', 'u'])
  })

  it('leaves out tasks that do not say what is right', async () => {
    const unknown = recorded('t', { answers: [{ agent: 'a', extracted: 'A', correct: null }] })
    expect((await loadPanel({ file: await write('half.jsonl', [unknown, recorded('u')]) })).tasks.map(({ taskId }) => taskId)).toEqual(['u'])
    await expect(loadPanel({ file: await write('none.jsonl', [unknown]) })).rejects.toThrow(UsageError)
  })

  it('names the file and line, or what the file has instead', async () => {
    const file = await write('bad.jsonl', [recorded('t'), '{"taskId": 3}'])
    await expect(loadPanel({ file })).rejects.toThrow(/bad\.jsonl.*line 2/)
    await expect(loadPanel({ file: join(folder, 'absent.jsonl') })).rejects.toThrow(/absent\.jsonl/)
    const good = await write('good.jsonl', [recorded('t')])
    await expect(loadPanel({ file: good, mode: 'Vanilla' })).rejects.toThrow('--mode')
    await expect(loadPanel({ file: good, category: 'Har' })).rejects.toThrow('Hard/Maths')
    await expect(loadPanel({ file: good, kind: 'contested', category: 'Natural' })).rejects.toThrow(UsageError)
  })
})

describe('orderTasks', () => {
  it('sorts by the hash of run, order and task id', () => {
    const tasks = ['a', 'b', 'c', 'd', 'e'].map((id) => makeTask(id, 'A'))
    const keys = orderTasks(tasks, 7).map((place) => sha256(`run7${tasks[place]?.taskId}`))
    expect(keys).toEqual([...keys].sort())
    expect(orderTasks(tasks, 1)).not.toEqual(orderTasks(tasks, 2))
  })
})

describe('isTruthShown', () => {
  it('shows about the share that is asked for, all or none at its ends', () => {
    const count = (share: number): number => Array.from({ length: 2_000 }, (_, id) => isTruthShown(share, 1, `task${id}`)).filter(Boolean).length
    expect([count(0), count(1)]).toEqual([0, 2_000])
    expect(Math.abs(count(0.1) - 200)).toBeLessThan(50)
  })
})

describe('chanceOfRight', () => {
  it('is shared by what is tied', () => {
    const task = makeTask('t', 'Aab')
    expect(chanceOfRight(task, highestOf([2, 2, 1]))).toBe(0.5)
    expect(chanceOfRight(task, highestOf([3, 2, 1]))).toBe(1)
    expect(chanceOfRight(task, [])).toBe(0)
  })
})
