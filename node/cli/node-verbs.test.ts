import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'smol-toml'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { genesisSchema } from '../../protocol/index.ts'
import { runToEnd } from './context-fixture.ts'

const PEER = '/ip4/192.0.2.7/tcp/4747/p2p/12D3KooWGRUzLFnHqVd3EhTGeUXTcXZ7Yz7vHjFYtVQG5kdjzbSx'
const fixtureNode = fileURLToPath(new URL('./fixture-node.ts', import.meta.url))
let folder: string
let processes: ChildProcess[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-verbs-'))
  processes = []
})
afterEach(async () => {
  for (const child of processes) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

const init = (...flags: string[]): ReturnType<typeof runToEnd> => runToEnd(['init', '--home', folder, ...flags])

/** A verb in a process of its own: what it has printed so far, and how it ends. */
function launch(args: readonly string[], env: Record<string, string> = {}): { child: ChildProcess; printed: { out: string; err: string }; ended: Promise<number | string> } {
  const child = spawn(process.execPath, [fixtureNode, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  processes.push(child)
  const printed = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (printed.out += chunk))
  child.stderr.on('data', (chunk) => (printed.err += chunk))
  return { child, printed, ended: new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code ?? 0))) }
}

const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 20_000, interval: 20 })

describe('init', () => {
  it('makes identity, configuration and a network of its own, and says what is next', async () => {
    const { code, out } = await init('--json', '--name', 'mine', '--network', 'friends')
    expect(code).toBe(0)
    const made = JSON.parse(out) as Record<string, string>
    expect(made).toMatchObject({ schema: 'peerage.init/v1', created: { identity: true, config: true, genesis: true } })
    const genesis = genesisSchema.parse(JSON.parse(await readFile(join(folder, 'genesis.json'), 'utf8')))
    expect([genesis.name, genesis.members.map(({ id }) => id)]).toEqual(['friends', [made['memberId']]])
    expect((await stat(made['identityFile'] as string)).mode & 0o777).toBe(0o600)
  })
  it('keeps what exists, byte for byte, and says so', async () => {
    await init()
    const files = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name)
    const before = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))
    const { code, out } = await init()
    expect([code, out.match(/^kept /gm)?.length]).toEqual([0, 3])
    expect(await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))).toEqual(before)
  })
  it('founds no network with --no-network', async () => {
    expect((await init('--no-network')).out).toContain('next: peerage join')
    expect(await readdir(folder)).not.toContain('genesis.json')
    expect(await runToEnd(['start', '--home', folder])).toMatchObject({ code: 3, err: expect.stringContaining('peerage join <address>') })
  })
  it('ends with 3 for flags that contradict what exists, and changes nothing', async () => {
    await init()
    expect(await init('--strategy', 'greedy')).toMatchObject({ code: 3, err: expect.stringContaining('config.toml') })
    expect(await init('--network', 'other')).toMatchObject({ code: 3, err: expect.stringContaining('genesis.json') })
  })
  it.each([
    [['--strategy', 'brilliant'], '--strategy'],
    [['--agent', 'openai'], '--provider'],
    [['--agent', 'command'], '--command'],
    [['--base-url', 'http://127.0.0.1:1/v1', '--model', 'm', '--key-env', 'no-variable'], '--key-env'],
    [['--agent', 'oracle'], '--agent'],
  ])('ends with 2 for %j, names %s and makes nothing', async (flags, named) => {
    expect(await init(...flags)).toMatchObject({ code: 2, err: expect.stringContaining(named) })
    expect(await readdir(folder)).toEqual([])
  })
  it('writes where the key of a model is, and runs a command where it was given', async () => {
    await init('--base-url', 'http://127.0.0.1:1/v1', '--model', 'm', '--key-file', '/keys/one')
    expect(parse(await readFile(join(folder, 'config.toml'), 'utf8'))['agent']).toEqual({ type: 'openai', baseUrl: 'http://127.0.0.1:1/v1', model: 'm', keyFile: '/keys/one' })
    await rm(join(folder, 'config.toml'))
    await init('--command', 'python3', 'agent.py')
    expect(parse(await readFile(join(folder, 'config.toml'), 'utf8'))['agent']).toEqual({ type: 'command', command: 'python3', args: ['agent.py'], folder: process.cwd() })
  })
  it('shows the identity', async () => {
    const { memberId } = JSON.parse((await init('--json')).out) as { memberId: string }
    expect(JSON.parse((await runToEnd(['identity', '--home', folder, '--json'])).out)).toMatchObject({ schema: 'peerage.identity/v1', memberId })
  })
})

