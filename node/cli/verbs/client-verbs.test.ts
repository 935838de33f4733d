import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { INJECTION_SIGNS } from '../../agents/statistics.ts'
import type { InjectionSign } from '../../agents/statistics.ts'
import { createApi } from '../../http/api.ts'
import type { Api } from '../../http/api.ts'
import { closedEvent, closeRound, createServiceFixture, HEIGHT, OTHER, SELF } from '../../http/service-fixture.ts'
import type { ServiceFixture } from '../../http/service-fixture.ts'
import type { ServiceErrorCode } from '../../service.ts'
import { ServiceError } from '../../service.ts'
import { runToEnd, startVerb } from '../context-fixture.ts'

let fixture: ServiceFixture
let api: Api
let folder: string

beforeEach(async () => {
  fixture = createServiceFixture()
  api = await createApi(fixture.service, { host: '127.0.0.1', port: 0 })
  folder = await mkdtemp(join(tmpdir(), 'peerage-cli-'))
})
afterEach(async () => {
  await api.close()
  await rm(folder, { recursive: true })
})

const run = (...args: string[]): ReturnType<typeof runToEnd> => runToEnd([...args, '--node', api.url])

/** Closes the first round once it is there, as a network would. */
async function answerFirstRound(text: string): Promise<void> {
  await vi.waitFor(() => expect(fixture.asked).toHaveLength(1))
  const open = await fixture.service.round('round-1')
  if (open === null) throw new Error('no round')
  const closed = closeRound(open, text)
  fixture.setRound(closed)
  fixture.emit({ type: 'phase-entered', round: 'round-1', phase: 'credit', height: HEIGHT + 3 })
  fixture.emit(closedEvent(closed))
}

