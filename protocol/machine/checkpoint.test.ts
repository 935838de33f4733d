import { beforeAll, describe, expect, it } from 'vitest'
import { decodeCanonical, encode } from '../encoding.ts'
import { createGenesis, genesisSchema, networkId, type Genesis } from '../genesis.ts'
import { stateRoot, type LedgerState } from '../ledger/state.ts'
import type { Request } from '../frames.ts'
import { simulatedSigner, verifySimulated } from '../sim/members.ts'
import { drive } from '../sim/world.ts'
import { makeCheckpoint, openCheckpoint, stateOfCheckpoint, storeAfter, type Checkpoint } from './checkpoint.ts'
import type { Event } from './events.ts'
import { createMachine } from './machine-state.ts'
import { serve } from './serve.ts'
import { step } from './step.ts'
import { createPast, droppedBy, encodeAgain, honest, newcomerAmong, openedAsIs, strangerIn, turnLastBit, type Newcomer, type Past, type Peer } from './test/newcomers.ts'

let past: Past
let bytes: Uint8Array
let checkpoint: Checkpoint

beforeAll(() => {
  past = createPast(5, 8)
  bytes = drive(past.source, makeCheckpoint(past.machine)) as Uint8Array
  const opened = openCheckpoint(bytes, verifySimulated)
  if (!opened.ok) throw new Error(opened.code)
  ;({ checkpoint } = opened)
})

type Parts = { genesis: Genesis; boundaries: Uint8Array[]; head: Uint8Array; state: Uint8Array; items: Uint8Array[] }
const spoiled = (change: (parts: Parts) => Partial<Parts>): string => {
  const parts = decodeCanonical(bytes) as Parts
  const opened = openCheckpoint(encode({ ...parts, ...change(parts) }), verifySimulated)
  return opened.ok ? 'ok' : opened.code
}

describe('a checkpoint', () => {
  it('is the state after the last final block, proven from the genesis on', () => {
    const { ledger, rules } = past.machine
    expect(checkpoint.name).toEqual({ network: rules.network, epoch: ledger.epoch, height: ledger.height, stateRoot: stateRoot(ledger), record: ledger.lastRecord })
    expect(checkpoint.genesis).toEqual(past.world.genesis)
    expect(stateRoot(checkpoint.state)).toBe(stateRoot(ledger))
  })

  it('is refused where anything on the way to its state is missing or forged', () => {
    expect(spoiled(() => ({}))).toBe('ok')
    expect(spoiled(({ state }) => ({ state: encode({ ...(decodeCanonical(state) as object), minted: 7 }) }))).toBe('wrong-state-root')
    expect(spoiled(({ boundaries }) => ({ boundaries: boundaries.slice(1) }))).toBe('bad-boundary')
    expect(spoiled(() => ({ boundaries: [] }))).toBe('bad-boundary')
    expect(spoiled(({ boundaries }) => ({ head: boundaries[0] as Uint8Array }))).toBe('malformed')
    expect(spoiled(({ genesis }) => ({ genesis: { ...genesis, name: 'another' } }))).toBe('malformed')
    expect(spoiled(({ head }) => ({ head: head.map((byte, at) => (at === head.length >> 1 ? byte ^ 1 : byte)) }))).toBe('malformed')
    expect(openCheckpoint(encode('x'), verifySimulated)).toEqual({ ok: false, code: 'malformed' })
  })

  it('does not exist before the first final block', () => {
    expect(drive({ store: new Map() }, makeCheckpoint(strangerIn(past)))).toBeNull()
  })
})

