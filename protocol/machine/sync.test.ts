import { beforeAll, describe, expect, it } from 'vitest'
import { sha256, type Certificate } from '../../consensus/index.ts'
import { decodeCanonical, encode } from '../encoding.ts'
import type { Opened, Request } from '../frames.ts'
import { stateRoot } from '../ledger/state.ts'
import { drive } from '../sim/world.ts'
import type { Effect, Event } from './events.ts'
import { restoreMachine } from './restore.ts'
import { serve } from './serve.ts'
import { describeProgress, step } from './step.ts'
import { createPast, droppedBy, encodeAgain, honest, newcomerAmong, openedAsIs, strangerIn, turnLastBit, type History, type Newcomer, type Past, type Peer } from './test/newcomers.ts'

let past: Past

beforeAll(() => {
  past = createPast(12, 16)
})

type Final = History['blocks'][number]

const ofChain = (change: (history: History) => History | null): Peer => (frames, { type }) => {
  if (type !== 'chain') return frames
  return frames.map((bytes) => change(openedAsIs(past, bytes) as History)).flatMap((history) => (history === null ? [] : [encodeAgain(history)]))
}
const ofBlocks = (change: (block: Final) => Final): Peer => ofChain((history) => ({ ...history, blocks: history.blocks.map(change) }))
const ofCertificates = (change: (signatures: Certificate['signatures']) => Certificate['signatures']): Peer =>
  ofBlocks((block) => (block.certificate === null ? block : { ...block, certificate: { ...block.certificate, signatures: change(block.certificate.signatures) } }))

function expectLevel({ machine }: Newcomer): void {
  expect(stateRoot(machine.ledger)).toBe(stateRoot(past.machine.ledger))
  expect(machine.head).toEqual(past.machine.head)
}

