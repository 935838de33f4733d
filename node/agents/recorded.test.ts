import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Agent, AgentTask, JudgedAnswer } from './agent.ts'
import { describeAgentConformance } from './agent-conformance.ts'
import { createRecordedAgent } from './recorded.ts'
import { readRecording } from './recording.ts'

const panel = fileURLToPath(new URL('../../../shared/data/recorded/hle-council/panel-A.jsonl.gz', import.meta.url))
const never = (): AbortSignal => new AbortController().signal
const taskOf = (reference: string | null): AgentTask => ({ round: 'r', kind: 'choice', prompt: 'p', reference })
const by = (author: string): JudgedAnswer => ({ author, text: 't', value: null })

const recording = [
  {
    taskId: 't1',
    category: 'c',
    answers: [
      { agent: 'x', text: 'because', extracted: 'A', cluster: 'c0', correct: true },
      { agent: 'y', extracted: 'B', correct: false },
      { agent: 'z', correct: false },
      { agent: 'w', text: '€'.repeat(30_000), correct: false },
    ],
    ballots: [
      { judge: 'x', left: 'y', right: 'z', winner: 'left', mode: 'direct' },
      { judge: 'x', left: 'z', right: 'y', winner: 'left', mode: 'direct' },
      { judge: 'x', left: 'y', right: 'z', winner: 'tie', mode: 'cot' },
      { judge: 'x', left: 'x', right: 'y', winner: 'invalid', mode: 'direct' },
      { judge: 'x', left: 'x', right: 'z', winner: 'right', mode: 'direct' },
      { judge: 'y', left: 'x', right: 'z', winner: 'right', mode: 'cot' },
    ],
  },
  { taskId: 't2', category: 'c', answers: [{ agent: 'y', text: 'yes', correct: true }], ballots: [] },
]
const members = { 'member-1': 'x', 'member-2': 'y', 'member-3': 'z' }

describe('recorded agent', () => {
  let folder = ''
  let file = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'recorded-'))
    file = join(folder, 'small.jsonl.gz')
    await writeFile(file, gzipSync(recording.map((task) => JSON.stringify(task)).join('\n')))
  })
  afterAll(() => rm(folder, { recursive: true }))
  const create = (agent: string, mode?: string): Promise<Agent> => createRecordedAgent({ file, agent, members, ...(mode === undefined ? {} : { mode }) })

  describeAgentConformance({
    create: () => create('x'),
    task: taskOf('t1'),
    request: { task: taskOf('t1'), answers: [by('member-2'), by('member-3')], pairs: [{ left: 1, right: 0 }] },
    abstains: { task: taskOf('t2'), request: { task: taskOf('t2'), answers: [by('member-2'), by('member-3')], pairs: [] } },
  })

  it('answers with the recorded text and value, or with what there is of them', async () => {
    expect(await (await create('x')).answer(taskOf('t1'), never())).toEqual({ text: 'because', value: 'c0' })
    expect(await (await create('y')).answer(taskOf('t1'), never())).toEqual({ text: 'B', value: 'B' })
    const w = await (await create('w')).answer(taskOf('t1'), never())
    expect(Buffer.byteLength(w?.text ?? '')).toBeLessThanOrEqual(60_000)
    expect(w?.text.endsWith('€\n[cut]')).toBe(true)
  })

  it('abstains from tasks without reference or not in the file', async () => {
    const agent = await create('x')
    for (const reference of [null, 't3', '__proto__']) expect(await agent.answer(taskOf(reference), never())).toBeNull()
  })

  it('replays every way of asking, both orders, of the pairs asked for', async () => {
    const answers = [by('member-3'), by('member-1'), by('stranger'), by('member-2')]
    const agent = await create('x')
    expect(await agent.judge({ task: taskOf('t1'), answers, pairs: [{ left: 0, right: 3 }] }, never())).toEqual([
      { left: 3, right: 0, verdict: 'left' },
      { left: 0, right: 3, verdict: 'left' },
      { left: 3, right: 0, verdict: 'tie' },
    ])
    expect((await agent.judge({ task: taskOf('t1'), answers, pairs: [] }, never())).length).toBe(4)
  })

  it('keeps to one way of asking where it is given', async () => {
    const answers = [by('member-2'), by('member-3')]
    expect(await (await create('x', 'cot')).judge({ task: taskOf('t1'), answers, pairs: [] }, never())).toEqual([{ left: 0, right: 1, verdict: 'tie' }])
    expect((await create('y', 'direct')).canJudge).toBe(false)
  })

  it('can answer and judge only what the file shows of it', async () => {
    expect([(await create('x')).canJudge, (await create('z')).canJudge]).toEqual([true, false])
    await expect(create('nobody')).rejects.toMatchObject({ code: 'unknown-agent' })
  })
})

describe.skipIf(!existsSync(panel))('recorded agents of a real panel (skipped where the data folder is absent)', () => {
  it('give back exactly the ballots of the file', async () => {
    const names = ['openai/gpt-5.6-sol', 'google/gemini-3.1-pro-preview', 'anthropic/claude-fable-5', 'x-ai/grok-4.5']
    const identity = Object.fromEntries(names.map((name) => [name, name]))
    const agents = await Promise.all(names.map((agent) => createRecordedAgent({ file: panel, agent, members: identity })))
    let expected = 0
    let replayed = 0
    for await (const task of readRecording(panel)) {
      expected += task.ballots.length
      const request = { task: taskOf(task.taskId), answers: names.map(by), pairs: [] }
      for (const agent of agents) replayed += (await agent.judge(request, never())).length
    }
    expect([expected, replayed]).toEqual([1554, 1554])
  })
})