describe('a newcomer that begins after a checkpoint', () => {
  /** A peer of the time when this block was the last, or the one with a certificate before it. */
  const until = (height: number): Peer => (frames) =>
    frames.map((bytes) => {
      const frame = openedAsIs(past, bytes)
      if (frame.type === 'offer') return encodeAgain({ ...frame, height, epochs: [] })
      if (frame.type !== 'history') return bytes
      const known = frame.blocks.filter(({ message }) => message.body.height <= height)
      return encodeAgain({ ...frame, blocks: known.slice(0, known.findLastIndex(({ certificate }) => certificate !== null) + 1) })
    })
  /** A peer that gives the chain only from its last snapshots on. */
  const pruned = (change: Peer = honest): Peer => (frames, request) => {
    const horizon = past.machine.ledger.epochHeight - 3
    if (request.type === 'chain' && request.fromHeight < horizon) return []
    const offered = frames.map((bytes) => {
      const frame = openedAsIs(past, bytes)
      return frame.type === 'offer' ? encodeAgain({ ...frame, horizon }) : bytes
    })
    return change(offered, request)
  }
  const ofBoundaries = (change: (validators: { member: string; weight: number }[]) => { member: string; weight: number }[]): Peer => (frames, { type }) =>
    type !== 'boundaries' ? frames : frames.map((bytes) => {
      const frame = openedAsIs(past, bytes)
      return frame.type === 'boundary' ? encodeAgain({ ...frame, validators: change(frame.validators) }) : bytes
    })

  let early: Checkpoint
  let earlyBytes: Uint8Array

  beforeAll(() => {
    for (let height = 12; ; height++) {
      const { machine, store } = newcomerAmong(past, { a: until(height) })
      earlyBytes = drive({ store }, makeCheckpoint(machine)) as Uint8Array
      const opened = openCheckpoint(earlyBytes, verifySimulated)
      if (!opened.ok) throw new Error(opened.code)
      early = opened.checkpoint
      // In the midst of a round, which refers to what came before.
      if (Object.values(early.state.rounds).some(({ cuts }) => cuts['answer-reveal'] !== undefined)) break
    }
  })

  const beginning = (): Map<string, Uint8Array> => new Map((storeAfter(early) as { key: string; value: Uint8Array }[]).map(({ key, value }) => [key, value]))
  function expectLevel({ machine }: Newcomer): void {
    expect(stateRoot(machine.ledger)).toBe(stateRoot(past.machine.ledger))
    expect(machine.head).toEqual(past.machine.head)
  }

  it('ends with the same state root from the blocks after it alone', () => {
    expect(newcomerAmong(past, {}, { store: beginning() }).machine.ledger).toEqual(early.state)
    const newcomer = newcomerAmong(past, { a: honest }, { store: beginning() })
    expectLevel(newcomer)
    expect(droppedBy(newcomer)).toEqual([])
    const chains = newcomer.asked.flatMap(({ request }) => (request.type === 'chain' ? [request.fromHeight] : []))
    expect(Math.min(...chains)).toBe(early.state.height + 1)
  })

  it('takes the snapshot of a peer that has given up the blocks between, proven by who votes at the checkpoint', () => {
    const newcomer = newcomerAmong(past, { a: pruned() }, { store: beginning() })
    expectLevel(newcomer)
    expect(newcomer.notices.filter(({ type }) => type === 'jumped')).toMatchObject([{ from: early.state.height }])
    expect(newcomer.asked.flatMap(({ request }) => (request.type === 'boundaries' ? [request.fromEpoch] : []))[0]).toBe(early.state.epoch + 1)
  })

  it('refuses what is forged and names the peer, and goes on with another one', () => {
    const thieves: [Peer, string][] = [
      [pruned(ofBoundaries((validators) => validators.slice(1))), 'bad-boundary'],
      [pruned((frames, { type }) => (type === 'snapshot' ? frames.map((bytes) => encodeAgain({ ...(openedAsIs(past, bytes) as { type: 'piece'; epoch: number; offset: number; total: number; bytes: Uint8Array }), bytes: turnLastBit(bytes), total: bytes.length })) : frames)), 'bad-snapshot'],
    ]
    for (const [thief, code] of thieves) {
      const newcomer = newcomerAmong(past, { a: thief, b: pruned() }, { store: beginning() })
      expect(droppedBy(newcomer)).toEqual([['a', code]])
      expectLevel(newcomer)
      expect(newcomerAmong(past, { a: thief }, { store: beginning() }).machine.ledger.height).toBe(early.state.height)
    }
  })

  it('follows no chain that the block of the checkpoint is not part of', () => {
    const store = beginning()
    const head = { hash: 'a'.repeat(64), view: early.head.message.body.view }
    const { machine } = newcomerAmong(past, {}, { store })
    machine.head = head
    for (const event of [
      { type: 'peer-connected', member: 'a' },
      { type: 'frames', frames: past.give({ type: 'offer' }).map((bytes) => openedAsIs(past, bytes)), from: 'a', asked: 'offer' },
      { type: 'frames', frames: past.give({ type: 'chain', fromHeight: early.state.height + 1, toHeight: 1_000 }).map((bytes) => openedAsIs(past, bytes)), from: 'a', asked: 'chain', fromHeight: early.state.height + 1 },
    ] as const satisfies Event[]) step(machine, event, 10)
    expect(machine.sync.dropped.get('a')).toBe('not-linked')
    expect(machine.head).toBe(head)
  })

  it('serves from there on, and knows of no rounds before', () => {
    const { machine, store } = newcomerAmong(past, { a: honest }, { store: beginning() })
    const [offer] = drive({ store }, serve({ type: 'offer' }, machine, 'x')).map((bytes) => openedAsIs(past, bytes))
    expect(offer).toMatchObject({ horizon: early.state.height + 1, height: past.machine.ledger.height })
    expect(drive({ store }, serve({ type: 'chain', fromHeight: 1, toHeight: 5 }, machine, 'x'))).toEqual([])
    const after: Request = { type: 'chain', fromHeight: early.state.height + 1, toHeight: 1_000 }
    expect(drive({ store }, serve(after, machine, 'x'))).toEqual(past.give(after))
    expect(openCheckpoint(drive({ store }, makeCheckpoint(machine)) as Uint8Array, verifySimulated)).toMatchObject({ ok: true, checkpoint: { name: checkpoint.name } })
  })

  it('does not begin where what the open rounds refer to is not in the file', () => {
    const parts = decodeCanonical(earlyBytes) as Parts
    for (const items of [parts.items.slice(1), [], parts.items.map(turnLastBit)]) {
      const opened = openCheckpoint(encode({ ...parts, items }), verifySimulated)
      expect(opened.ok && storeAfter(opened.checkpoint)).toBeNull()
    }
  })
})

