/** What a simulated network consists of. */
import type { Message } from '../envelope.ts'
import type { Genesis } from '../genesis.ts'
import type { Effect, Event, Notice } from '../machine/events.ts'
import type { Entries, Read, Reading } from '../machine/keys.ts'
import type { Machine, MachineConfig } from '../machine/machine-state.ts'
import type { EventHeap } from './event-heap.ts'
import type { AgentFailure, Clock, Links } from './faults.ts'
import type { Random } from './random.ts'
import type { Trace } from './trace.ts'

/** A member that breaks the rules. It runs a real machine, hears only what it wants to, and does something else. */
export interface Adversary {
  name: string
  /** What its machine hears in place of an event; null: nothing. */
  hears?: (self: SimNode, event: Event, world: World) => Event | null
  /** What it does in place of the effects of a step. */
  acts?: (self: SimNode, effects: Effect[], world: World) => Effect[]
  /** What it does every half second, unasked. */
  stirs?: (self: SimNode, world: World) => void
  /** Two machines run with its key. */
  isDouble?: boolean
}

export interface SimNode {
  index: number
  member: string
  config: MachineConfig
  store: Map<string, Uint8Array>
  machine: Machine | null
  /** Counts restarts: timers, agents and computations of an earlier life come to nothing. */
  life: number
  skill: number
  adversary: Adversary | null
  /** Whether it asks its peers, upon starting, what it has signed before; and what it noted of its last presence. */
  guarded: boolean
  lastPresence: number
  clock: Clock
  agent: AgentFailure | null
  /** Until then the node stands still. */
  resumesMs: number
  writeMs: number
  /** Its store was set back: what it had committed to may be lost. */
  wasSetBack: boolean
}

type Happening = { node: number; life: number; event: Event } | { call: () => void }

export interface World {
  nodes: SimNode[]
  genesis: Genesis
  network: string
  random: Random
  heap: EventHeap<Happening>
  nowMs: number
  links: Links
  crashPerStep: number
  /** Writes until everybody dies at once. */
  powerCut: { writes: number; downMs: number }
  steps: number
  trace: Trace
  /** What becomes of a step's effects: by default they are performed, unless a crash is drawn. Tests put other faults in. */
  interfere: (node: SimNode, effects: Effect[]) => Interference
  onEvent: (node: SimNode, event: Event) => void
  onNotice: (node: SimNode, notice: Notice) => void
  onSent: (node: SimNode, message: Message) => void
}

/** Effects to perform, and whether the node crashes before it writes them, after it wrote and before it sends, or not. */
export interface Interference {
  effects: Effect[]
  crash: 'no' | 'before-write' | 'after-write'
}

/** Calls back at a virtual time. */
export function at(world: World, atMs: number, call: () => void): void {
  world.heap.push(atMs, { call })
}

/** Something happens to a node, now or a little later, if it still lives then. */
export function dispatch(world: World, node: SimNode, event: Event, delayMs = 0): void {
  world.heap.push(world.nowMs + delayMs, { node: node.index, life: node.life, event })
}

/** Whether a node does what its machine says. */
export function isHonest({ adversary }: SimNode): boolean {
  return adversary === null
}

/** Runs store-reading code against a node's store. */
export function drive<T>(node: Pick<SimNode, 'store'>, reading: Reading<T>): T {
  let next = reading.next()
  while (next.done !== true) next = reading.next(read(node.store, next.value))
  return next.value
}

function read(store: Map<string, Uint8Array>, request: Read): Entries {
  if (request.type === 'get') {
    return request.keys.flatMap((key) => {
      const value = store.get(key)
      return value === undefined ? [] : [[key, value] as [string, Uint8Array]]
    })
  }
  const { prefix, from = '', limit = Infinity } = request
  const keys = [...store.keys()].filter((key) => key.startsWith(prefix) && key >= from).sort()
  return keys.slice(0, limit).map((key) => [key, store.get(key) as Uint8Array])
}
