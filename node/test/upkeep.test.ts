/** What owners do to a network over time: keys change, members leave, liars are met, and what is lost for good is left behind. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGenesis, generateTask, networkId, type Genesis } from '../../protocol/index.ts'
import type { CheckpointDocument } from '../change-documents.ts'
import { runToEnd } from '../cli/context-fixture.ts'
import { startChild, type ChildNode } from '../cli/demo/child-node.ts'
import { findFreePorts } from '../cli/demo/free-ports.ts'
import type { TestnetNode } from '../cli/demo/testnet.ts'
import { ensureIdentity } from '../cli/own-home.ts'
import { formatConfig, writeFileWhole } from '../config/config-file.ts'
import { resolveHome } from '../config/home.ts'
import type { NodeStatus, PeerInfo, RewardsDocument } from '../service.ts'
import { startLiar, type Liar } from './liar.ts'
import { ask, BIN, clientOf, poll, runCommand, startTestnet, untilAgreed, untilClosed, type Testnet, type TestNode } from './testnet-processes.ts'

const NODES = 4

let testnet: Testnet
let liar: Liar | undefined
const extra: ChildNode[] = []

beforeAll(async () => {
  testnet = await startTestnet({ nodes: NODES, parameters: { revealMs: 1_500, leaderMs: 500, viewMs: 1_500, presenceMs: 1_000, epochBlocks: 6 } })
}, 90_000)
afterAll(async () => {
  await Promise.all(extra.map((child) => child.stop()))
  await liar?.stop()
  await testnet?.stop()
})

const nodeAt = (index: number): TestNode => testnet.nodes[index] as TestNode
const homeOf = (index: number): string => nodeAt(index).node.home.dataDir
const statusOf = ({ client }: Pick<TestNode, 'client'>): Promise<NodeStatus> => client.get<NodeStatus>('status')
const membersAt = async (index: number): Promise<PeerInfo[]> => (await nodeAt(index).client.get<{ members: PeerInfo[] }>('members')).members

let asked = 0
async function closeRound(index: number): Promise<void> {
  const round = await ask(nodeAt(index), { kind: 'countdown', prompt: generateTask('countdown', `upkeep/${asked++}`), answerMs: 2_000, judgeMs: 2_000 })
  await untilClosed(nodeAt(index), round)
}

/** Makes the folder of a node that knows these addresses. */
async function makeStranger(name: string, bootstrap: string[]): Promise<TestnetNode> {
  const home = resolveHome(join(testnet.folder, name), {})
  const { identity } = await ensureIdentity(home)
  const [port, httpPort] = (await findFreePorts(2)) as [number, number]
  const config = { logLevel: 'warn', agent: { type: 'solver', strategy: 'hasty' }, network: { host: '127.0.0.1', port, bootstrap }, http: { host: '127.0.0.1', port: httpPort } }
  await writeFileWhole(home.configFile, formatConfig(config))
  return { home, memberId: identity.memberId, name }
}

/** Starts it; its log goes to its last words. */
async function startMade(stranger: TestnetNode): Promise<{ child: ChildNode; client: TestNode['client'] }> {
  const child = startChild(stranger, { env: process.env, selfCommand: [process.execPath, BIN] })
  extra.push(child)
  return { child, client: clientOf((await child.ready).apiUrl) }
}

const startStranger = async (name: string, bootstrap: string[]): ReturnType<typeof startMade> => startMade(await makeStranger(name, bootstrap))

describe('a newcomer that meets a liar', () => {
  it('names it and ends with the state of the others', async () => {
    await closeRound(0)
    const { height } = await untilAgreed(testnet.nodes)
    liar = await startLiar(testnet.genesis, nodeAt(0).addresses[0] as string)
    const { child, client } = await startStranger('newcomer', [liar.address])
    await poll('the liar is found out', 30_000, async () => child.lastWords().join('\n'), (words) => words.includes('is asked for no more history') && words.includes((liar as Liar).peerId))
    expect((await client.get<NodeStatus>('status')).height).toBeLessThan(height)
    await child.stop()
    const again = await startStranger('newcomer', [liar.address, nodeAt(1).addresses[0] as string])
    await poll('the newcomer has caught up', 30_000, () => statusOf(again), (status) => status.height >= height)
    await poll('the newcomer is a member', 30_000, () => statusOf(again), ({ role }) => role === 'member')
    await untilAgreed([...testnet.nodes, again])
    expect((await runCommand(['leave', '--node', again.client.url])).out).toContain('has asked to leave')
    await poll('the newcomer has left', 30_000, () => membersAt(0), (members) => members.length === NODES)
    await again.child.stop()
  }, 120_000)
})