describe('documents', () => {
  it.each([
    ['status', 'peerage.status/v1'],
    ['peers', 'peerage.peers/v1'],
    ['rounds', 'peerage.rounds/v1'],
    ['reputation', 'peerage.reputation/v1'],
    ['rewards', 'peerage.rewards/v1'],
  ])('%s --json prints one document of schema %s and nothing else', async (verb, schema) => {
    const { code, out, err } = await run(verb, '--json')
    expect([code, err]).toEqual([0, ''])
    expect(out.endsWith('\n')).toBe(true)
    expect((JSON.parse(out) as { schema: string }).schema).toBe(schema)
  })
  it('rewards explain tells what a member was worth to a round, and what would have been without it', async () => {
    const { out } = await run('rewards', 'explain', 'round-0', 'quiet-red-fox')
    expect(out).toContain('credit +0.250, exact; 250 points')
    expect(out).toContain('without quiet-red-fox the swarm would have picked Paris by quiet-red-fox, worth 0.000')
    expect(out).toContain('1.000, more than the swarm')
    expect(out).toContain('helped least alone: -0.100')
    expect(JSON.parse((await run('rewards', 'explain', 'round-0', '--json')).out)).toMatchObject({ schema: 'peerage.explanation/v1', round: 'round-0', complete: true })
  })

  it('rewards explain tells by whom answers were graded, and how far grades differ', async () => {
    const { out } = await run('rewards', 'explain', 'round-graded')
    expect(out).toContain('credit +0.250, exact for these grades, which leave a standard error of 0.030; 250 points')
    expect(out).toContain('graded by 1 member with 0.750 of all weight, 2 draws of each answer; grades differ by 0.050 between members and by 0.020 between draws')
  })

  it.each(['reputation', 'rewards'])('%s --json prints the bytes of the API', async (verb) => {
    const { out } = await run(verb, OTHER, '--history', '--at', '5', '--json')
    expect(out).toBe(await (await fetch(`${api.url}/api/v1/members/${OTHER}/${verb}?history=1&at=5`)).text())
    expect(JSON.parse(out)).toMatchObject({ member: OTHER, height: 5, history: [{}] })
  })
  it('shows the own member where none is named, and others by name or end of id', async () => {
    expect((await run('reputation')).out).toContain(`brave-teal-otter (${SELF}) at height ${HEIGHT}`)
    for (const given of [OTHER, 'quiet-red-fox', 'bbbb', '12D3KooWFixtureO']) expect((await run('rewards', given)).out, given).toContain(OTHER)
  })
  it('refuses a member nobody is, and an end that several have', async () => {
    expect(await run('rewards', 'zzzz')).toMatchObject({ code: 1, err: expect.stringContaining('"zzzz"') })
    expect(await run('rewards', '12D3Koo')).toMatchObject({ code: 2, err: expect.stringMatching(/quiet-red-fox.*quiet-blue-hare/) })
  })
  it('status tells how a model judges, where one does', async () => {
    expect((await run('status')).out).not.toContain('canaries')
    const signs = Object.fromEntries(INJECTION_SIGNS.map((sign) => [sign, 0])) as Record<InjectionSign, number>
    fixture.setStatus({ agent: { prompts: '2', verdicts: { clear: 30, unclear: 3, failed: 1 }, orders: { pairs: 14, flipped: 2 }, canaries: { asked: 4, failed: 1 }, restsBecause: null, injections: { answers: 2, signs } } })
    expect((await run('status')).out).toContain('judging  30 of 34 verdicts clear, 3 of 4 canaries right, 2 answers may have tried to influence it\n')
  })
  it('shows health first, and tables with history', async () => {
    expect((await run('status')).out.startsWith('All 3 members are present.\n')).toBe(true)
    expect((await run('peers')).out).toContain(OTHER)
    expect((await run('reputation', '--history')).out).toMatch(/0\.750 +0\.400 to 0\.950 +4 +in probation[\s\S]*round-0/)
    expect((await run('rewards', '--history')).out).toMatch(/600 points, credit \+0\.412 over 1 round\n[\s\S]*round-0/)
  })
  it('ends with 1 and the reason where the node refuses', async () => {
    expect(await run('reputation', '--at', '99')).toMatchObject({ code: 1, out: '', err: expect.stringContaining('Height 99') })
    expect(await run('rounds', 'none')).toMatchObject({ code: 1, out: '', err: expect.stringContaining('none') })
  })
})

describe('membership', () => {
  it('leave asks the node, and says how long to let it run', async () => {
    expect(await run('leave')).toMatchObject({ code: 0, err: '', out: expect.stringContaining('until the epoch ends') })
    expect(JSON.parse((await run('leave', '--json')).out)).toEqual({ schema: 'peerage.membership/v1', kind: 'leave' })
    expect(fixture.changes).toEqual([{ kind: 'leave' }, { kind: 'leave' }])
    fixture.failAskWith(new ServiceError('not-possible', 'A round that this node has asked is still open.'))
    expect(await run('leave')).toMatchObject({ code: 1, out: '', err: expect.stringContaining('still open') })
  })
  it('checkpoint writes what the node gives to a file', async () => {
    const file = join(folder, 'state.json')
    expect(await run('checkpoint', '--out', file)).toMatchObject({ code: 0, err: '', out: expect.stringContaining('--from-checkpoint') })
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(await fixture.service.checkpoint())
    expect(await run('checkpoint')).toMatchObject({ code: 2, err: expect.stringContaining('--out') })
  })
  it('init --from-checkpoint founds nothing on what is no checkpoint', async () => {
    const file = join(folder, 'state.json')
    await run('checkpoint', '--out', file)
    const home = join(folder, 'home')
    expect((await runToEnd(['init', '--home', home, '--no-network'])).code).toBe(0)
    const found = (...founders: string[]) => runToEnd(['init', '--home', home, '--from-checkpoint', file, ...(founders.length > 0 ? ['--founders', ...founders] : [])])
    expect(await found(`12D3KooW${'a'.repeat(44)}`)).toMatchObject({ code: 8, err: expect.stringContaining('malformed') })
    expect(await found()).toMatchObject({ code: 2, err: expect.stringContaining('--founders') })
    expect(await found('me')).toMatchObject({ code: 2, err: expect.stringContaining('"me"') })
  })
})

