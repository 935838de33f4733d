import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import { createMachine, decodeRequest, encodeBundle, encodeFrame, encodeRequest, openFrame, sealEnvelope, type Event, type Machine, type Message, type Opened, type Verdict } from '../../protocol/index.ts'
import { verify, verifySoon } from '../crypto.ts'
import type { Network } from '../network/network.ts'
import { createMemoryStore } from '../store/memory-store-fixture.ts'
import { BAD_GOSSIP, BAD_REQUESTS, createBadFrames } from '../test/bad-frames.ts'
import { createScriptedAgent, startMemoryNetwork, type MemoryNetwork, type MemoryNode } from '../test/memory-network.ts'
import { createStranger } from '../test/stranger.ts'
import { createOpener } from './open-frames.ts'
import { createWire, type Wire } from './wire.ts'

let network: MemoryNetwork
let node: MemoryNode
beforeAll(async () => {
  network = await startMemoryNetwork(['1', '2', '3'].map(createScriptedAgent))
  node = network.nodes[0] as MemoryNode
  const { round } = await node.service.ask({ prompt: 'x', kind: 'text', answerMs: 5_000, judgeMs: 5_000 })
  await vi.waitFor(async () => expect((await node.service.round(round))?.status).toBe('closed'), { timeout: 20_000, interval: 20 })
})
afterAll(() => network.stop())

interface Trial {
  wire: Wire
  machine: Machine
  dispatched: Event[]
  judged: Event[]
  published: Uint8Array[]
  requested: [string, Uint8Array][]
  troubles: string[]
}

