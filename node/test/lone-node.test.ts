import { hash } from 'node:crypto'
import { once } from 'node:events'
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateTask } from '../../protocol/index.ts'
import { startChild, type ChildNode } from '../cli/demo/child-node.ts'
import { resolveHome } from '../config/home.ts'
import type { NodeStatus } from '../service.ts'
import { openLevelStore } from '../store/level-store.ts'
import { ask, BIN, clientOf, configure, runCommand, untilClosed, type CommandRun } from './testnet-processes.ts'

let folder: string
let node: ChildNode | null = null

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-lone-'))
})
afterAll(async () => {
  await node?.stop()
  await rm(folder, { recursive: true, force: true })
})

const start = (home: string): Promise<CommandRun> => runCommand(['start', '--home', home], { limitMs: 30_000 })

describe('a lone node', () => {
  it('is made, started and asked in a step each, and answers unrated', async () => {
    const home = join(folder, 'home')
    expect((await runCommand(['init', '--home', home])).code).toBe(0)
    await configure(join(home, 'config.toml'), { network: { host: '127.0.0.1', port: 0 }, http: { port: 0 } })
    const before = await runCommand(['ask', 'anything', '--home', home])
    expect(before).toMatchObject({ code: 4, out: '', err: expect.stringContaining('peerage start') })

    node = startChild({ home: resolveHome(home, {}), memberId: '', name: 'the node' }, { env: process.env, selfCommand: [process.execPath, BIN] })
    await node.ready
    const prompt = generateTask('countdown', 'lone')
    const { code, out, err } = await runCommand(['ask', prompt, '--kind', 'countdown', '--home', home])
    expect([code, err.includes('unrated'), out.trim() === '']).toEqual([0, true, false])
    expect(await runCommand(['ask', prompt, '--rated', '--kind', 'countdown', '--home', home])).toMatchObject({ code: 5, out: '', err: expect.stringContaining('from 3 on a round is rated') })
    const rewards = JSON.parse((await runCommand(['rewards', '--history', '--json', '--home', home])).out)
    expect(rewards).toMatchObject({ points: 0, creditTotalMicro: 0, history: [] })
    const held = await snapshot(home)
    const address = '/ip4/127.0.0.1/tcp/9/p2p/12D3KooWELwkzJ1KcvVx4d1dWVopmfVWaiBcrUfNsZuDvS84opPj'
    for (const again of [['start'], ['join', address]]) {
      expect(await runCommand([...again, '--home', home])).toMatchObject({ code: 1, out: '', err: expect.stringContaining(String(node.pid)) })
    }
    expect(await snapshot(home)).toEqual(held)
    await node.stop()
    expect(await node.ended).toBe('exit code 0')
  }, 60_000)
})

describe('a node whose disk is full', () => {
  it('stops taking part with exit code 1, names the store, and continues from it when there is room', async () => {
    const home = join(folder, 'full')
    await cp(join(folder, 'home'), home, { recursive: true })
    const [program, ...limited] = ['sh', '-c', 'ulimit -f 96; exec "$0" "$@"', process.execPath, BIN] as const
    const target = { home: resolveHome(home, {}), memberId: '', name: 'the node' }
    node = startChild(target, { env: process.env, selfCommand: [program, ...limited] })
    const client = clientOf((await node.ready).apiUrl)
    let height = 0
    for (let number = 0; node.alive(); number++) {
      expect(number).toBeLessThan(50)
      const round = await ask({ client }, { kind: 'countdown', prompt: generateTask('countdown', `full/${number}`) }).catch(() => null)
      const closed = round === null ? null : await Promise.race([untilClosed({ client }, round, 20_000).catch(() => null), node.ended.then(() => null)])
      height = closed?.closedHeight ?? height
    }
    expect([await node.ended, height > 0]).toEqual(['exit code 1', true])
    expect(node.lastWords().join('\n')).toMatch(/can no longer write its store.*File too large/)
    node = startChild(target, { env: process.env, selfCommand: [process.execPath, BIN] })
    const again = clientOf((await node.ready).apiUrl)
    expect((await again.get<NodeStatus>('status')).height).toBeGreaterThanOrEqual(height)
    expect(await untilClosed({ client: again }, await ask({ client: again }, { kind: 'countdown', prompt: generateTask('countdown', 'room') }))).toMatchObject({ rated: false })
    await node.stop()
  }, 90_000)
})

const digest = (bytes: Uint8Array): string => hash('sha256', bytes)

/** What a home holds: its files, and the entries of its store where that opens, which may tidy its own files. Notes go on while a node runs. */
async function snapshot(home: string): Promise<Map<string, string>> {
  const held = new Map<string, string>()
  const store = await openLevelStore(await storeOf(home)).catch(() => null)
  if (store !== null) for await (const [key, value] of store.range('')) held.set(`entry ${key}`, digest(value))
  await store?.close()
  for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    if (!entry.isFile() || /^(LOG|LOCK)/.test(entry.name) || (store !== null && file.includes('/store/')) || (node?.alive() === true && file.includes('/notes/'))) continue
    held.set(file, digest(await readFile(file)))
  }
  return held
}

