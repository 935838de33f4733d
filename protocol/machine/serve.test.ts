import { beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import { openFrame, type Opened, type Request } from '../frames.ts'
import { verifySimulated } from '../sim/members.ts'
import { drive, type SimNode, type World } from '../sim/world.ts'
import type { Machine } from './machine-state.ts'
import { serve } from './serve.ts'
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
  return drive(node, serve(request, node.machine as Machine, 'somebody')).map((bytes) => {
    const opened = openFrame(bytes, { network: world.network, verify: verifySimulated })
    if (!opened.ok) throw new Error(opened.code)
    return opened.opened
  })
}

const ledgerOf = (node: SimNode): Machine['ledger'] => (node.machine as Machine).ledger

const blocksIn = (frames: Opened[]) => frames.flatMap((frame) => (frame.type === 'history' ? frame.blocks : []))

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
    const blocks = blocksIn(ask({ type: 'chain', fromHeight: 1, toHeight: 100 }))
    expect(blocks.map(({ message }) => message.body.height)).toEqual(Array.from({ length: ledgerOf(source).height }, (_, index) => index + 1))
    expect(blocks.at(-1)?.certificate).toMatchObject({ kind: 'finalize', block: (source.machine as Machine).head.hash })
    const seen = new Set<string>()
    for (const frame of ask({ type: 'chain', fromHeight: 1, toHeight: 100 })) {
      if (frame.type !== 'history') continue
      for (const part of frame.parts) seen.add(sha256(part))
      const entries = frame.blocks.flatMap(({ message }) => message.body.entries)
      for (const entry of entries) if (entry.type === 'result') expect(seen).toContain(entry.hash)
    }
  })

  it('gives the rest of the chain from any height, and nothing beyond its end', () => {
    const { height } = ledgerOf(source)
    expect(blocksIn(ask({ type: 'chain', fromHeight: height, toHeight: height + 99 }))).toHaveLength(1)
    expect(ask({ type: 'chain', fromHeight: height + 1, toHeight: height + 99 })).toEqual([])
  })

  it('ends a range with the first certified block from its end on', () => {
    for (const toHeight of [1, 2, 3, 7]) {
      const blocks = blocksIn(ask({ type: 'chain', fromHeight: 1, toHeight }))
      expect(blocks.length).toBeGreaterThanOrEqual(toHeight)
      expect(blocks.slice(toHeight - 1, -1).every(({ certificate }) => certificate === null)).toBe(true)
      expect(blocks.at(-1)?.certificate).not.toBeNull()
    }
  })

  it('says which part of the chain it has', () => {
    expect(ask({ type: 'offer' })).toEqual([{ type: 'offer', height: ledgerOf(source).height, horizon: 1, epochs: [] }])
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