describe('start', () => {
  it.each(['start', 'identity'])('%s ends with 3 where nothing was initialised', async (verb) => {
    expect(await runToEnd([verb, '--home', folder])).toMatchObject({ code: 3, out: '', err: expect.stringContaining(`peerage init --home ${folder}\n`) })
  })
  it('ends with 3 and names file and field of a faulty configuration, and the variable; with 2 for a flag', async () => {
    await init()
    expect(await runToEnd(['start', '--home', folder], { env: { PEERAGE_PORT: 'x' } })).toMatchObject({ code: 3, err: expect.stringContaining('PEERAGE_PORT') })
    expect(await runToEnd(['start', '--home', folder, '--http-port', 'x'])).toMatchObject({ code: 2, err: expect.stringContaining('--http-port') })
    await writeFile(join(folder, 'config.toml'), '[agent]\ntype = "solver"\nstrategy = 7\n')
    const { code, err } = await runToEnd(['start', '--home', folder])
    expect([code, err.includes(join(folder, 'config.toml')), err.includes('agent.strategy')]).toEqual([3, true, true])
  })
  it('says when it is ready, can be found by its home, runs once, and ends in order', async () => {
    await init()
    const node = launch(['start', '--home', folder, '--http-port', '0', '--json'])
    await until(() => expect(node.printed.out).toContain('\n'))
    const ready = JSON.parse(node.printed.out) as Record<string, unknown>
    expect(ready).toMatchObject({ schema: 'peerage.start/v1', type: 'ready', pid: node.child.pid })
    expect(await runToEnd(['status', '--home', folder, '--json'])).toMatchObject({ code: 0, out: expect.stringContaining(ready['memberId'] as string) })
    expect(await runToEnd(['start', '--home', folder, '--http-port', '0'])).toMatchObject({ code: 1, err: expect.stringContaining('runs already') })
    node.child.kill('SIGTERM')
    expect(await node.ended).toBe(0)
    expect(node.printed.out).toContain('"type":"stopped"')
    expect(await readdir(folder)).not.toContain('run.json')
  })
  it('ends with 130 when interrupted, once for a signal that comes twice', async () => {
    await init()
    const node = launch(['start', '--home', folder, '--http-port', '0'])
    await until(() => expect(node.printed.out).toMatch(/^ready: /))
    node.child.kill('SIGINT')
    node.child.kill('SIGINT')
    expect(await node.ended).toBe(130)
    expect(node.printed.err).toContain('stopped')
  })
})

describe('join', () => {
  it('remembers the peer, sets the own network aside once, and keeps the rest of the configuration', async () => {
    await init('--strategy', 'greedy')
    const genesis = await readFile(join(folder, 'genesis.json'), 'utf8')
    const started: unknown[] = []
    const startNode = (options: unknown): Promise<never> => {
      started.push(options)
      return Promise.reject(new Error('nobody there'))
    }
    for (const attempt of [1, 2]) expect((await runToEnd(['join', PEER, '--home', folder], { startNode })).code, `attempt ${attempt}`).toBe(1)
    expect(await readFile(join(folder, 'genesis.json.own'), 'utf8')).toBe(genesis)
    expect(await readdir(folder)).not.toContain('genesis.json')
    expect(started[1]).toMatchObject({ config: { bootstrap: [PEER], agent: { strategy: 'greedy' }, genesisFile: join(folder, 'genesis.json') } })
  })
  it('ends with 2 for what is no address of a peer, with 3 where nothing was initialised', async () => {
    expect(await runToEnd(['join', PEER, '--home', folder])).toMatchObject({ code: 3 })
    await init()
    expect(await runToEnd(['join', '/ip4/127.0.0.1/tcp/1', '--home', folder])).toMatchObject({ code: 2, err: expect.stringContaining('multiaddr') })
    expect(await readdir(folder)).toContain('genesis.json')
  })
})
