import { cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateTask, networkId } from '../../protocol/index.ts'
import { startChild } from '../cli/demo/child-node.ts'
import { findFreePorts } from '../cli/demo/free-ports.ts'
import { resolveHome } from '../config/home.ts'
import type { NodeStatus } from '../service.ts'
import { findContradictions } from './contradictions.ts'
import { startListener, type GossipListener } from './gossip-listener.ts'
import { ask, BIN, clientOf, configure, poll, runCommand, startTestnet, untilAcquainted, untilAgreed, untilClosed, type Testnet, type TestNode } from './testnet-processes.ts'

const NODES = 4
const RETURN_MS_MAX = 10_000

let testnet: Testnet
let listener: GossipListener
beforeAll(async () => {
  testnet = await startTestnet({ nodes: NODES, parameters: { revealMs: 1_500, leaderMs: 500, viewMs: 1_500, presenceMs: 1_000 } })
  listener = await startListener(testnet.genesis, testnet.nodes.flatMap(({ addresses }) => addresses))
}, 90_000)
afterAll(async () => {
  await listener?.stop()
  await testnet?.stop()
})

const nodeAt = (index: number): TestNode => testnet.nodes[index] as TestNode
const homeOf = (index: number): string => nodeAt(index).node.home.dataDir
const storeOf = (index: number): string => join(homeOf(index), 'store', networkId(testnet.genesis).slice(0, 16))
const statusOf = ({ client }: Pick<TestNode, 'client'>): Promise<NodeStatus> => client.get<NodeStatus>('status')

let asked = 0
const askRound = (index: number): Promise<string> =>
  ask(nodeAt(index), { kind: 'countdown', prompt: generateTask('countdown', `guard/${asked++}`), answerMs: 3_000, judgeMs: 3_000 })
const closeRound = async (index: number) => untilClosed(nodeAt(index), await askRound(index))

const untilSigning = (node: Pick<TestNode, 'client'>, mode: NodeStatus['signing']['mode']): Promise<NodeStatus> =>
  poll(`a node is ${mode}`, 30_000, () => statusOf(node), ({ signing }) => signing.mode === mode)

describe('a node that has forgotten what it signed', () => {
  it('observes, says why and asks nothing, and signs again once all it may have signed is past', async () => {
    await closeRound(0)
    await testnet.kill(3)
    await cp(storeOf(3), join(testnet.folder, 'backup'), { recursive: true })
    await testnet.restart(3)
    await closeRound(0)
    await testnet.kill(3)
    await rm(storeOf(3), { recursive: true })
    await cp(join(testnet.folder, 'backup'), storeOf(3), { recursive: true })
    const observer = await testnet.restart(3)
    const { signing, health } = await untilSigning(observer, 'observing')
    expect(signing).toMatchObject({ cause: 'store-behind', reason: expect.stringContaining('backup') })
    expect(health[0]).toContain('Only observes')
    await expect(askRound(3)).rejects.toThrow(/signs nothing/)
    const printed = await runCommand(['status', '--home', homeOf(3)])
    expect(printed.out).toMatch(/Only observes, since its store is older[^]*signs +no, observing/)
    for (let rounds = 0; rounds < 6 && (await statusOf(observer)).signing.mode !== 'active'; rounds++) await closeRound(rounds % 3)
    await untilSigning(observer, 'active')
    await untilAcquainted(testnet.nodes, NODES)
    // Nobody waits for its answer, since it was away; what it asks is signed by it.
    expect((await closeRound(3)).asker).toBe(observer.node.memberId)
  }, 120_000)
})

describe('a second copy of an identity', () => {
  it('is noticed before it signs, and needs its owner to go on', async () => {
    const copy = join(testnet.folder, 'copy')
    await cp(homeOf(2), copy, { recursive: true, filter: (source) => !source.endsWith('run.json') && !source.endsWith('LOCK') })
    const [port, httpPort] = (await findFreePorts(2)) as [number, number]
    const bootstrap = [0, 1, 3].flatMap((index) => nodeAt(index).addresses)
    await configure(join(copy, 'config.toml'), { network: { genesis: join(testnet.folder, 'genesis.json'), host: '127.0.0.1', port, bootstrap }, http: { host: '127.0.0.1', port: httpPort } })
    const child = startChild({ ...nodeAt(2).node, home: resolveHome(copy, {}) }, { env: process.env, selfCommand: [process.execPath, BIN] })
    try {
      const second = { client: clientOf((await child.ready).apiUrl) }
      await untilSigning(second, 'observing')
      await Promise.race([closeRound(0), closeRound(1)])
      expect((await statusOf(second)).signing.mode).toBe('observing')
      expect(await readFile(join(copy, 'identity.key'), 'utf8')).toBe(await readFile(join(homeOf(2), 'identity.key'), 'utf8'))
    } finally {
      await child.stop()
    }
    expect((await statusOf(nodeAt(2))).signing.mode).toBe('active')
  }, 90_000)

  it('of which the owner knows that it is gone signs again', async () => {
    await testnet.kill(2)
    await rm(storeOf(2), { recursive: true })
    await untilSigning(await testnet.restart(2), 'observing')
    await testnet.kill(2)
    const refused = await runCommand(['identity', 'resume', '--home', homeOf(2)])
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('--i-know-no-copy-runs')])
    expect((await runCommand(['identity', 'resume', '--i-know-no-copy-runs', '--home', homeOf(2)])).code).toBe(0)
    await untilSigning(await testnet.restart(2), 'active')
  }, 60_000)
})

describe('more than a third of the voting weight', () => {
  it('gone halts the network, which says who is missing, and goes on within ten seconds of its return', async () => {
    await untilAcquainted(testnet.nodes, NODES)
    const gone = [1, 2].map((index) => nodeAt(index).node.name)
    await untilAgreed(testnet.nodes)
    await Promise.all([testnet.kill(1), testnet.kill(2)])
    const { height } = await statusOf(nodeAt(0))
    const round = await askRound(0)
    const { health } = await poll('node 0 misses them', 15_000, () => statusOf(nodeAt(0)), (status) => gone.every((name) => status.health.join().includes(name)))
    expect(health.join('\n')).toContain('no block becomes final')
    expect((await statusOf(nodeAt(0))).height).toBe(height)
    const back = await Promise.all([testnet.restart(1), testnet.restart(2)])
    const startMs = performance.now()
    await poll('a block is final', 40_000, () => statusOf(nodeAt(0)), (status) => status.height > height)
    const resumedMs = performance.now() - startMs
    await untilClosed(back[0], round)
    expect(resumedMs).toBeLessThan(RETURN_MS_MAX)
  }, 120_000)

  it('nor anything else made a node contradict itself', () => {
    expect(listener.heard.length).toBeGreaterThan(100)
    expect(findContradictions(listener.heard)).toEqual([])
  })
})