async function storeOf(home: string): Promise<string> {
  const [name] = await readdir(join(home, 'store'))
  return join(home, 'store', name as string)
}

interface LooseGenesis {
  parameters: Record<string, unknown>
  members: Record<string, unknown>[]
}

/** Changes a field of the genesis, by its path. */
async function editGenesis(home: string, edit: (genesis: LooseGenesis) => void): Promise<void> {
  const file = join(home, 'genesis.json')
  const genesis = JSON.parse(await readFile(file, 'utf8')) as LooseGenesis
  edit(genesis)
  await writeFile(file, JSON.stringify(genesis))
}

/** Damage, how the node then ends, and what it names. */
const DAMAGES: readonly [string, number, readonly string[], (home: string) => Promise<void>][] = [
  ['no identity', 3, ['identity.key', 'peerage init'], (home) => rm(join(home, 'identity.key'))],
  ['an identity cut short', 3, ['identity.key'], async (home) => writeFile(join(home, 'identity.key'), (await readFile(join(home, 'identity.key'), 'utf8')).slice(0, -40))],
  ['an identity that others can read', 3, ['identity.key', 'chmod 600'], (home) => chmod(join(home, 'identity.key'), 0o644)],
  ['no configuration', 3, ['config.toml'], (home) => rm(join(home, 'config.toml'))],
  ['a genesis that is no JSON', 3, ['genesis.json', 'JSON'], (home) => writeFile(join(home, 'genesis.json'), '{')],
  ['a genesis with a parameter out of bounds', 3, ['genesis.json', 'parameters.leaderMs'], (home) => editGenesis(home, ({ parameters }) => (parameters['leaderMs'] = 0))],
  ['a genesis with an unknown parameter', 3, ['genesis.json', 'leadrMs'], (home) => editGenesis(home, ({ parameters }) => (parameters['leadrMs'] = 1))],
  ['a genesis with a member twice', 3, ['genesis.json', 'members'], (home) => editGenesis(home, ({ members }) => members.push({ ...members[0] }))],
  ['a genesis with a member that is none', 3, ['genesis.json', 'members.0.id'], (home) => editGenesis(home, ({ members }) => Object.assign(members[0] ?? {}, { id: 'me' }))],
  ['a store without its CURRENT', 1, ['store', 'CURRENT'], async (home) => rm(join(await storeOf(home), 'CURRENT'))],
  ['a store with a damaged manifest', 1, ['store', 'damaged'], async (home) => {
    const store = await storeOf(home)
    const manifest = (await readdir(store)).find((name) => name.startsWith('MANIFEST')) as string
    await writeFile(join(store, manifest), 'not a manifest')
  }],
  ['a store with a state that is not the last block\'s', 1, ['store', 'state'], async (home) => {
    const store = await openLevelStore(await storeOf(home))
    const state = (await store.get('state')) as Uint8Array
    const other = Buffer.from(Buffer.from(state).toString('latin1').replace('joinedHeight\x00', 'joinedHeight\x01'), 'latin1')
    expect(other.equals(state)).toBe(false)
    await store.write([{ key: 'state', value: other }])
    await store.close()
  }],
  ['a store with a message of its own that is unreadable', 1, ['store', 'own/vote/0/9/notarize'], async (home) => {
    const store = await openLevelStore(await storeOf(home))
    await store.write([{ key: 'own/vote/0/9/notarize', value: Uint8Array.of(1, 2, 3) }])
    await store.close()
  }],
  ["another member's store", 1, ['store', 'another member'], async (home) => {
    await rm(join(home, 'identity.key'))
    await runCommand(['init', '--home', home])
  }],
]

describe('a node does not start, names the reason and leaves everything as it is, with', () => {
  it.each(DAMAGES)('%s: exit code %i', async (what, exit, named, damage) => {
    const home = join(folder, what.replaceAll(/\W/g, '-'))
    await cp(join(folder, 'home'), home, { recursive: true })
    await damage(home)
    const before = await snapshot(home)
    const { code, out, err } = await start(home)
    expect([code, out]).toEqual([exit, ''])
    expect(err.startsWith('peerage: ')).toBe(true)
    for (const name of named) expect(err).toContain(name)
    expect(err).not.toMatch(/\n\s+at /)
    expect(await snapshot(home)).toEqual(before)
  }, 60_000)

  it.each(['--port', '--http-port'])('a %s that another program has: exit code 1', async (flag) => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      const { code, out, err } = await runCommand(['start', '--home', join(folder, 'home'), flag, String(port)], { limitMs: 30_000 })
      expect([code, out, err.trim().split('\n').length]).toEqual([1, '', 1])
      expect(err).toMatch(new RegExp(`^peerage: .*in use.*`))
      expect(err).toContain(String(port))
    } finally {
      server.close()
    }
  }, 60_000)

  it('a store that another process holds: exit code 1', async () => {
    const home = join(folder, 'home')
    const store = await openLevelStore(await storeOf(home))
    try {
      expect(await start(home)).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^peerage: the store in .* is in use by another process/) })
    } finally {
      await store.close()
    }
  }, 60_000)
})
