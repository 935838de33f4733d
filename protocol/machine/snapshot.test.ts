import { beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import { decodeCanonical, encode } from '../encoding.ts'
import { encodeFrame, type Opened } from '../frames.ts'
import { rootOf, restOf, stateRoot, type LedgerState } from '../ledger/state.ts'
import { drive } from '../sim/world.ts'
import { KEYS } from './keys.ts'
import { restoreMachine } from './restore.ts'
import { serve } from './serve.ts'
import { createPast, droppedBy, encodeAgain, honest, newcomerAmong, openedAsIs, type Newcomer, type Past, type Peer } from './test/newcomers.ts'

let past: Past

beforeAll(() => {
  past = createPast(6, 8)
})

type Of<T extends Opened['type']> = Extract<Opened, { type: T }>

const offerOf = (change: Partial<Of<'offer'>>): Peer => (frames, { type }) =>
  type === 'offer' ? [encodeFrame({ ...(openedAsIs(past, frames[0] as Uint8Array) as Of<'offer'>), ...change })] : frames
/** A peer that has given up old items: it serves the chain only from its last snapshots on. */
const pruned = (change: Peer = honest): Peer => (frames, request) => {
  const horizon = horizonOf()
  if (request.type === 'chain' && request.fromHeight < horizon) return []
  return change(offerOf({ horizon })(frames, request) as Uint8Array[], request)
}
const ofFrames = <T extends Opened['type']>(type: T, change: (frame: Of<T>) => Opened | null): Peer => (frames) =>
  frames.flatMap((bytes) => {
    const frame = openedAsIs(past, bytes)
    const changed = frame.type === type ? change(frame as Of<T>) : frame
    return changed === null ? [] : [encodeAgain(changed)]
  })

function horizonOf(): number {
  const [, value] = [...past.source.store].filter(([key]) => key.startsWith('boundary/')).at(-2) as [string, Uint8Array]
  return (decodeCanonical(value) as { height: number }).height + 1
}

function expectLevel({ machine }: Newcomer): void {
  expect(stateRoot(machine.ledger)).toBe(stateRoot(past.machine.ledger))
  expect(machine.head).toEqual(past.machine.head)
}

describe('the root of a state', () => {
  it('is of who votes and of the hash of the rest, and changes with either', () => {
    const { ledger } = past.machine
    const { epoch, validators } = ledger
    expect(rootOf({ epoch, validators }, restOf(ledger))).toBe(stateRoot(ledger))
    const others = [{ ...ledger, epoch: epoch + 1 }, { ...ledger, validators: validators.slice(1) }, { ...ledger, minted: ledger.minted + 1 }]
    expect(new Set([ledger, ...others].map((state) => stateRoot(state))).size).toBe(4)
  })
})

describe('a node', () => {
  it('keeps the proof of every epoch, and the state of the last two', () => {
    const { epoch } = past.machine.ledger
    const keys = [...past.source.store.keys()]
    expect(keys.filter((key) => key.startsWith('boundary/'))).toEqual(Array.from({ length: epoch }, (_, index) => KEYS.boundary(index + 1)))
    expect(keys.filter((key) => key.startsWith('snapshot/'))).toEqual([KEYS.snapshot(epoch - 1), KEYS.snapshot(epoch)])
  })
})

describe('a newcomer among peers that have given up old items', () => {
  it('ends with the same state root: from end of epoch to end of epoch, and then block by block', () => {
    const newcomer = newcomerAmong(past, { a: pruned() })
    expectLevel(newcomer)
    expect(newcomer.notices.filter(({ type }) => type === 'jumped')).toMatchObject([{ from: 0 }])
    expect(droppedBy(newcomer)).toEqual([])
  })

  it('can continue from what it stored, and serves what it has: the proofs, its snapshot, and the chain from there', () => {
    const { machine, store } = newcomerAmong(past, { a: pruned() })
    const again = drive({ store }, restoreMachine(machine.config))
    expect(stateRoot(again.ledger)).toBe(stateRoot(machine.ledger))
    const ask = (request: Parameters<typeof serve>[0]): string[] => drive({ store }, serve(request, again, 'x')).map((frame) => sha256(frame))
    const give = (request: Parameters<typeof serve>[0]): string[] => past.give(request).map((frame) => sha256(frame))
    const { epoch } = machine.ledger
    for (const request of [{ type: 'boundaries', fromEpoch: 1 }, { type: 'snapshot', epoch, offset: 0 }] as const) expect(ask(request)).toEqual(give(request))
    const [offer] = drive({ store }, serve({ type: 'offer' }, again, 'x')).map((bytes) => openedAsIs(past, bytes)) as [Of<'offer'>]
    expect(offer.horizon).toBeGreaterThan(1)
    expect(ask({ type: 'chain', fromHeight: offer.horizon, toHeight: 1_000 })).toEqual(give({ type: 'chain', fromHeight: offer.horizon, toHeight: 1_000 }))
    expect(ask({ type: 'chain', fromHeight: 1, toHeight: 1_000 })).toEqual([])
  })

  it('replays everything if one of them still has it', () => {
    const newcomer = newcomerAmong(past, { a: pruned(), b: honest })
    expectLevel(newcomer)
    expect(newcomer.notices.some(({ type }) => type === 'jumped')).toBe(false)
  })
})

describe('a newcomer that wants no history', () => {
  it('jumps although the history could be had', () => {
    const newcomer = newcomerAmong(past, { a: honest }, { archive: false })
    expectLevel(newcomer)
    expect(newcomer.notices.some(({ type }) => type === 'jumped')).toBe(true)
  })
})

describe('a peer that lies about an end of epoch', () => {
  const richer = (state: LedgerState): LedgerState => ({ ...state, minted: state.minted + 1 })
  const lies: [string, Peer, string][] = [
    ['names other validators', ofFrames('boundary', (frame) => ({ ...frame, validators: frame.validators.slice(1) })), 'bad-boundary'],
    ['leaves one out', ofFrames('boundary', (frame) => (frame.epoch === 2 ? null : frame)), 'bad-boundary'],
    ['leaves out its certificate', ofFrames('boundary', (frame) => ({ ...frame, block: { ...frame.block, certificate: null } })), 'bad-boundary'],
    ['cuts its certificate below a quorum', ofFrames('boundary', (frame) => ({ ...frame, block: { ...frame.block, certificate: frame.block.certificate && { ...frame.block.certificate, signatures: frame.block.certificate.signatures.slice(0, 2) } } })), 'bad-boundary'],
    ['gives none', ofFrames('boundary', () => null), 'nothing-served'],
    ['gives another state', ofFrames('piece', (frame) => forge(frame, (state) => encode(richer(decodeCanonical(state) as LedgerState)))), 'bad-snapshot'],
    ['gives no state', ofFrames('piece', (frame) => forge(frame, () => encode(7))), 'bad-snapshot'],
    ['gives a piece of nothing', ofFrames('piece', (frame) => ({ ...frame, bytes: new Uint8Array() })), 'bad-snapshot'],
    ['gives pieces out of order', ofFrames('piece', (frame) => ({ ...frame, offset: frame.offset + 1 })), 'bad-snapshot'],
    ['promises too much', ofFrames('piece', (frame) => ({ ...frame, total: 1e9 })), 'bad-snapshot'],
    ['gives no snapshot', ofFrames('piece', () => null), 'nothing-served'],
  ]

  function forge(frame: Of<'piece'>, change: (state: Uint8Array) => Uint8Array): Of<'piece'> {
    const { state, items } = decodeCanonical(frame.bytes) as { state: Uint8Array; items: Uint8Array[] }
    const bytes = encode({ state: change(state), items })
    return { ...frame, bytes, total: bytes.length }
  }

  it.each(lies)('is dropped and named if it %s, and another one is asked', (_, liar, code) => {
    const newcomer = newcomerAmong(past, { a: pruned(liar), b: pruned() })
    expect(droppedBy(newcomer)).toEqual([['a', code]])
    expectLevel(newcomer)
  })

  it.each(lies)('moves nobody alone if it %s', (_, liar) => {
    expect(newcomerAmong(past, { a: pruned(liar) }).machine.ledger.height).toBe(0)
  })
})
