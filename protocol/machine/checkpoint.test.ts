import { beforeAll, describe, expect, it } from 'vitest'
import { decodeCanonical, encode } from '../encoding.ts'
import { createGenesis, genesisSchema, networkId, type Genesis } from '../genesis.ts'
import { stateRoot, type LedgerState } from '../ledger/state.ts'
import { simulatedSigner, verifySimulated } from '../sim/members.ts'
import { drive } from '../sim/world.ts'
import { makeCheckpoint, openCheckpoint, stateOfCheckpoint, type Checkpoint } from './checkpoint.ts'
import { createMachine } from './machine-state.ts'
import { createPast, strangerIn, type Past } from './test/newcomers.ts'

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

type Parts = { genesis: Genesis; boundaries: Uint8Array[]; head: Uint8Array; state: Uint8Array }
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
