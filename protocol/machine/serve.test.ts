import { beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import { openFrame, type Opened, type Request } from '../frames.ts'
import { stateRoot } from '../ledger/state.ts'
import { simulatedSigner, verifySimulated } from '../sim/members.ts'
import { drive, type SimNode, type World } from '../sim/world.ts'
import type { Effect } from './events.ts'
import { createMachine, type Machine } from './machine-state.ts'
import { restoreMachine } from './restore.ts'
import { serve } from './serve.ts'
import { step } from './step.ts'
import { finishRun, startRun } from './test/runs.ts'

let world: World
let source: SimNode

beforeAll(() => {
  const run = startRun({ nodes: 4, seed: 4, askers: [0, 1, 2, 3], parameters: { exactPlayersMax: 3, creditPairs: 4 } })
  expect(finishRun(run, 4)).toBe(true)
  world = run.world
  source = world.nodes[0] as SimNode
})

/** The frames that a request gets from a node's store, opened as the asker would. */
function ask(request: Request, node = source): Opened[] {
  return drive(node, serve(request, world.genesis)).map((bytes) => {
    const opened = openFrame(bytes, { network: world.network, verify: verifySimulated })
    if (!opened.ok) throw new Error(opened.code)
    return opened.opened
  })
}

const ledgerOf = (node: SimNode): Machine['ledger'] => (node.machine as Machine).ledger

describe('serve', () => {
  it('gives items, proposals and results by their hashes, and leaves out what it does not have', () => {
    const [item] = [...source.store.keys()].filter((key) => key.startsWith('item/'))
    const [proposal] = [...source.store.keys()].filter((key) => key.startsWith('proposal/'))
    const [result] = [...source.store.keys()].filter((key) => key.startsWith('result/'))
    const hashes = [item, proposal, result].map((key) => (key as string).split('/')[1] as string)
    const frames = ask({ type: 'get', hashes: [sha256('unknown'), ...hashes] })
    expect(frames.map(({ type }) => type)).toEqual(['message', 'message', 'result'])
    expect(frames[0]).toMatchObject({ message: { id: hashes[0] } })
    expect(frames[2]).toMatchObject({ hash: hashes[2] })
  })

  it('gives the chain in order, every block after what it refers to, up to one that is certified', () => {
    const frames = ask({ type: 'chain', fromHeight: 1 })
    const heights = frames.flatMap((frame) => (frame.type === 'message' && frame.message.kind === 'proposal' ? [frame.message.body.height] : []))
    expect(heights).toEqual(Array.from({ length: ledgerOf(source).height }, (_, index) => index + 1))
    expect(frames.at(-1)).toMatchObject({ type: 'certificate', certificate: { kind: 'finalize' } })
    const seen = new Set<string>()
    for (const frame of frames) {
      if (frame.type === 'result') seen.add(frame.hash)
      if (frame.type !== 'message' || frame.message.kind !== 'proposal') continue
      for (const entry of frame.message.body.entries) if (entry.type === 'result') expect(seen).toContain(entry.hash)
    }
  })

  it('gives the rest of the chain from any height, and nothing beyond its end', () => {
    const { height } = ledgerOf(source)
    const blocks = ask({ type: 'chain', fromHeight: height }).filter((frame) => frame.type === 'message' && frame.message.kind === 'proposal')
    expect(blocks).toHaveLength(1)
    expect(ask({ type: 'chain', fromHeight: height + 1 })).toEqual([])
  })

  it('gives the last finalization and the certificates from a view on', () => {
    const kinds = ask({ type: 'certificates', fromView: 0 }).map((frame) => (frame.type === 'certificate' ? frame.certificate.kind : frame.type))
    expect(kinds).toContain('finalize')
    const later = ask({ type: 'certificates', fromView: 1_000_000 })
    expect(later.map((frame) => frame.type === 'certificate' && frame.certificate.kind)).toEqual(['finalize'])
  })

  it('gives the genesis, and nothing for a delivery', () => {
    expect(ask({ type: 'genesis' })).toEqual([{ type: 'genesis', genesis: world.genesis }])
    expect(ask({ type: 'deliver', frames: [] })).toEqual([])
  })
})

describe('a newcomer', () => {
  /** A machine that never saw the network, fed with what its requests get from `source` until it asks for nothing more. */
  function sync(spoil: (frames: Opened[]) => Opened[] = (frames) => frames): { machine: Machine; effects: Effect[]; store: Map<string, Uint8Array> } {
    const signer = simulatedSigner(55)
    const machine = createMachine({ genesis: world.genesis, signer, verify: verifySimulated, agent: { canAnswer: true, canJudge: true, model: '' } })
    const store = new Map<string, Uint8Array>()
    const all: Effect[] = []
    let nowMs = 0
    const feed = (event: Parameters<typeof step>[1]): void => {
      const { effects } = step(machine, event, (nowMs += 1_000))
      all.push(...effects)
      for (const effect of effects) {
        for (const { key, value } of effect.type === 'persist' ? effect.changes : []) {
          if (value === null) store.delete(key)
          else store.set(key, value)
        }
      }
      for (const effect of effects) {
        if (effect.type === 'request' && nowMs < 100_000) feed({ type: 'frames', frames: spoil(ask(effect.request)), from: source.member, asked: effect.request.type })
      }
    }
    feed({ type: 'start' })
    feed({ type: 'peer-connected', member: source.member })
    return { machine, effects: all, store }
  }

  it('ends with the state root of everybody, from certified blocks alone, without computing anything', () => {
    const { machine, effects } = sync()
    expect(machine.ledger.records).toBe(4)
    expect(stateRoot(machine.ledger)).toBe(stateRoot(ledgerOf(source)))
    expect(machine.head.hash).toBe((source.machine as Machine).head.hash)
    expect(effects.filter(({ type }) => type === 'compute' || type === 'ask-agent')).toEqual([])
  })

  it('stores a chain that it can continue from, and serve to the next one', () => {
    const { machine, store } = sync()
    const again = drive({ store }, restoreMachine(machine.config))
    expect(stateRoot(again.ledger)).toBe(stateRoot(machine.ledger))
    const next = drive({ store }, serve({ type: 'chain', fromHeight: 1 }, world.genesis))
    expect(next.map((frame) => sha256(frame))).toEqual(drive(source, serve({ type: 'chain', fromHeight: 1 }, world.genesis)).map((frame) => sha256(frame)))
  })

  it('believes no block without a certificate', () => {
    const { machine } = sync((frames) => frames.filter(({ type }) => type !== 'certificate'))
    expect(machine.ledger.height).toBe(0)
  })

  it('stops before a result that does not have the certified hash', () => {
    const { machine } = sync((frames) =>
      frames.map((frame) => (frame.type === 'result' ? { ...frame, hash: sha256('another'), result: { ...frame.result, points: [] } } : frame)))
    expect(machine.ledger.records).toBe(0)
    expect(machine.ledger.height).toBeGreaterThan(0)
  })

  it('asks for items that a reply left out', () => {
    let isFirst = true
    const { machine, effects } = sync((frames) => {
      const kept = isFirst ? frames.filter((frame) => frame.type !== 'message' || frame.message.kind !== 'reveal') : frames
      isFirst = false
      return kept
    })
    expect(effects.some((effect) => effect.type === 'request' && effect.request.type === 'get')).toBe(true)
    expect(stateRoot(machine.ledger)).toBe(stateRoot(ledgerOf(source)))
  })

  it('asks to join at every standstill', () => {
    const { machine } = sync()
    const { effects } = step(machine, { type: 'timer', name: 'standstill' }, 200_000)
    expect(effects.some((effect) => effect.type === 'publish' && effect.message.kind === 'join')).toBe(true)
  })
})