describe('ask', () => {
  it('prints the answer on stdout and the course of the round on stderr', async () => {
    const verb = startVerb(['ask', 'What', 'is 6 x 7?', '--kind', 'number', '--truth', '42', '--node', api.url])
    await answerFirstRound('42')
    const { code, out, err } = await verb.done
    expect([code, out]).toEqual([0, '42\n'])
    expect(err).toMatch(/credit\n[\s\S]*answer by quiet-red-fox\n[\s\S]*closed: credit quiet-red-fox \+1\.000; points quiet-red-fox 1000/)
    expect(fixture.asked).toEqual([{ prompt: 'What is 6 x 7?', kind: 'number', truth: { accepted: ['42'] } }])
  })
  it('prints the round as one document with --json', async () => {
    const verb = startVerb(['ask', 'x', '--json', '--node', api.url])
    await answerFirstRound('y')
    expect(JSON.parse((await verb.done).out)).toMatchObject({ schema: 'peerage.ask/v1', round: 'round-1', status: 'closed', winner: { text: 'y' } })
  })
  it('takes the task from a file, and flags before it', async () => {
    const file = join(folder, 'task.json')
    await writeFile(file, JSON.stringify({ prompt: 'from file', kind: 'choice', reference: 'a', answerMs: 5_000 }))
    const verb = startVerb(['ask', '--file', file, '--reference', 'b', '--node', api.url])
    await answerFirstRound('C')
    expect((await verb.done).code).toBe(0)
    expect(fixture.asked).toEqual([{ prompt: 'from file', kind: 'choice', reference: 'b', answerMs: 5_000 }])
  })
  it.each([
    ['{"prompt":"x","answerMs":"soon"}', 'answerMs'],
    ['{"prompt":7}', 'prompt'],
    ['{"kind":"text"}', 'prompt'],
    ['{"prompt":"x","trutj":1}', 'trutj'],
    ['[]', 'object'],
    ['{', 'JSON'],
  ])('ends with 2 for the task file %s and names %s', async (text, named) => {
    const file = join(folder, 'task.json')
    await writeFile(file, text)
    const { code, err } = await run('ask', '--file', file)
    expect([code, err.includes(named), err.includes(file)]).toEqual([2, true, true])
    expect(fixture.asked).toEqual([])
  })
  it('ends with 2 where there is nothing to ask or no such file', async () => {
    expect((await run('ask')).code).toBe(2)
    expect((await run('ask', '--file', join(folder, 'none.json'))).code).toBe(2)
  })
  it('says where the question went, if --truth took it', async () => {
    expect(await run('ask', '--kind', 'number', '--truth', '42', 'What is 6 x 7?')).toMatchObject({ code: 2, err: expect.stringContaining('ask first') })
    expect((await run('ask', '--truth', '42')).err).not.toContain('ask first')
  })
  it.each<[ServiceErrorCode, number]>([
    ['too-few-peers', 5],
    ['quota', 9],
    ['stopping', 4],
    ['invalid-task', 2],
    ['not-member', 1],
  ])("ends for the node's %s with %i", async (code, exit) => {
    fixture.failAskWith(new ServiceError(code, 'a sentence'))
    expect(await run('ask', 'x')).toMatchObject({ code: exit, out: '', err: expect.stringContaining('a sentence') })
  })
  it('ends with 7 where no answer is final in time', async () => {
    expect(await run('ask', 'x', '--timeout', '0.1')).toMatchObject({ code: 7, out: '', err: expect.stringContaining('peerage rounds round-1') })
  })
  it('says what keeps the node from an answer, and whether the round has begun', async () => {
    fixture.setStatus({ quorumPresent: false })
    const verb = startVerb(['ask', 'x', '--timeout', '0.5', '--node', api.url])
    await vi.waitFor(() => expect(fixture.asked).toHaveLength(1))
    const open = await fixture.service.round('round-1')
    if (open === null) throw new Error('no round')
    fixture.setRound({ ...open, openedHeight: null })
    const { code, err } = await verb.done
    expect([code, err]).toEqual([7, expect.stringMatching(/no block has opened the round yet\.\n +More than a third of the voting weight is missing\.\n +See how/)])
  })
  it("ends with 6 where nobody answers and this node's agent failed", async () => {
    const verb = startVerb(['ask', 'x', '--node', api.url])
    await vi.waitFor(() => expect(fixture.asked).toHaveLength(1))
    const open = await fixture.service.round('round-1')
    if (open === null) throw new Error('no round')
    fixture.emit({ type: 'agent-error', code: 'unreachable', message: 'no model', round: 'round-1' })
    fixture.setRound({ ...open, status: 'closed', phase: 'closed' })
    expect(await verb.done).toMatchObject({ code: 6, out: '', err: expect.stringContaining('unreachable') })
  })
  it('ends with 130 when interrupted', async () => {
    const verb = startVerb(['ask', 'x', '--node', api.url])
    await vi.waitFor(() => expect(fixture.asked).toHaveLength(1))
    verb.interrupt('SIGINT')
    expect((await verb.done).code).toBe(130)
    await vi.waitFor(async () => expect(await (await fetch(`${api.url}/metrics`)).text()).toContain('peerage_event_streams 0\n'))
  })
})

