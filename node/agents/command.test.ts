import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import type { TaskKind } from '../../consensus/index.ts'
import type { Agent, AgentTask, JudgedAnswer, JudgeRequest } from './agent.ts'
import { describeAgentConformance } from './agent-conformance.ts'
import { createCommandAgent } from './command.ts'
import type { CommandAgentOptions } from './command.ts'

const fixture = fileURLToPath(new URL('./command-fixture.ts', import.meta.url))
const never = (): AbortSignal => new AbortController().signal
const taskOf = (prompt: string, kind: TaskKind = 'text'): AgentTask => ({ round: 'r', kind, prompt, reference: null })
const judged = (value: string): JudgedAnswer => ({ author: 'somebody', text: `It is ${value}.`, value })
const requestOf = (prompt: string): JudgeRequest => ({ task: taskOf(prompt), answers: [judged('1'), judged('2'), judged('3')], pairs: [{ left: 2, right: 0 }, { left: 0, right: 1 }] })
const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('command agent', () => {
  const open: Agent[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map((agent) => agent.close()))
  })
  const create = (options: Partial<CommandAgentOptions> = {}): Agent => {
    const agent = createCommandAgent({ command: process.execPath, args: [fixture], restartMs: 5, ...options })
    open.push(agent)
    return agent
  }
  const pidOf = async (agent: Agent): Promise<number> => Number((await agent.answer(taskOf('echo'), never()))?.text.split(' ')[2])

  describeAgentConformance({
    create,
    task: taskOf('echo'),
    request: requestOf('echo'),
    abstains: { task: taskOf('none'), request: requestOf('none') },
    slow: { create, task: taskOf('slow'), request: requestOf('slow') },
  })

  it('matches replies to requests by id', async () => {
    const agent = create()
    const prompts = Array.from({ length: 30 }, (_, index) => `p${index}`)
    const answers = await Promise.all(prompts.map((prompt) => agent.answer(taskOf(prompt), never())))
    expect(answers.map((answer) => answer?.text.split(' ')[1])).toEqual(prompts)
  })

  it('shows answers without authors, drops pairs not asked for, cuts reasons', async () => {
    const comparisons = await create().judge(requestOf('echo'), never())
    expect(comparisons.map(({ left, right }) => [left, right])).toEqual([[2, 0], [0, 1]])
    expect(comparisons[0]?.reason).toMatch(/^text,valuez{270}$/)
  })

  it('grades each answer so many times, between 0 and 1', async () => {
    const answers = ['1', '2'].map((value) => ({ text: `It is ${value}.`, value }))
    expect(await create().grade?.({ task: taskOf('echo'), answers, draws: 2 }, never())).toEqual([[1, 1], [0.5, 0.5]])
    await expect(create().grade?.({ task: taskOf('steep'), answers, draws: 2 }, never())).rejects.toMatchObject({ code: 'malformed-reply' })
  })

  it('fails a request by a reply that is an error, garbage or of the wrong shape, and goes on', async () => {
    const agent = create()
    await expect(agent.answer(taskOf('error'), never())).rejects.toMatchObject({ code: 'refused', message: 'the agent program says: I would rather not' })
    await expect(agent.answer(taskOf('garbage'), never())).rejects.toMatchObject({ code: 'malformed-reply' })
    await expect(agent.answer(taskOf('wrong-shape'), never())).rejects.toMatchObject({ code: 'malformed-reply' })
    await expect(agent.judge(requestOf('wrong-shape'), never())).rejects.toMatchObject({ code: 'malformed-reply' })
    expect((await agent.answer(taskOf('echo'), never()))?.value).toBe('v')
  })

  it('starts the program again after an exit or an endless line', async () => {
    const agent = create()
    const first = await pidOf(agent)
    const bystander = expect(agent.answer(taskOf('slow'), never())).rejects.toMatchObject({ code: 'exited' })
    await expect(agent.answer(taskOf('exit'), never())).rejects.toMatchObject({ code: 'exited', message: 'the agent program ended (exit code 3)' })
    await bystander
    const second = await pidOf(agent)
    await expect(agent.answer(taskOf('huge'), never())).rejects.toMatchObject({ code: 'malformed-reply' })
    const third = await pidOf(agent)
    expect(new Set([first, second, third]).size).toBe(3)
    expect([isRunning(first), isRunning(second)]).toEqual([false, false])
  })

  it('fails cleanly where the program cannot be started', async () => {
    const agent = create({ command: `${fixture}.missing`, args: [] })
    for (let round = 0; round < 3; round++) await expect(agent.answer(taskOf('echo'), never())).rejects.toMatchObject({ code: 'exited' })
  })

  it('gives up after the timeout and cancels', async () => {
    const agent = create({ timeoutMs: 600 })
    await pidOf(agent)
    await expect(agent.answer(taskOf('slow'), never())).rejects.toMatchObject({ code: 'timeout' })
    expect((await agent.answer(taskOf('cancelled'), never()))?.text).toBe('2')
  })

  it('tells the program when a request is aborted', async () => {
    const agent = create()
    await pidOf(agent)
    const controller = new AbortController()
    const answer = expect(agent.answer(taskOf('slow'), controller.signal)).rejects.toThrow('enough')
    await pidOf(agent)
    controller.abort(new Error('enough'))
    await answer
    expect((await agent.answer(taskOf('cancelled'), never()))?.text).toBe('2')
  })

  it('hands stderr to the log, long lines in bounded pieces', async () => {
    const lines: string[] = []
    const agent = create({ log: (line) => lines.push(line) })
    await agent.answer(taskOf('log'), never())
    await agent.close()
    expect(lines[0]).toBe('a line')
    expect(lines.join('')).toContain('another, yyy')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(2_000)
  })

  it('refuses more requests than may wait', async () => {
    const agent = create()
    const controller = new AbortController()
    const waiting = Array.from({ length: 64 }, () => agent.answer(taskOf('slow'), controller.signal).catch(() => 'aborted'))
    await expect(agent.answer(taskOf('echo'), never())).rejects.toMatchObject({ code: 'refused' })
    controller.abort()
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['aborted']))
  })

  it('closes although a child of the program holds its output open', async () => {
    let ready = (): void => undefined
    const started = new Promise<void>((resolve) => {
      ready = resolve
    })
    const holder = `const child = require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 2500)'], { stdio: 'inherit' }); process.on('SIGTERM', () => process.exit())`
    const agent = create({ args: ['-e', `${holder}; console.error('ready')`], log: () => { ready() } })
    const start = performance.now()
    await started
    await agent.close()
    expect(performance.now() - start).toBeLessThan(2_000)
  })

  it('ends the program on close, by force if need be, and fails what is under way', async () => {
    for (const args of [[fixture], [fixture, '--stubborn']]) {
      const agent = create({ args, graceMs: 200 })
      const pid = await pidOf(agent)
      const waiting = expect(agent.answer(taskOf('slow'), never())).rejects.toMatchObject({ code: 'exited' })
      await agent.close()
      await waiting
      expect(isRunning(pid)).toBe(false)
      await expect(agent.answer(taskOf('echo'), never())).rejects.toMatchObject({ code: 'exited' })
    }
  })
})

describe.skipIf(spawnSync('python3', ['--version']).status !== 0)('the example program of the README (skipped without python3)', () => {
  it('answers and judges', async () => {
    const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8')
    const program = /```python\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
    const agent = createCommandAgent({ command: 'python3', args: ['-c', program] })
    try {
      expect(await agent.answer(taskOf('Add 6 and 7', 'number'), never())).toEqual({ text: 'The sum is 13.', value: '13' })
      expect(await agent.answer(taskOf('Why?'), never())).toBeNull()
      const request = { task: taskOf('Add 6 and 7', 'number'), answers: [judged('12'), judged('13')], pairs: [] }
      expect(await agent.judge(request, never())).toEqual([{ left: 0, right: 1, verdict: 'right' }])
    } finally {
      await agent.close()
    }
  })
})
