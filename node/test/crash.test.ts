import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateTask, KEYS, networkId, sealEnvelope, type Message } from '../../protocol/index.ts'
import type { RoundPhase } from '../service.ts'
import { openLevelStore } from '../store/level-store.ts'
import type { Store } from '../store/store.ts'
import { findContradictions, readGuard, readHead, readSpoken } from './contradictions.ts'
import { startListener, type GossipListener } from './gossip-listener.ts'
import { createStranger } from './stranger.ts'
import { ask, poll, startTestnet, untilAcquainted, untilAgreed, untilClosed, watchFor, type Testnet, type TestNode } from './testnet-processes.ts'

const NODES = 5
/** Which node dies in which phase of a round that the first node asks. */
const KILLS: readonly [RoundPhase, number][] = [
  ['answer-commit', 1],
  ['answer-reveal', 2],
  ['ballot-commit', 3],
  ['ballot-reveal', 0],
  ['closing', 4],
]

let testnet: Testnet
let listener: GossipListener
beforeAll(async () => {
  testnet = await startTestnet({ nodes: NODES, parameters: { revealMs: 3_000, leaderMs: 1_000, viewMs: 3_000 } })
  listener = await startListener(testnet.genesis, testnet.nodes.flatMap(({ addresses }) => addresses))
}, 90_000)
afterAll(async () => {
  await listener?.stop()
  await testnet?.stop()
})

const nodeAt = (index: number): TestNode => testnet.nodes[index] as TestNode

async function withStore<T>(index: number, read: (store: Store) => Promise<T>): Promise<T> {
  const store = await openLevelStore(join(nodeAt(index).node.home.dataDir, 'store', networkId(testnet.genesis).slice(0, 16)))
  return read(store).finally(() => store.close())
}

/** What a dead node said where its store holds nothing, or something else: it might say something else there next time. */
async function findUnguarded(index: number, round: string): Promise<string[]> {
  const { guard, head, isClosed } = await withStore(index, async (store) => ({
    guard: await readGuard(store, networkId(testnet.genesis)),
    head: await readHead(store),
    isClosed: (await store.get(KEYS.round(round))) !== null,
  }))
  const isForgotten = (message: Message): boolean => {
    if (message.kind === 'vote' || message.kind === 'proposal') return message.body.view < head.view
    return isClosed || !('round' in message.body) || message.body.round !== round
  }
  return listener.heard.flatMap((message) => {
    const { slot } = message
    if (slot === null || message.author !== nodeAt(index).node.memberId || isForgotten(message)) return []
    return guard.get(slot) === message.id ? [] : [`${message.kind} in ${slot}`]
  })
}

describe('a node killed outright', () => {
  it.each(KILLS)('in phase %s holds nobody up, had stored what it said, and comes back to the same state', async (phase, victim) => {
    const watched = await watchFor(nodeAt(victim), (event) => event.type === 'phase-entered' && event.phase === phase)
    const prompt = generateTask('countdown', `crash/${phase}`)
    const round = await ask(nodeAt(0), { kind: 'countdown', prompt, answerMs: 5_000, judgeMs: 5_000 })
    await watched.seen
    await testnet.kill(victim)
    watched.close()
    expect(await findUnguarded(victim, round)).toEqual([])
    const { memberId } = nodeAt(victim).node
    const before = listener.heard.filter(({ author }) => author === memberId).length

    const others = testnet.nodes.filter((_, index) => index !== victim)
    const closed = await untilClosed(others[0] as TestNode, round)
    expect(closed.rated).toBe(true)
    await testnet.restart(victim)
    await untilAcquainted(testnet.nodes, NODES)
    await untilAgreed(testnet.nodes)
    expect(await nodeAt(victim).client.get(`rounds/${round}`)).toMatchObject({ status: 'closed', record: closed.record })
    await poll('it is heard again', 20_000, async () => listener.heard.filter(({ author }) => author === memberId).length, (heard) => heard > before)
  }, 90_000)

  it('takes part in the next round like everybody else, and no node ever contradicted itself', async () => {
    const round = await untilClosed(nodeAt(1), await ask(nodeAt(1), { kind: 'countdown', prompt: generateTask('countdown', 'crash/after') }))
    expect(round.answers.map(({ member }) => member).sort()).toEqual(testnet.nodes.map(({ node }) => node.memberId).sort())
    const { stateRoot } = await untilAgreed(testnet.nodes)
    await Promise.all(testnet.nodes.map(({ child }) => child.stop()))
    const network = networkId(testnet.genesis)
    const stored: Message[] = []
    for (const index of testnet.nodes.keys()) stored.push(...(await withStore(index, (store) => readSpoken(store, network))))
    for (const { node } of testnet.nodes) {
      const kinds = new Set(listener.heard.filter(({ author }) => author === node.memberId).map(({ kind }) => kind))
      for (const kind of ['commit', 'reveal', 'observation', 'vote', 'proposal', 'presence'] as const) expect(kinds, node.name).toContain(kind)
    }
    expect(findContradictions([...listener.heard, ...stored])).toEqual([])
    expect(stateRoot).toMatch(/^[0-9a-f]{64}$/)
  }, 90_000)
})

describe('findContradictions', () => {
  const network = '1'.repeat(64)
  const author = createStranger()
  const vote = (kind: 'notarize' | 'nullify' | 'finalize', view: number, block: string | null): Message => sealEnvelope(network, 'vote', { kind, epoch: 0, view, block }, author)

  it('finds two bodies in one slot, and votes that exclude each other', () => {
    const commit = (hash: string | null): Message => sealEnvelope(network, 'commit', { round: network, phase: 'answer-commit', hash }, author)
    expect(findContradictions([commit(null), commit(network)])).toHaveLength(1)
    expect(findContradictions([vote('nullify', 1, null), vote('finalize', 1, network)])).toHaveLength(1)
    expect(findContradictions([vote('notarize', 1, network), vote('notarize', 1, '2'.repeat(64))]).length).toBeGreaterThan(0)
  })
  it('lets pass what may be said', () => {
    expect(findContradictions([vote('notarize', 1, network), vote('notarize', 1, network), vote('nullify', 1, null), vote('finalize', 2, network)])).toEqual([])
  })
})