describe('finding the node', () => {
  const verbs = [['status'], ['peers'], ['rounds'], ['reputation'], ['rewards'], ['ask', 'x']]
  it.each(verbs)('ends with 4 where none runs: %s', async (...verb) => {
    expect(await runToEnd([...verb, '--home', folder])).toMatchObject({ code: 4, out: '', err: expect.stringContaining(`peerage start --home ${folder}`) })
  })
  it('ends with 4 where a crashed node left its run file, or nobody answers', async () => {
    const ended = { pid: 2 ** 22 + 1, apiUrl: api.url, memberId: SELF, token: null }
    await writeFile(join(folder, 'run.json'), JSON.stringify(ended))
    expect((await runToEnd(['status', '--home', folder])).code).toBe(4)
    await writeFile(join(folder, 'run.json'), '{"pid":')
    expect((await runToEnd(['status', '--home', folder])).code).toBe(4)
    await api.close()
    expect((await run('status')).code).toBe(4)
  })
  it.each(['ftp://127.0.0.1', 'http://', '%%'])('ends with 2 for what is no address of an API: %s', async (node) => {
    expect(await runToEnd(['status', '--node', node])).toMatchObject({ code: 2, err: expect.stringContaining(`"${node}" is no URL`) })
  })
  it('finds the one that runs in a home, or that PEERAGE_NODE names', async () => {
    await writeFile(join(folder, 'run.json'), JSON.stringify({ pid: process.pid, apiUrl: api.url, memberId: SELF, token: null }))
    expect((await runToEnd(['status', '--home', folder])).code).toBe(0)
    expect((await runToEnd(['status'], { env: { PEERAGE_HOME: folder } })).code).toBe(0)
    expect((await runToEnd(['status'], { env: { PEERAGE_NODE: api.url } })).code).toBe(0)
  })
  it('ends with 3 where the node wants a token, which PEERAGE_HTTP_TOKEN gives', async () => {
    const guarded = await createApi(fixture.service, { host: '127.0.0.1', port: 0, token: 'secret' })
    try {
      expect((await runToEnd(['status', '--node', guarded.url])).code).toBe(3)
      expect((await runToEnd(['status', '--node', guarded.url], { env: { PEERAGE_HTTP_TOKEN: 'secret' } })).code).toBe(0)
    } finally {
      await guarded.close()
    }
  })
})
