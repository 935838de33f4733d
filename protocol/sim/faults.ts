/** What goes wrong in a run, as data: drawn from its seed, and small enough to be taken apart one by one when a seed fails. */
import { createRandom, type Random } from './random.ts'

/** How an agent disappoints: it says nothing, or nothing in time, or nothing useful, or too much, or what is meant for its judges. */
export type AgentFailure = 'silent' | 'late' | 'empty' | 'huge' | 'injecting'

/** Who still reaches whom: both halves among themselves; all but one node; neighbours only; one node hears nobody. */
export type PartitionShape = 'halves' | 'isolated' | 'ring' | 'one-way'

interface Span {
  fromMs: number
  untilMs: number
}

export type Fault =
  | { type: 'loss'; probability: number }
  | { type: 'duplicate'; probability: number }
  /** Longest delay of a message; every message has its own, so they overtake each other. */
  | { type: 'delay'; msMax: number }
  /** A node dies at this chance per step, before or after what the step writes, and is back a little later. */
  | { type: 'crash'; perStep: number }
  /** These nodes are dead for a while. */
  | ({ type: 'outage'; nodes: number[] } & Span)
  /** All nodes die at once, at the write of that number: what it was to send is not sent. */
  | { type: 'power-cut'; write: number; downMs: number }
  /** A node stands still, like a stopped process: what arrives waits. */
  | ({ type: 'pause'; node: number } & Span)
  | ({ type: 'partition'; shape: PartitionShape; node: number } & Span)
  /** A node's clock runs faster or slower, and jumps at one moment. */
  | { type: 'clock'; node: number; drift: number; jumpMs: number; atMs: number }
  /** Every write of this node takes so long. */
  | { type: 'slow-disk'; node: number; ms: number }
  | { type: 'agent'; node: number; failure: AgentFailure }
  /** Frames that are no messages of the network, thrown at everybody. */
  | { type: 'bad-frames'; everyMs: number }
  /** A node's store is set back to what it held some time before. */
  | { type: 'backup'; node: number; takenMs: number; restoredMs: number }

export type FaultType = Fault['type']

/** Faults that a world of bare votes has, too. */
export const NETWORK_FAULTS: readonly FaultType[] = ['loss', 'duplicate', 'delay', 'crash', 'outage', 'power-cut', 'pause', 'partition', 'clock']

/** Until then everything may go wrong; from then on nothing does. */
export const CHAOS_MS = 20_000

/** Fault mix of a seed: every kind of fault is left out of most runs, so that all kinds of mixtures are met. */
export function drawFaults(seed: number, nodes: number): Fault[] {
  const random = createRandom(seed ^ 0x5eed)
  const drawn = DRAWS.flatMap(([chance, draw]) => (random.chance(chance) ? [draw(random, nodes)] : []))
  // A node that dies at random must not be away for long on top: with more than a third away nothing would be tested but that.
  const crashes = drawn.some(({ type }) => type === 'crash')
  return crashes ? drawn.filter(({ type }) => type !== 'outage') : drawn
}

const DRAWS: readonly [chance: number, draw: (random: Random, nodes: number) => Fault][] = [
  [0.6, (random) => ({ type: 'loss', probability: random.unit() * 0.25 })],
  [0.5, (random) => ({ type: 'duplicate', probability: random.unit() * 0.2 })],
  [0.7, (random) => ({ type: 'delay', msMax: 5 + random.below(400) })],
  [0.4, (random) => ({ type: 'crash', perStep: random.unit() * 0.004 })],
  [0.3, (random, nodes) => ({ type: 'outage', nodes: someNodes(random, nodes), ...span(random, 8_000) })],
  [0.25, (random, nodes) => ({ type: 'power-cut', write: random.below(random.pick([30, 150]) * nodes), downMs: 50 + random.below(3_000) })],
  [0.25, (random, nodes) => ({ type: 'pause', node: random.below(nodes), ...span(random, 6_000) })],
  [0.4, (random, nodes) => ({ type: 'partition', shape: random.pick(['halves', 'isolated', 'ring', 'one-way']), node: random.below(nodes), ...span(random, 8_000) })],
  [0.3, (random, nodes) => ({ type: 'clock', node: random.below(nodes), drift: 0.5 + random.unit() * 1.5, jumpMs: (random.unit() - 0.5) * 60_000, atMs: random.below(CHAOS_MS) })],
  [0.15, (random, nodes) => ({ type: 'slow-disk', node: random.below(nodes), ms: 10 + random.below(300) })],
  [0.3, (random, nodes) => ({ type: 'agent', node: random.below(nodes), failure: random.pick(['silent', 'late', 'empty', 'huge', 'injecting']) })],
  [0.2, (random) => ({ type: 'bad-frames', everyMs: 200 + random.below(1_000) })],
]

