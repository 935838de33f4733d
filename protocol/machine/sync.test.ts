import { beforeAll, describe, expect, it } from 'vitest'
import { sha256, type Certificate } from '../../consensus/index.ts'
import { decodeCanonical, encode } from '../encoding.ts'
import { encodeFrame, openFrame, type FrameCode, type Opened, type Request } from '../frames.ts'
import { stateRoot } from '../ledger/state.ts'
import { simulatedSigner, verifySimulated } from '../sim/members.ts'
import { drive, type SimNode, type World } from '../sim/world.ts'
import type { Effect, Event, Notice } from './events.ts'
import { createMachine, type Machine } from './machine-state.ts'
import { restoreMachine } from './restore.ts'
import { serve } from './serve.ts'
import { step } from './step.ts'
import { finishRun, startRun } from './test/runs.ts'

/** What a peer makes of the frames that it should give; null: it gives none, ever. */
type Peer = (frames: Uint8Array[], request: Request) => Uint8Array[] | null

let world: World
let source: SimNode

beforeAll(() => {
  const run = startRun({ nodes: 4, seed: 4, askers: [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1], parameters: { epochBlocks: 16 } })
  expect(finishRun(run, 18)).toBe(true)
  world = run.world
  source = world.nodes[0] as SimNode
})

const honest: Peer = (frames) => frames
const sourceMachine = (): Machine => source.machine as Machine
const give = (request: Request): Uint8Array[] => drive(source, serve(request, sourceMachine(), 'somebody'))

interface Newcomer {
  machine: Machine
  effects: Effect[]
  store: Map<string, Uint8Array>
  asked: { to: string | null; request: Request }[]
  notices: Notice[]
}

/** A machine that never saw the network, among peers that give what `source` has, or what they make of it. */
function newcomerAmong(peers: Record<string, Peer>, ticks = 3): Newcomer {
  const machine = createMachine({ genesis: world.genesis, signer: simulatedSigner(55), verify: verifySimulated, agent: { canAnswer: true, canJudge: true, model: '' } })
  const newcomer: Newcomer = { machine, effects: [], store: new Map(), asked: [], notices: [] }
  let nowMs = 0
  const queue: Event[] = [{ type: 'start' }, ...Object.keys(peers).map((member): Event => ({ type: 'peer-connected', member }))]
  const feed = (event: Event): void => {
    for (const effect of step(machine, event, (nowMs += 10)).effects) {
      newcomer.effects.push(effect)
      if (effect.type === 'persist') for (const { key, value } of effect.changes) if (value === null) newcomer.store.delete(key); else newcomer.store.set(key, value)
      if (effect.type === 'notify') newcomer.notices.push(effect.notice)
      if (effect.type === 'timer' && effect.name === 'sync') queue.push({ type: 'timer', name: 'sync' })
      if (effect.type === 'request') queue.push(...answerOf(newcomer, peers, effect))
    }
  }
  for (let tick = 0; tick < ticks; tick++) {
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) feed(event)
    nowMs += 2_000
    queue.push({ type: 'timer', name: 'standstill' })
  }
  return newcomer
}

function answerOf({ asked }: Newcomer, peers: Record<string, Peer>, { to, request }: Extract<Effect, { type: 'request' }>): Event[] {
  asked.push({ to, request })
  const from = to ?? (Object.keys(peers)[0] as string)
  const reply = peers[from]?.(give(request), request) ?? null
  if (reply === null) return []
  let fault: FrameCode | null = null
  const frames = reply.flatMap((bytes): Opened[] => {
    const opened = openFrame(bytes, { network: world.network, verify: verifySimulated })
    if (!opened.ok) fault = opened.code
    return opened.ok ? [opened.opened] : []
  })
  return [{ type: 'frames', frames, from, asked: request.type, ...(request.type === 'chain' ? { fromHeight: request.fromHeight, fault } : {}) }]
}

const droppedBy = ({ notices }: Newcomer): [string, string][] => notices.flatMap((notice) => (notice.type === 'peer-dropped' ? [[notice.peer, notice.code]] : []))
type History = Extract<Opened, { type: 'history' }>
type Final = History['blocks'][number]