describe('a newcomer with a checkpoint', () => {
  it('begins after its block, ends with the state of the others, and knows nothing from before', async () => {
    const file = join(testnet.folder, 'beginning.json')
    await closeRound(1)
    expect((await runCommand(['checkpoint', '--out', file, '--home', homeOf(0)])).code).toBe(0)
    const { height, ...document } = JSON.parse(await readFile(file, 'utf8')) as CheckpointDocument
    await writeFile(`${file}.damaged`, JSON.stringify({ height, ...document, proof: `${document.proof.slice(0, -400)}${'A'.repeat(400)}` }))
    await closeRound(0)
    const stranger = await makeStranger('informed', [])
    const address = nodeAt(1).addresses[0] as string
    // Ends where the node would start: that is done by a process of its own.
    const joinWith = (checkpoint: string, home = stranger.home.dataDir, peer = address) => runToEnd(['join', peer, '--home', home, '--checkpoint', checkpoint])
    const alone = await makeStranger('alone', [])
    expect((await runCommand(['init', '--network', 'another', '--home', alone.home.dataDir])).code).toBe(0)
    const other = await startMade(alone)
    const { addresses: [another] } = await statusOf(other)
    expect(await joinWith(`${file}.damaged`)).toMatchObject({ code: 8, err: expect.stringContaining('does not hold') })
    expect(await joinWith(testnet.folder + '/genesis.json')).toMatchObject({ code: 8, err: expect.stringContaining('is no checkpoint') })
    expect(await joinWith(file, stranger.home.dataDir, another)).toMatchObject({ code: 8, err: expect.stringMatching(/network "another".*checkpoint is of "test"/) })
    await other.child.stop()
    const settled = await makeStranger('settled', [])
    await writeFile(join(settled.home.configDir, 'genesis.json'), JSON.stringify(createGenesis({ name: 'third', members: [{ id: nodeAt(0).node.memberId, weight: 1 }] })))
    expect(await joinWith(file, settled.home.dataDir)).toMatchObject({ code: 3, err: expect.stringMatching(/belongs to network "third".*another one, "test"/) })
    expect(await joinWith(file)).toMatchObject({ code: 1, err: expect.stringContaining(`begins after block ${height} of network "test" with state ${document.stateRoot}`) })
    expect(await joinWith(file)).toMatchObject({ code: 1, err: expect.stringContaining(`up to block ${height} already`) })
    const newcomer = await startMade(stranger)
    await poll('the newcomer is a member', 30_000, () => statusOf(newcomer), ({ role }) => role === 'member')
    expect((await untilAgreed([...testnet.nodes, newcomer])).height).toBeGreaterThan(height)
    const { rounds } = await newcomer.client.get<{ rounds: { closedHeight: number | null }[] }>('rounds')
    expect(rounds).toHaveLength(1)
    expect(await newcomer.client.get<RewardsDocument>(`members/${nodeAt(0).node.memberId}/rewards`)).toMatchObject({ since: height })
    expect((await runCommand(['leave', '--node', newcomer.client.url])).code).toBe(0)
    await poll('the newcomer has left', 30_000, () => membersAt(0), (members) => members.length === NODES)
    await newcomer.child.stop()
  }, 120_000)
})