// One node, or more than a third of them, or any number.
function someNodes(random: Random, nodes: number): number[] {
  const count = random.pick([1, Math.floor(nodes / 3) + 1, 1 + random.below(nodes)])
  const all = allNodes(nodes)
  while (all.length > Math.min(count, nodes)) all.splice(random.below(all.length), 1)
  return all
}

function allNodes(nodes: number): number[] {
  return Array.from({ length: nodes }, (_, index) => index)
}

function span(random: Random, msMax: number): Span {
  const fromMs = 500 + random.below(CHAOS_MS - 2_000)
  return { fromMs, untilMs: Math.min(CHAOS_MS, fromMs + 500 + random.below(msMax)) }
}

export function faultOf<T extends FaultType>(faults: readonly Fault[], type: T): Extract<Fault, { type: T }> | undefined {
  return faults.find((fault) => fault.type === type) as Extract<Fault, { type: T }> | undefined
}

export function faultsOf<T extends FaultType>(faults: readonly Fault[], type: T): Extract<Fault, { type: T }>[] {
  return faults.filter((fault) => fault.type === type) as Extract<Fault, { type: T }>[]
}

/** Whether a message from one node reaches another now, as far as partitions go. */
export function isConnected(partitions: readonly Extract<Fault, { type: 'partition' }>[], nodes: number, from: number, to: number, nowMs: number): boolean {
  return partitions.every(({ shape, node, fromMs, untilMs }) => nowMs < fromMs || nowMs >= untilMs || passes(shape, node, nodes, from, to))
}

function passes(shape: PartitionShape, node: number, nodes: number, from: number, to: number): boolean {
  switch (shape) {
    case 'halves':
      return (from + node) % nodes < nodes / 2 === (to + node) % nodes < nodes / 2
    case 'isolated':
      return from !== node && to !== node
    case 'ring': {
      const apart = Math.abs(from - to)
      return apart <= 1 || apart === nodes - 1
    }
    case 'one-way':
      return to !== node
  }
}

/** Delays of the copies of one message that arrive, in milliseconds: none if it is lost. */
export interface Links {
  deliver: (from: number, to: number, nowMs: number) => readonly number[]
  heal: () => void
}

/** Nothing travels longer than this once the network has healed. */
const HEALED_DELAY_MS = 20

const LOST: readonly number[] = []

/** Links between nodes as the faults leave them. */
export function createLinks(faults: readonly Fault[], nodes: number, random: Random): Links {
  const partitions = faultsOf(faults, 'partition')
  let loss = faultOf(faults, 'loss')?.probability ?? 0
  let duplicate = faultOf(faults, 'duplicate')?.probability ?? 0
  let delayMs = faultOf(faults, 'delay')?.msMax ?? 10
  let healed = false
  return {
    deliver(from, to, nowMs) {
      if (!healed && !isConnected(partitions, nodes, from, to, nowMs)) return LOST
      if (loss > 0 && random.chance(loss)) return LOST
      const delay = 1 + random.unit() * delayMs
      return duplicate > 0 && random.chance(duplicate) ? [delay, 1 + random.unit() * delayMs] : [delay]
    },
    heal() {
      healed = true
      loss = 0
      duplicate = 0
      delayMs = HEALED_DELAY_MS
    },
  }
}

/** A node's own clock: durations and readings, as the node sees them. */
export interface Clock {
  now: (nowMs: number) => number
  /** How long a timer of the node really takes. */
  duration: (ms: number) => number
}

const TRUE_CLOCK: Clock = { now: (nowMs) => nowMs, duration: (ms) => ms }

export function createClock(faults: readonly Fault[], node: number): Clock {
  const fault = faultsOf(faults, 'clock').find((each) => each.node === node)
  if (fault === undefined) return TRUE_CLOCK
  const { drift, jumpMs, atMs } = fault
  // Never before the epoch: no machine's clock says that.
  return { now: (nowMs) => Math.max(0, 30_000 + nowMs * drift + (nowMs >= atMs ? jumpMs : 0)), duration: (ms) => ms / drift }
}