describe('a newcomer', () => {
  it('ends with the state root of everybody, from certified blocks alone, without computing or asking an agent anything', () => {
    const newcomer = newcomerAmong(past, { a: honest })
    expectLevel(newcomer)
    expect(newcomer.machine.ledger).toMatchObject({ records: 12 })
    expect(newcomer.machine.ledger.epoch).toBeGreaterThan(2)
    expect(newcomer.effects.filter(({ type }) => type === 'compute' || type === 'ask-agent')).toEqual([])
    expect(droppedBy(newcomer)).toEqual([])
  })

  it('of other rules tells once which final block it cannot take over, however often it is given', () => {
    const machine = strangerIn(past)
    machine.ledger = { ...machine.ledger, minted: 1 }
    const frames = past.give({ type: 'chain', fromHeight: 1, toHeight: 64 }).map((bytes) => openedAsIs(past, bytes))
    const feed = (): Effect[] => {
      const asking: Event[] = [{ type: 'peer-connected', member: 'a' }, { type: 'frames', frames: [{ type: 'offer', height: 64, horizon: 1, epochs: [] }], from: 'a', asked: 'offer' }]
      const events: Event[] = [...asking, { type: 'frames', frames, from: 'a', asked: 'chain', fromHeight: 1 }, { type: 'timer', name: 'sync' }]
      return events.flatMap((event) => step(machine, event, 10).effects)
    }
    const notices = [...feed(), ...feed()].flatMap((effect) => (effect.type === 'notify' && effect.notice.type === 'block-refused' ? [effect.notice] : []))
    expect(notices).toEqual([{ type: 'block-refused', height: 1, code: 'wrong-state-root' }])
    expect(machine.refused).toEqual({ height: 1, code: 'wrong-state-root' })
  })

  it('asks several peers for ranges that do not overlap, no more than a few at a time, and none for what it does not offer', () => {
    const machine = strangerIn(past)
    const all: Effect[] = []
    for (const [member, height] of [['a', 5_000], ['b', 300], ['c', 90]] as const) {
      step(machine, { type: 'peer-connected', member }, 0)
      all.push(...step(machine, { type: 'frames', frames: [{ type: 'offer', height, horizon: 1, epochs: [] }], from: member, asked: 'offer' }, 0).effects)
    }
    const ranges = all.flatMap((effect) => (effect.type === 'request' && effect.request.type === 'chain' ? [[effect.to, effect.request.fromHeight, effect.request.toHeight]] : []))
    expect(ranges).toEqual([['a', 1, 64], ['a', 65, 128], ['b', 129, 192], ['b', 193, 256]])
  })

  it('takes ranges over in order, whoever is first', () => {
    const held: [Uint8Array[], Request][] = []
    const newcomer = newcomerAmong(past, { a: (frames, request) => (request.type === 'chain' && request.fromHeight === 1 ? (held.push([frames, request]), null) : frames) }, { ticks: 1 })
    expect(newcomer.machine.ledger.height).toBe(0)
    const [frames, request] = held[0] as [Uint8Array[], Extract<Request, { type: 'chain' }>]
    const events: Event[] = [{ type: 'frames', frames: frames.map((bytes) => openedAsIs(past, bytes)), from: 'a', asked: 'chain', fromHeight: request.fromHeight }, { type: 'timer', name: 'sync' }]
    for (const event of events) step(newcomer.machine, event, 3_000)
    expectLevel(newcomer)
  })

  it('says so where peers are ahead and none gives what it lacks, and for as long', () => {
    const forgetful: Peer = (frames, { type }) => type === 'offer' ? frames.map((bytes) => encodeAgain({ ...(openedAsIs(past, bytes) as Extract<Opened, { type: 'offer' }>), horizon: 9, epochs: [] })) : type === 'chain' ? [] : frames
    expect(describeProgress(newcomerAmong(past, { a: forgetful }).machine).stranded).toBe(true)
    expect(describeProgress(newcomerAmong(past, { a: forgetful, b: honest }).machine).stranded).toBe(false)
  })

  it('stores a chain that it can continue from, and serve to the next one', () => {
    const { machine, store } = newcomerAmong(past, { a: honest })
    const again = drive({ store }, restoreMachine(machine.config))
    expect(stateRoot(again.ledger)).toBe(stateRoot(machine.ledger))
    const all: Request = { type: 'chain', fromHeight: 1, toHeight: 1_000 }
    expect(drive({ store }, serve(all, again, 'x')).map((frame) => sha256(frame))).toEqual(past.give(all).map((frame) => sha256(frame)))
  })

  it('asks to join at every standstill', () => {
    const { machine } = newcomerAmong(past, { a: honest })
    const { effects } = step(machine, { type: 'timer', name: 'standstill' }, 200_000)
    expect(effects.some((effect) => effect.type === 'publish' && effect.message.kind === 'join')).toBe(true)
  })
})

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
    const newcomer = newcomerAmong(past, { a: liar, b: honest })
    const dropped = droppedBy(newcomer)
    expect(dropped[0]?.[0]).toBe('a')
    expect(dropped.map(([, why]) => why)).toContain(code)
    expect(dropped.filter(([peer]) => peer !== 'a')).toEqual([])
    expectLevel(newcomer)
  })

  it.each(lies)('moves nobody alone if it %s', (_, liar) => {
    const { machine } = newcomerAmong(past, { a: liar })
    expect(machine.ledger.height).toBeLessThan(past.machine.ledger.height)
  })

  it('is given another chance when nobody else is left', () => {
    let isFirst = true
    const newcomer = newcomerAmong(past, {
      a: (frames, { type }) => {
        const lies = isFirst && type === 'chain'
        if (lies) isFirst = false
        return lies ? [] : frames
      },
    }, { ticks: 20 })
    expectLevel(newcomer)
  })
})

describe('a peer that is slow', () => {
  it('is dropped and named, and another one is asked for what it was to give', () => {
    const silent: Peer = (frames, { type }) => (type === 'chain' ? null : frames)
    const newcomer = newcomerAmong(past, { a: silent, b: honest }, { ticks: 6 })
    expect(droppedBy(newcomer)).toEqual([['a', 'slow']])
    expectLevel(newcomer)
  })

  it('is not blamed if the connection to it ends', () => {
    const machine = strangerIn(past)
    const all: Effect[] = []
    const feed = (event: Event, nowMs: number): void => void all.push(...step(machine, event, nowMs).effects)
    for (const member of ['a', 'b']) {
      feed({ type: 'peer-connected', member }, 0)
      feed({ type: 'frames', frames: [{ type: 'offer', height: 40, horizon: 1, epochs: [] }], from: member, asked: 'offer' }, 0)
    }
    feed({ type: 'peer-disconnected', member: 'a' }, 1_000)
    feed({ type: 'timer', name: 'standstill' }, 5_500)
    const ranges = all.flatMap((effect) => (effect.type === 'request' && effect.request.type === 'chain' && effect.to !== null ? [effect.to] : []))
    expect(ranges.slice(-1)).toEqual(['b'])
    expect(all.filter((effect) => effect.type === 'notify' && effect.notice.type === 'peer-dropped')).toEqual([])
  })
})