/** A wire whose machine is looked over by the test, between two peers. */
function createTrial(verdict: Verdict = { verdict: 'accept' }, reply: (request: Uint8Array) => Promise<Uint8Array[]> = async () => []): Trial {
  const signer = createStranger()
  const machine = createMachine({ genesis: network.genesis, signer, verify, agent: { canAnswer: true, canJudge: true, model: '' } })
  const trial: Omit<Trial, 'wire'> = { machine, dispatched: [], judged: [], published: [], requested: [], troubles: [] }
  const peer = (id: string): ReturnType<Network['peers']>[0] => ({ id, address: '', direction: 'inbound', latencyMs: null, program: null })
  const stub: Network = {
    peerId: signer.member,
    addresses: () => [],
    publish: async (message) => void trial.published.push(message),
    request: async (to, request) => {
      trial.requested.push([to, request])
      return reply(request)
    },
    keepConnected: () => undefined,
    dial: async (address) => address,
    peers: () => [peer('ann'), peer('bob')],
    announcedBy: async () => [],
    joinTopic: async () => undefined,
    stop: async () => undefined,
  }
  const judge = async (event: Event): Promise<Verdict> => {
    trial.judged.push(event)
    return verdict
  }
  const dispatch = (event: Event): void => void trial.dispatched.push(event)
  const wire = createWire({ machine, store: createMemoryStore(), network: stub, verify, dispatch, judge, onTrouble: (message) => trial.troubles.push(message) })
  return { ...trial, wire }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

function goodMessage(machine: Machine): Message {
  return sealEnvelope(machine.rules.network, 'presence', { sequence: 1, canAnswer: true, canJudge: true, model: '', links: 0, height: 0 }, createStranger())
}

describe('what arrives by gossip', () => {
  it('is refused with its code and counted, and the machine never hears of it', async () => {
    const { wire, machine, judged } = createTrial()
    const expected: Record<string, number> = {}
    for (const { what, code, bytes } of createBadFrames(machine.rules.network, createStranger().member)) {
      expect(await wire.onGossip(encodeBundle([bytes]), 'ann'), what).toBe('reject')
      expected[code] = (expected[code] ?? 0) + 1
      expect(wire.refusals(), what).toEqual(expected)
    }
    for (const bytes of BAD_GOSSIP) expect(await wire.onGossip(bytes, 'ann')).toBe('reject')
    expect(wire.refusals()).toEqual({ ...expected, malformed: (expected['malformed'] ?? 0) + BAD_GOSSIP.length })
    expect(judged).toEqual([])
  })

  it('is passed on as the machine says, and counted where it says no', async () => {
    for (const verdict of ['accept', 'ignore', 'reject'] as const) {
      const { wire, machine, judged } = createTrial(verdict === 'accept' ? { verdict } : { verdict, code: 'unfit-item' })
      const message = goodMessage(machine)
      // Only its author answers for what a message says: a neighbour may have been a block behind.
      expect(await wire.onGossip(encodeBundle([message.bytes]), 'ann')).toBe(verdict === 'reject' ? 'ignore' : verdict)
      expect(judged).toMatchObject([{ type: 'message', from: 'ann', message: { id: message.id } }])
      expect(wire.refusals()).toEqual(verdict === 'accept' ? {} : { 'unfit-item': 1 })
    }
  })

  it('is judged envelope by envelope, but passed on or held against the sender as a whole', async () => {
    const { wire, machine, judged } = createTrial()
    const [one, two] = [goodMessage(machine), goodMessage(machine)]
    expect(await wire.onGossip(encodeBundle([one.bytes, two.bytes]), 'ann')).toBe('accept')
    expect(judged).toHaveLength(2)
    expect(await wire.onGossip(encodeBundle([one.bytes, Uint8Array.of(1), two.bytes]), 'ann')).toBe('reject')
    expect(judged).toHaveLength(4)
    expect(wire.refusals()).toEqual({ malformed: 1 })
  })
})

describe('what arrives by stream', () => {
  it('is refused and counted where it is no request, and answered with nothing', async () => {
    const { wire } = createTrial()
    for (const request of BAD_REQUESTS) expect(await wire.onRequest(request, 'ann')).toEqual([])
    expect(wire.refusals()).toEqual({ 'malformed-request': BAD_REQUESTS.length })
  })

  it('reaches the machine without its bad frames', async () => {
    const { wire, machine, dispatched } = createTrial()
    const good = goodMessage(machine)
    const bad = createBadFrames(machine.rules.network, good.author)
    const frames = [good.bytes, ...bad.map(({ bytes }) => bytes)].map((bytes) => encodeFrame({ type: 'envelope', bytes }))
    expect(await wire.onRequest(encodeRequest({ type: 'deliver', frames: [...frames, Uint8Array.of(1)] }), 'ann')).toEqual([])
    expect(dispatched).toMatchObject([{ type: 'frames', from: 'ann', asked: null, frames: [{ type: 'message', message: { id: good.id } }] }])
    expect(Object.values(wire.refusals()).reduce((sum, count) => sum + count, 0)).toBe(bad.length + 1)
  })

  it('does not disturb the machine where every frame is bad', async () => {
    const { wire, dispatched } = createTrial()
    await wire.onRequest(encodeRequest({ type: 'deliver', frames: [Uint8Array.of(1)] }), 'ann')
    expect(dispatched).toEqual([])
  })

  it('is answered from the store: genesis, chain and items open again at the other end', async () => {
    const context = { network: node.machine.rules.network, validators: node.machine.ledger.validators, verify }
    const fetch = async (request: Parameters<typeof encodeRequest>[0]): Promise<Opened[]> =>
      (await node.wire.onRequest(encodeRequest(request), 'ann')).map((bytes) => {
        const result = openFrame(bytes, context)
        if (!result.ok) throw new Error(result.code)
        return result.opened
      })
    expect(await fetch({ type: 'genesis' })).toEqual([{ type: 'genesis', genesis: network.genesis }])
    const chain = await fetch({ type: 'chain', fromHeight: 1, toHeight: 100 })
    const [history] = chain as [Extract<Opened, { type: 'history' }>]
    expect(history.blocks.map(({ message }) => message.body.height)).toEqual(Array.from({ length: node.machine.ledger.height }, (_, index) => index + 1))
    expect(history.blocks.at(-1)?.certificate).not.toBeNull()
    const item = sha256(history.parts[0] as Uint8Array)
    expect(await fetch({ type: 'get', hashes: ['0'.repeat(64), item] })).toMatchObject([{ type: 'message', message: { id: item } }])
    expect(await fetch({ type: 'chain', fromHeight: 1_000_000, toHeight: 1_000_063 })).toEqual([])
  })
})

describe('what the machine sends', () => {
  it('goes out as one gossip message where it is said in one turn', async () => {
    const { wire, machine, published } = createTrial()
    const messages = [goodMessage(machine), goodMessage(machine)]
    for (const message of messages) wire.perform({ type: 'publish', message })
    await settled()
    wire.perform({ type: 'publish', message: messages[0] as Message })
    await settled()
    expect(published).toEqual([encodeBundle(messages.map(({ bytes }) => bytes)), encodeBundle([messages[0]?.bytes as Uint8Array])])
  })

  it('goes to everybody, or to the one that is meant, in parts that fit a request', async () => {
    const { wire, requested } = createTrial()
    const frames = Array.from({ length: 5 }, (_, index) => new Uint8Array(300_000).fill(index))
    wire.perform({ type: 'send', to: 'everybody', frames })
    wire.perform({ type: 'send', to: 'bob', frames: [Uint8Array.of(9)] })
    wire.perform({ type: 'send', to: 'nobody', frames: [Uint8Array.of(9)] })
    await settled()
    const delivered = (to: string): Uint8Array[] =>
      requested.filter(([peer]) => peer === to).flatMap(([, bytes]) => {
        const request = decodeRequest(bytes)
        return request?.type === 'deliver' ? request.frames : []
      })
    const outline = (list: Uint8Array[]): string[] => list.map((bytes) => `${bytes.length} x ${bytes[0]}`)
    expect(outline(delivered('ann'))).toEqual(outline(frames))
    expect(outline(delivered('bob'))).toEqual(outline([...frames, Uint8Array.of(9)]))
    expect(Math.max(...requested.map(([, bytes]) => bytes.length))).toBeLessThan(1_000_000)
    expect(new Set(requested.map(([peer]) => peer))).toEqual(new Set(['ann', 'bob']))
  })

  it('is asked of the one that is meant, and what it replies is opened, counted and handed over', async () => {
    const { wire, machine, dispatched, requested } = createTrial({ verdict: 'accept' }, async () => [encodeFrame({ type: 'envelope', bytes: goodMessage(machine).bytes }), Uint8Array.of(1)])
    wire.perform({ type: 'request', to: 'bob', request: { type: 'chain', fromHeight: 1, toHeight: 100 } })
    await settled()
    expect(requested.map(([peer]) => peer)).toEqual(['bob'])
    expect(dispatched).toMatchObject([{ type: 'frames', from: 'bob', asked: 'chain', fromHeight: 1, fault: 'malformed', frames: [{ type: 'message' }] }])
    expect(wire.refusals()).toEqual({ malformed: 1 })
  })

  it('has the signatures of a long reply checked elsewhere, and tells which one does not hold', async () => {
    const reply: Uint8Array[] = []
    const { wire, machine, dispatched } = createTrial({ verdict: 'accept' }, async () => reply)
    const good = goodMessage(machine)
    const forged = good.bytes.map((byte, at) => (at === good.bytes.length - 1 ? byte ^ 1 : byte))
    reply.push(...[good.bytes, forged].map((bytes) => encodeFrame({ type: 'envelope', bytes })))
    for (const frames of [1, 2]) {
      const opener = createOpener({ network: machine.rules.network, verify, verifySoon, count: () => undefined })
      const slow = createOpener({ network: machine.rules.network, verify, verifySoon: undefined, count: () => undefined })
      const part = reply.slice(0, frames)
      expect(await opener.openHistory(part, 'bob')).toEqual(slow.openAll(part, 'bob'))
      expect(await slow.openHistory(part, 'bob')).toEqual(slow.openAll(part, 'bob'))
    }
    wire.perform({ type: 'request', to: 'bob', request: { type: 'boundaries', fromEpoch: 1 } })
    await settled()
    expect(dispatched).toMatchObject([{ asked: 'boundaries', fault: 'bad-signature' }])
  })

  it('may fail without harm', async () => {
    const { wire, dispatched, troubles } = createTrial({ verdict: 'accept' }, () => Promise.reject(new Error('gone')))
    wire.perform({ type: 'request', to: null, request: { type: 'genesis' } })
    wire.perform({ type: 'send', to: 'everybody', frames: [Uint8Array.of(1)] })
    await settled()
    expect([dispatched, troubles]).toEqual([[], ['request failed']])
  })
})
