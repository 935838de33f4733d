import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import { readRecording, RecordingError, summariseRecording } from './recording.ts'
import { acceptedHash } from '../../protocol/index.ts'

const recorded = fileURLToPath(new URL('../../../shared/data/recorded/', import.meta.url))

const task = (taskId: string, more: object = {}): object => ({
  taskId,
  dataset: 'd',
  category: 'c',
  prompt: null,
  groundTruth: 'A',
  answers: [
    { agent: 'x', text: 'because', extracted: 'A', cluster: 'c0', correct: true },
    { agent: 'y', extracted: '...', cluster: null, correct: false },
    { agent: 'z', extracted: 'B', correct: false },
  ],
  ballots: [
    { judge: 'x', left: 'x', right: 'y', winner: 'left', mode: 'direct', p: [1, 0, 0] },
    { judge: 'z', left: 'x', right: 'y', winner: 'invalid', mode: 'cot' },
  ],
  ...more,
})

describe('recordings', () => {
  let folder = ''
  let files = 0
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'recording-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  const write = async (text: string, ending = '.jsonl.gz'): Promise<string> => {
    const file = join(folder, `${files++}${ending}`)
    await writeFile(file, ending.endsWith('.gz') ? gzipSync(text) : text)
    return file
  }
  const lines = (...tasks: object[]): string => tasks.map((entry) => `${JSON.stringify(entry)}\n`).join('')
  const failure = async (file: string): Promise<RecordingError> => {
    try {
      for await (const { taskId } of readRecording(file)) expect(taskId).not.toBe('')
    } catch (error) {
      if (error instanceof RecordingError) return error
      throw error
    }
    throw new Error('read without complaint')
  }

  it('take the cluster as value, null where it is null, and what was extracted only where there is no cluster', async () => {
    for (const ending of ['.jsonl', '.jsonl.gz']) {
      const { tasks } = await summariseRecording(await write(lines(task('a')), ending))
      expect(tasks[0]?.answers).toEqual([
        { agent: 'x', value: 'c0', correct: true, accepted: 'c0' },
        { agent: 'y', value: null, correct: false, accepted: acceptedHash('(no text)') },
        { agent: 'z', value: 'B', correct: false, accepted: 'B' },
      ])
    }
  })

  it('list tasks in hash order, agents and judges sorted, invalid ballots left out', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e']
    const summary = await summariseRecording(await write(lines(...ids.map((id) => task(id)))))
    const expected = ids.map((id) => [sha256(`run1${id}`), id]).sort().map(([, id]) => id)
    expect(summary.tasks.map(({ taskId }) => taskId)).toEqual(expected)
    expect(summary).toMatchObject({ agents: ['x', 'y', 'z'], judges: ['x'], modes: ['direct'] })
  })

  it('keep only the kind and the mode asked for', async () => {
    const file = await write(lines(task('a', { kind: 'contested' }), task('b', { kind: 'unanimous', ballots: [] })))
    const idsOf = async (filter: { kind?: string; mode?: string }): Promise<string[]> => (await summariseRecording(file, filter)).tasks.map(({ taskId }) => taskId)
    expect(await idsOf({ kind: 'unanimous' })).toEqual(['b'])
    expect(await idsOf({ mode: 'direct' })).toEqual(['a'])
    expect(await idsOf({ mode: 'cot' })).toEqual([])
  })

  it('name the line and the field that is wrong', async () => {
    const good = lines(task('a'))
    expect(await failure(await write(`${good}{"taskId":`))).toMatchObject({ code: 'malformed-line', line: 2, field: null })
    expect(await failure(await write(lines(task('a'), task('b', { ballots: [{ judge: 'x', left: 'x', right: 'y', winner: 'both', mode: 'm' }] }))))).toMatchObject({
      code: 'malformed-line',
      line: 2,
      field: 'ballots.0.winner',
    })
    expect(await failure(await write(lines(task('a', { answers: [{ agent: 'x' }, { agent: 'x' }] }))))).toMatchObject({ code: 'duplicate', line: 1, field: 'answers' })
    expect(await failure(await write(lines(task('a'), task('a'))))).toMatchObject({ code: 'duplicate', line: 2, field: 'taskId' })
  })

  it('say so when the file is missing or damaged', async () => {
    expect(await failure(join(folder, 'none.jsonl.gz'))).toMatchObject({ code: 'unreadable' })
    const damaged = join(folder, 'damaged.jsonl.gz')
    await writeFile(damaged, gzipSync(lines(task('a'))).subarray(0, 40))
    expect(await failure(damaged)).toMatchObject({ code: 'unreadable' })
  })

  it('refuse a line beyond the limit instead of holding it', async () => {
    expect(await failure(await write(' '.repeat(16_000_001)))).toMatchObject({ code: 'line-too-long' })
  })
})

describe.skipIf(!existsSync(recorded))('the recordings at hand (skipped where the data folder is absent)', () => {
  it('are read completely', async () => {
    const sizes: Record<string, [tasks: number, agents: number, judges: number]> = {
      'hle-council/panel-A': [187, 4, 4],
      'hle-council/panel-B': [187, 4, 4],
      'judge-pairs/judgebench': [308, 2, 12],
      'prd-vicuna80/vicuna80': [39, 5, 5],
      'llm-sp/mbpp-plus': [189, 18, 11],
      'math-l5/math-l5': [354, 41, 0],
    }
    for (const [file, size] of Object.entries(sizes)) {
      const { tasks, agents, judges } = await summariseRecording(join(recorded, `${file}.jsonl.gz`))
      expect([tasks.length, agents.length, judges.length], file).toEqual(size)
    }
    expect((await summariseRecording(join(recorded, 'hle-council/panel-A.jsonl.gz'), { kind: 'contested' })).tasks.length).toBe(65)
  })
})
