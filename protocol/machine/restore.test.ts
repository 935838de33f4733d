import { beforeAll, describe, expect, it } from 'vitest'
import { encode } from '../encoding.ts'
import { stateRoot } from '../ledger/state.ts'
import { drive, run, type SimNode, type World } from '../sim/world.ts'
import type { Machine } from './machine-state.ts'
import { readResult, RestoreError, restoreMachine } from './restore.ts'
import { startRun } from './test/runs.ts'

let world: World
let node: SimNode

/** A network in the middle of things: one round closed, two others open. */
beforeAll(() => {
  world = startRun({ nodes: 4, seed: 8, askers: [0, 1, 2] }).world
  node = world.nodes[1] as SimNode
  expect(run(world, 60_000, () => (node.machine?.ledger.records ?? 0) >= 1 && (node.machine?.items.size ?? 0) > 4)).toBe(true)
})

const restore = (store = node.store): Machine => drive({ store }, restoreMachine(node.config))
const present = (): Machine => node.machine as Machine

/** The store with one value replaced. */
function damaged(key: string, value: Uint8Array): Map<string, Uint8Array> {
  return new Map([...node.store, [key, value]])
}

function keyLike(prefix: string): string {
  const key = [...node.store.keys()].find((each) => each.startsWith(prefix))
  if (key === undefined) throw new Error(`the store has no ${prefix}`)
  return key
}

describe('restoreMachine', () => {
  it('gives a fresh machine for an empty store', () => {
    const machine = restore(new Map())
    expect(machine.ledger.height).toBe(0)
    expect(machine.head).toEqual({ hash: world.network, view: 0 })
  })

  it('brings back ledger, head, own messages and the items of open rounds', () => {
    const machine = restore()
    expect(stateRoot(machine.ledger)).toBe(stateRoot(present().ledger))
    expect(machine.head).toEqual(present().head)
    expect([...machine.own.keys()].sort()).toEqual([...present().own.keys()].sort())
    expect(new Set(machine.items.keys())).toEqual(new Set(present().items.keys()))
  })

  it('brings back the view, the certificates and the own votes in it', () => {
    const { agreement } = restore()
    expect(agreement.view).toBe(present().agreement.view)
    expect([...agreement.notarizations.keys()]).toEqual([...present().agreement.notarizations.keys()])
    for (const [view, state] of agreement.views) {
      const before = present().agreement.views.get(view)
      if (before === undefined) continue
      expect([state.ownNotarized, state.ownNullified, state.ownFinalized]).toEqual([before.ownNotarized, before.ownNullified, before.ownFinalized])
    }
  })

  it('brings back what is committed and not revealed', () => {
    const machine = restore()
    const secrets = (of: Machine) => [...of.rounds].filter(([, local]) => local.secrets.size > 0).map(([round, local]) => [round, [...local.secrets.keys()].sort()]).sort()
    expect(secrets(machine)).toEqual(secrets(present()))
  })

  it.each(['state', 'own/', 'item/', 'certificate/'])('refuses a store whose %s is noise, naming the key', (prefix) => {
    const key = prefix === 'item/' ? `item/${keyLike('open-item/').split('/')[2]}` : keyLike(prefix)
    for (const noise of [Uint8Array.of(1, 2, 3), new Uint8Array(), (node.store.get(key) as Uint8Array).slice(1)]) {
      expect(() => restore(damaged(key, noise))).toThrow(expect.objectContaining({ name: 'RestoreError', key }) as Error)
    }
  })

  it('refuses a state in which a bit has turned: its root is not the certified one', () => {
    const { ledger, head } = present()
    const richer = { ...ledger, minted: ledger.minted + 1 }
    expect(() => restore(damaged('state', encode({ state: richer, head })))).toThrow(RestoreError)
    expect(() => restore(damaged('state', encode({ state: ledger, head: { ...head, view: -1 } })))).toThrow(RestoreError)
    expect(() => restore(damaged('state', encode({})))).toThrow(RestoreError)
  })

  it('refuses secrets that are none', () => {
    const key = `secret/${Object.keys(present().ledger.rounds)[0]}/answer-reveal`
    expect(() => restore(damaged(key, encode({ content: 'text', salt: 1 })))).toThrow(expect.objectContaining({ name: 'RestoreError', key }) as Error)
  })

  it('refuses the store of another member', () => {
    const other = world.nodes[2] as SimNode
    expect(() => drive(node, restoreMachine(other.config))).toThrow(RestoreError)
  })
})

describe('readResult', () => {
  it('gives a stored result, null for an unknown one, and refuses one that does not have its hash', () => {
    const key = keyLike('result/')
    const hash = key.slice('result/'.length)
    const result = drive(node, readResult(hash))
    expect(result?.round).toMatch(/^[0-9a-f]{64}$/)
    expect(drive(node, readResult('0'.repeat(64)))).toBeNull()
    expect(() => drive({ store: damaged(key, encode({ ...result, agreement: 1 })) }, readResult(hash))).toThrow(RestoreError)
    expect(() => drive({ store: damaged(key, encode({ ...result, points: null })) }, readResult(hash))).toThrow(RestoreError)
  })
})