const ofChain = (change: (history: History) => History | null): Peer => (frames, { type }) => {
  if (type !== 'chain') return frames
  return frames.map((bytes) => change(opened(bytes) as History)).flatMap((history) => (history === null ? [] : [encodeAgain(history)]))
}
const ofBlocks = (change: (block: Final) => Final): Peer => ofChain((history) => ({ ...history, blocks: history.blocks.map(change) }))
const ofCertificates = (change: (signatures: Certificate['signatures']) => Certificate['signatures']): Peer =>
  ofBlocks((block) => (block.certificate === null ? block : { ...block, certificate: { ...block.certificate, signatures: change(block.certificate.signatures) } }))

function opened(bytes: Uint8Array): Opened {
  const result = openFrame(bytes, { network: world.network, verify: () => true })
  if (!result.ok) throw new Error(result.code)
  return result.opened
}

function encodeAgain({ parts, blocks }: History): Uint8Array {
  const encoded = blocks.map(({ message, repeats, certificate }) => ({ proposal: message.bytes, repeats: repeats.map(({ bytes }) => bytes), certificate }))
  return encodeFrame({ type: 'history', parts, blocks: encoded })
}

function expectLevel({ machine }: Newcomer): void {
  expect(stateRoot(machine.ledger)).toBe(stateRoot(sourceMachine().ledger))
  expect(machine.head).toEqual(sourceMachine().head)
}

describe('a newcomer', () => {
  it('ends with the state root of everybody, from certified blocks alone, without computing or asking an agent anything', () => {
    const newcomer = newcomerAmong({ a: honest })
    expectLevel(newcomer)
    expect(newcomer.machine.ledger).toMatchObject({ records: 18 })
    expect(newcomer.machine.ledger.epoch).toBeGreaterThan(3)
    expect(newcomer.effects.filter(({ type }) => type === 'compute' || type === 'ask-agent')).toEqual([])
    expect(droppedBy(newcomer)).toEqual([])
  })

  it('asks several peers for ranges that do not overlap, no more than a few at a time, and none for what it does not offer', () => {
    const machine = createMachine({ genesis: world.genesis, signer: simulatedSigner(55), verify: verifySimulated, agent: { canAnswer: true, canJudge: true, model: '' } })
    const all: Effect[] = []
    for (const [member, height] of [['a', 5_000], ['b', 300], ['c', 90]] as const) {
      step(machine, { type: 'peer-connected', member }, 0)
      all.push(...step(machine, { type: 'frames', frames: [{ type: 'offer', height, horizon: 1 }], from: member, asked: 'offer' }, 0).effects)
    }
    const ranges = all.flatMap((effect) => (effect.type === 'request' && effect.request.type === 'chain' ? [[effect.to, effect.request.fromHeight, effect.request.toHeight]] : []))
    expect(ranges).toEqual([['a', 1, 64], ['a', 65, 128], ['b', 129, 192], ['b', 193, 256]])
  })

  it('takes ranges over in order, whoever is first', () => {
    const held: [Uint8Array[], Request][] = []
    const newcomer = newcomerAmong({ a: (frames, request) => (request.type === 'chain' && request.fromHeight === 1 ? (held.push([frames, request]), null) : frames) })
    expect(newcomer.machine.ledger.height).toBe(0)
    const [frames, request] = held[0] as [Uint8Array[], Extract<Request, { type: 'chain' }>]
    const events: Event[] = [{ type: 'frames', frames: frames.map(opened), from: 'a', asked: 'chain', fromHeight: request.fromHeight }, { type: 'timer', name: 'sync' }]
    for (const event of events) step(newcomer.machine, event, 3_000)
    expectLevel(newcomer)
  })

  it('stores a chain that it can continue from, and serve to the next one', () => {
    const { machine, store } = newcomerAmong({ a: honest })
    const again = drive({ store }, restoreMachine(machine.config))
    expect(stateRoot(again.ledger)).toBe(stateRoot(machine.ledger))
    const all: Request = { type: 'chain', fromHeight: 1, toHeight: 1_000 }
    expect(drive({ store }, serve(all, again, 'x')).map((frame) => sha256(frame))).toEqual(give(all).map((frame) => sha256(frame)))
  })

  it('asks to join at every standstill', () => {
    const { machine } = newcomerAmong({ a: honest })
    const { effects } = step(machine, { type: 'timer', name: 'standstill' }, 200_000)
    expect(effects.some((effect) => effect.type === 'publish' && effect.message.kind === 'join')).toBe(true)
  })
})