describe('a network that goes on from a checkpoint', () => {
  const resumed = (): { genesis: Genesis; ledger: LedgerState; stay: string; newcomer: string } => {
    const stay = past.world.genesis.members[0]?.id as string
    const newcomer = simulatedSigner(77).member
    const genesis = createGenesis({ name: 'again', members: [{ id: stay, weight: 5 }, { id: newcomer, weight: 5 }], parameters: past.world.genesis.parameters, checkpoint: checkpoint.name })
    const machine = createMachine({ genesis, signer: simulatedSigner(77), verify: verifySimulated, agent: past.machine.config.agent, checkpoint: checkpoint.state })
    expect(machine.head).toEqual({ hash: networkId(genesis), view: 0 })
    return { genesis, ledger: machine.ledger, stay, newcomer }
  }

  it('keeps members, reputations, points, the record and the height', () => {
    const { ledger } = resumed()
    const { state } = checkpoint
    expect(ledger).toMatchObject({ height: state.height, records: state.records, lastRecord: state.lastRecord, minted: state.minted, epoch: state.epoch + 1, epochHeight: state.height })
    for (const [id, { answering, judging, points, penalties }] of Object.entries(state.members)) {
      expect(ledger.members[id]).toMatchObject({ answering, judging, points, penalties })
    }
  })

  it('has the new founders as validators and nobody else, and no open rounds', () => {
    const { ledger, stay, newcomer } = resumed()
    expect(ledger.validators.map(({ member }) => member).sort()).toEqual([stay, newcomer].sort())
    expect(Object.entries(ledger.members).filter(([, { weight }]) => weight > 0).map(([id]) => id).sort()).toEqual([stay, newcomer].sort())
    expect(ledger).toMatchObject({ rounds: {}, owed: [] })
  })

  it('does not begin with any other state', () => {
    const { genesis } = resumed()
    const init = { genesis, signer: simulatedSigner(77), verify: verifySimulated, agent: past.machine.config.agent }
    expect(() => createMachine(init)).toThrow(RangeError)
    expect(() => createMachine({ ...init, checkpoint: { ...checkpoint.state, minted: 7 } })).toThrow(RangeError)
    expect(stateOfCheckpoint(genesis, encode(checkpoint.state))).toEqual(checkpoint.state)
    expect(stateOfCheckpoint(genesis, encode({ ...checkpoint.state, minted: 7 }))).toBeNull()
  })

  it('has another id than a network without it', () => {
    const { genesis } = resumed()
    const { checkpoint: _, ...rest } = genesis
    expect(networkId(genesisSchema.parse(rest))).not.toBe(networkId(genesis))
  })
})