describe('a member that goes over to a new key', () => {
  it('keeps its points, and votes with the new key from the next epoch on', async () => {
    const from = nodeAt(3).node.memberId
    const rotate = async (): Promise<{ step: string; to: string }> => JSON.parse((await runCommand(['identity', 'rotate', '--home', homeOf(3), '--json'])).out) as { step: string; to: string }
    const { points } = await nodeAt(0).client.get<RewardsDocument>(`members/${from}/rewards`)
    const { step, to } = await rotate()
    expect(step).toBe('asked')
    await poll('the new key is a member', 30_000, () => membersAt(0), (members) => members.some(({ memberId }) => memberId === to) && members.every(({ memberId }) => memberId !== from))
    expect(await rotate()).toMatchObject({ step: 'waiting', to })
    const votes = async (): Promise<boolean> => (await nodeAt(0).client.get<{ peers: PeerInfo[] }>('peers')).peers.some(({ memberId, votingWeight }) => memberId === from && votingWeight > 0)
    for (let rounds = 0; rounds < 4 && (await votes()); rounds++) await closeRound(rounds % 3)
    await untilAgreed(testnet.nodes)
    await nodeAt(3).child.stop()
    expect(await rotate()).toMatchObject({ step: 'done', from, to })
    const again = await testnet.restart(3)
    expect(await statusOf(again)).toMatchObject({ memberId: to, role: 'member' })
    await poll('the new key is heard of', 30_000, () => membersAt(0), (members) => members.some(({ memberId, present, votingWeight }) => memberId === to && present && votingWeight > 0))
    expect((await nodeAt(0).client.get<RewardsDocument>(`members/${to}/rewards`)).points).toBeGreaterThanOrEqual(points)
    await closeRound(0)
    await untilAgreed(testnet.nodes)
  }, 120_000)
})

describe('a network that has lost more than a third for good', () => {
  it('goes on from a checkpoint with those that are left, and takes in newcomers', async () => {
    const file = join(testnet.folder, 'checkpoint.json')
    const before = await untilAgreed(testnet.nodes)
    const survivors = [nodeAt(0), nodeAt(3)]
    const ids = await Promise.all(survivors.map(async (node) => (await statusOf(node)).memberId))
    const rewards = await Promise.all(ids.map((id) => nodeAt(0).client.get<RewardsDocument>(`members/${id}/rewards?history=1`)))
    expect((await runCommand(['checkpoint', '--out', file, '--home', homeOf(0)])).code).toBe(0)
    await Promise.all([0, 1, 2, 3].map((index) => testnet.kill(index)))
    const forged = JSON.parse(await readFile(file, 'utf8')) as CheckpointDocument
    await writeFileWhole(`${file}.forged`, JSON.stringify({ ...forged, proof: `${forged.proof.slice(0, -400)}${'A'.repeat(400)}` }))
    const found = (index: number, path: string) => runCommand(['init', '--home', homeOf(index), '--from-checkpoint', path, '--founders', ...ids, '--json'])
    expect((await found(0, `${file}.forged`)).code).toBe(8)
    const genesisFile = join(testnet.folder, 'genesis.json')
    for (const index of [0, 3]) expect((await found(index, file)).code).toBe(0)
    const genesis = JSON.parse(await readFile(genesisFile, 'utf8')) as Genesis
    expect(genesis).toMatchObject({ checkpoint: { network: networkId(testnet.genesis), height: before.height, stateRoot: before.stateRoot }, name: 'test' })
    const [first] = [await testnet.restart(0), await testnet.restart(3)]
    const status = await poll('the new network has a block', 60_000, () => statusOf(first), ({ membersPresent }) => membersPresent === 2)
    expect(status).toMatchObject({ networkId: networkId(genesis), height: before.height, role: 'founder' })
    for (const [at, id] of ids.entries()) expect(await nodeAt(0).client.get(`members/${id}/rewards?history=1`)).toEqual(rewards[at])
    const newcomer = await startStranger('late', [(first).addresses[0] as string])
    await poll('a newcomer is a member', 60_000, () => statusOf(newcomer), ({ role, networkId: network }) => role === 'member' && network === networkId(genesis))
    const after = await untilAgreed([nodeAt(0), nodeAt(3), newcomer])
    expect(after.height).toBeGreaterThan(before.height)
    expect(await newcomer.client.get<RewardsDocument>(`members/${ids[0]}/rewards`)).toMatchObject({ points: rewards[0]?.points, since: before.height })
  }, 180_000)
})