const turnLastBit = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte))

describe('a peer that lies', () => {
  const lies: [string, Peer, string][] = [
    ['gives blocks without certificates', ofBlocks((block) => ({ ...block, certificate: null })), 'nothing-served'],
    ['gives nothing of what it offers', ofChain(() => null), 'nothing-served'],
    ['cuts certificates below a quorum', ofCertificates((signatures) => signatures.slice(0, 2)), 'unsound-certificate'],
    ['leaves out a block', ofChain((history) => ({ ...history, blocks: history.blocks.filter(({ message }) => message.body.height !== 2) })), 'not-linked'],
    ['leaves out items', ofChain((history) => ({ ...history, parts: history.parts.slice(1) })), 'missing-items'],
    ['forges results', ofChain((history) => ({ ...history, parts: history.parts.map((part) => ('points' in (decodeCanonical(part) as object) ? encode({ forged: true }) : part)) })), 'missing-result'],
    ['signs a block itself', ofBlocks((block) => ({ ...block, message: { ...block.message, bytes: turnLastBit(block.message.bytes) } })), 'bad-signature'],
    ['signs a certificate itself', ofCertificates((signatures) => signatures.map(({ author, signature }) => ({ author, signature: turnLastBit(signature) }))), 'bad-certificate'],
    ['gives what is no frame', (frames, { type }) => (type === 'chain' ? frames.map((bytes) => bytes.slice(1)) : frames), 'malformed'],
  ]

  it.each(lies)('is dropped and named if it %s, and another one is asked', (_, liar, code) => {
    const newcomer = newcomerAmong({ a: liar, b: honest })
    const dropped = droppedBy(newcomer)
    expect(dropped[0]?.[0]).toBe('a')
    expect(dropped.map(([, why]) => why)).toContain(code)
    expect(dropped.filter(([peer]) => peer !== 'a')).toEqual([])
    expectLevel(newcomer)
  })

  it.each(lies)('moves nobody alone if it %s', (_, liar) => {
    const { machine } = newcomerAmong({ a: liar })
    expect(machine.ledger.height).toBeLessThan(sourceMachine().ledger.height)
  })

  it('is given another chance when nobody else is left', () => {
    let isFirst = true
    const newcomer = newcomerAmong({
      a: (frames, { type }) => {
        const lies = isFirst && type === 'chain'
        if (lies) isFirst = false
        return lies ? [] : frames
      },
    }, 20)
    expectLevel(newcomer)
  })
})

describe('a peer that is slow', () => {
  it('is dropped and named, and another one is asked for what it was to give', () => {
    const silent: Peer = (frames, { type }) => (type === 'chain' ? null : frames)
    const newcomer = newcomerAmong({ a: silent, b: honest }, 6)
    expect(droppedBy(newcomer)).toEqual([['a', 'slow']])
    expectLevel(newcomer)
  })

  it('is not blamed if the connection to it ends', () => {
    const machine = createMachine({ genesis: world.genesis, signer: simulatedSigner(55), verify: verifySimulated, agent: { canAnswer: true, canJudge: true, model: '' } })
    const all: Effect[] = []
    const feed = (event: Event, nowMs: number): void => void all.push(...step(machine, event, nowMs).effects)
    for (const member of ['a', 'b']) {
      feed({ type: 'peer-connected', member }, 0)
      feed({ type: 'frames', frames: [{ type: 'offer', height: 40, horizon: 1 }], from: member, asked: 'offer' }, 0)
    }
    feed({ type: 'peer-disconnected', member: 'a' }, 1_000)
    feed({ type: 'timer', name: 'standstill' }, 5_500)
    const ranges = all.flatMap((effect) => (effect.type === 'request' && effect.request.type === 'chain' && effect.to !== null ? [effect.to] : []))
    expect(ranges.slice(-1)).toEqual(['b'])
    expect(all.filter((effect) => effect.type === 'notify' && effect.notice.type === 'peer-dropped')).toEqual([])
  })
})
