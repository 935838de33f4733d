/**
 * A network of machines in one process: virtual clock, event heap, links that lose, delay, reorder and repeat, stores
 * that survive crashes, scripted agents. Everything is drawn from one seed.
 */
import { sha256 } from '../../consensus/index.ts'
import type { Task } from '../bodies.ts'
import { decodeRequest, encodeRequest, openFrame, type Opened, type Request } from '../frames.ts'
import { createGenesis, networkId, type Genesis, type Parameters } from '../genesis.ts'
import { closeRound, computeShare } from '../round/close.ts'
import { rankRound } from '../round/rank.ts'
import type { Effect, Event, Notice } from '../machine/events.ts'
import type { Entries, Read, Reading } from '../machine/keys.ts'
import type { Machine, MachineConfig } from '../machine/machine-state.ts'
import { restoreMachine } from '../machine/restore.ts'
import { serve } from '../machine/serve.ts'
import { step } from '../machine/step.ts'
import { createEventHeap, type EventHeap } from './event-heap.ts'
import { simulatedSigner, verifySimulated } from './members.ts'
import { createRandom, type Random } from './random.ts'
import { rightValue, scriptedAnswer, scriptedBallot } from './scripted-agent.ts'

/** How badly things go, as probabilities per message or per effect; all zero once the network has healed. */
export interface Faults {
  loss: number
  duplicate: number
  /** Longest delay of a message; every message has its own, so they overtake each other. */
  delayMsMax: number
  /** Crash of a node per step it takes: before or after what it persists. */
  crash: number
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
}

type Happening = { node: number; life: number; event: Event } | { call: () => void }

export interface World {
  nodes: SimNode[]
  genesis: Genesis
  network: string
  random: Random
  heap: EventHeap<Happening>
  nowMs: number
  faults: Faults
  steps: number
  trace: string[]
  /** What becomes of a step's effects: by default they are performed, unless a crash is drawn. Tests put other faults in. */
  interfere: (node: SimNode, effects: Effect[]) => Interference
  onNotice: (node: SimNode, notice: Notice) => void
  onSent: (node: SimNode, effect: Extract<Effect, { type: 'publish' }>) => void
}

/** Effects to perform, and whether the node crashes before it writes them, after it wrote and before it sends, or not. */
export interface Interference {
  effects: Effect[]
  crash: 'no' | 'before-write' | 'after-write'
}

export const HEALED: Faults = { loss: 0, duplicate: 0, delayMsMax: 20, crash: 0 }

export function createWorld(init: { seed: number; nodes: number; faults: Faults; parameters?: Partial<Parameters> }): World {
  const random = createRandom(init.seed)
  const signers = Array.from({ length: init.nodes }, (_, index) => simulatedSigner(index))
  const genesis = createGenesis({
    name: 'simulated',
    members: signers.map(({ member }) => ({ id: member, weight: 1_000_000 })),
    parameters: { revealMs: 1_000, evaluateMs: 1_000, creditMs: 2_000, leaderMs: 400, viewMs: 1_000, backoffMax: 3, standstillMs: 500, presenceMs: 500, ...init.parameters },
  })
  const nodes = signers.map((signer, index): SimNode => ({
    index,
    member: signer.member,
    config: { genesis, signer, verify: verifySimulated, agent: { canAnswer: true, canJudge: true, model: `scripted-${index}` } },
    store: new Map(),
    machine: null,
    life: 0,
    skill: 0.5 + random.unit() / 2,
  }))
  const world: World = {
    nodes,
    genesis,
    network: networkId(genesis),
    random,
    heap: createEventHeap(),
    nowMs: 0,
    faults: init.faults,
    steps: 0,
    trace: [],
    interfere: (_, effects) => ({ effects, crash: drawCrash(world) }),
    onNotice: () => undefined,
    onSent: () => undefined,
  }
  for (const node of nodes) startNode(world, node)
  return world
}

/** Starts a node, or restarts it from what it persisted. */
export function startNode(world: World, node: SimNode): void {
  node.life += 1
  node.machine = drive(node, restoreMachine(node.config))
  dispatch(world, node, { type: 'start' })
  for (const other of world.nodes) {
    if (other === node || other.machine === null) continue
    dispatch(world, node, { type: 'peer-connected', member: other.member })
    dispatch(world, other, { type: 'peer-connected', member: node.member })
  }
}

/** A crash: memory is gone, the store stays. */
export function stopNode(world: World, node: SimNode): void {
  node.machine = null
  node.life += 1
  world.trace.push(`${world.nowMs} ${node.index} stops`)
  for (const other of world.nodes) if (other.machine !== null) dispatch(world, other, { type: 'peer-disconnected', member: node.member })
}

/** Lets virtual time pass until `untilMs` or until `done` holds; returns whether it held. */
export function run(world: World, untilMs: number, done: () => boolean): boolean {
  for (;;) {
    if (done()) return true
    const next = world.heap.pop()
    if (next === null || next.atMs > untilMs) {
      if (next !== null) world.heap.push(next.atMs, next.value)
      world.nowMs = untilMs
      return done()
    }
    world.nowMs = next.atMs
    if ('call' in next.value) next.value.call()
    else {
      const node = world.nodes[next.value.node] as SimNode
      if (node.life === next.value.life) takeStep(world, node, next.value.event)
    }
  }
}

/** Calls back at a virtual time. */
export function at(world: World, atMs: number, call: () => void): void {
  world.heap.push(atMs, { call })
}

/** Asks a task through a node; half of the tasks come with a committed truth. */
export function ask(world: World, node: SimNode, sequence: number): void {
  const task: Task = { kind: 'label', prompt: `task ${sequence}`, reference: null, answerMs: 1_500, judgeMs: 1_500 }
  const salt = new Uint8Array(32).fill(sequence % 256)
  const truth = world.random.chance(0.5) ? { accepted: [rightValue(task)], salt } : null
  dispatch(world, node, { type: 'ask', ticket: sequence, task, truth })
}

function dispatch(world: World, node: SimNode, event: Event, delayMs = 0): void {
  world.heap.push(world.nowMs + delayMs, { node: node.index, life: node.life, event })
}

function takeStep(world: World, node: SimNode, event: Event): void {
  if (node.machine === null) return
  world.steps += 1
  world.trace.push(`${world.nowMs.toFixed(3)} ${node.index} ${describe(event)}`)
  const { effects, crash } = world.interfere(node, step(node.machine, event, world.nowMs).effects)
  if (crash === 'before-write') return crashNode(world, node)
  for (const effect of effects) if (effect.type === 'persist') write(node.store, effect.changes)
  if (crash === 'after-write') return crashNode(world, node)
  for (const effect of effects) if (node.machine !== null) perform(world, node, effect)
}

function drawCrash({ faults, random }: World): Interference['crash'] {
  if (faults.crash === 0 || !random.chance(faults.crash)) return 'no'
  return random.chance(0.5) ? 'after-write' : 'before-write'
}

function crashNode(world: World, node: SimNode): void {
  stopNode(world, node)
  at(world, world.nowMs + 50 + world.random.below(3_000), () => {
    if (node.machine === null) startNode(world, node)
  })
}

function perform(world: World, node: SimNode, effect: Effect): void {
  switch (effect.type) {
    case 'publish':
      world.onSent(node, effect)
      for (const other of world.nodes) if (other !== node) transmit(world, other, { type: 'message', message: effect.message, from: node.member })
      return
    case 'send':
      return send(world, node, effect.to, effect.frames)
    case 'request':
      return request(world, node, effect.to, effect.request)
    case 'timer':
      return dispatch(world, node, { type: 'timer', name: effect.name }, effect.ms)
    case 'ask-agent': {
      const { random } = world
      const salt = Uint8Array.from({ length: 32 }, () => random.below(256))
      const delayMs = random.chance(0.05) ? 5_000 : 10 + random.below(500)
      if (effect.job === 'answer') {
        const answer = scriptedAnswer(effect.task, node.skill, random)
        return dispatch(world, node, { type: 'answered', round: effect.round, answer, salt }, delayMs)
      }
      const ballot = scriptedBallot(effect.task, effect.answers, effect.pairs, node.skill, random)
      return dispatch(world, node, { type: 'judged', round: effect.round, ballot, salt }, delayMs)
    }
    case 'compute': {
      const { rules } = node.machine as Machine
      const { job, round, transcript } = effect
      if (job === 'rank') return dispatch(world, node, { type: 'ranked', round, ranked: rankRound(transcript, rules) }, 1)
      if (job === 'share') return dispatch(world, node, { type: 'shared', round, blocks: computeShare(transcript, rules, node.member) }, 5)
      return dispatch(world, node, { type: 'computed', round, result: closeRound(transcript, rules) }, 5)
    }
    case 'notify':
      return world.onNotice(node, effect.notice)
    case 'persist':
    case 'stop-agent':
    case 'verdict':
      return
  }
}

// One message over one link.
function transmit(world: World, to: SimNode, event: Event): void {
  const { loss, duplicate, delayMsMax } = world.faults
  const copies = world.random.chance(loss) ? 0 : world.random.chance(duplicate) ? 2 : 1
  for (let copy = 0; copy < copies; copy++) dispatch(world, to, event, 1 + world.random.unit() * delayMsMax)
}

function send(world: World, node: SimNode, to: string, frames: Uint8Array[]): void {
  // Opened once: all nodes have the same validators.
  const opened = open(node, frames)
  for (const other of world.nodes) {
    if (other === node || other.machine === null || (to !== 'everybody' && to !== other.member)) continue
    transmit(world, other, { type: 'frames', frames: opened, from: node.member, asked: null })
  }
}

function request(world: World, node: SimNode, to: string | null, body: Request): void {
  const live = world.nodes.filter((other) => other !== node && other.machine !== null)
  const target = live.find((other) => other.member === to) ?? (live.length > 0 ? world.random.pick(live) : undefined)
  if (target === undefined) return
  const decoded = decodeRequest(encodeRequest(body))
  if (decoded === null) throw new TypeError(`a node sent a malformed request ${body.type}`)
  const frames = open(node, drive(target, serve(decoded, world.genesis)))
  transmit(world, node, { type: 'frames', frames, from: target.member, asked: body.type })
}

function open(node: SimNode, frames: Uint8Array[]): Opened[] {
  const { rules } = node.machine as Machine
  return frames.flatMap((bytes) => {
    const result = openFrame(bytes, { network: rules.network, verify: verifySimulated })
    if (!result.ok) throw new TypeError(`an honest node sent a bad frame: ${result.code}`)
    return [result.opened]
  })
}

function write(store: Map<string, Uint8Array>, changes: { key: string; value: Uint8Array | null }[]): void {
  for (const { key, value } of changes) {
    if (value === null) store.delete(key)
    else store.set(key, value)
  }
}

/** Runs store-reading code against a node's store. */
export function drive<T>(node: Pick<SimNode, 'store'>, reading: Reading<T>): T {
  let next = reading.next()
  while (next.done !== true) next = reading.next(read(node.store, next.value))
  return next.value
}

function read(store: Map<string, Uint8Array>, request: Read): Entries {
  if (request.type === 'get') {
    const value = store.get(request.key)
    return value === undefined ? [] : [[request.key, value]]
  }
  const { prefix, from = '', limit = Infinity } = request
  const keys = [...store.keys()].filter((key) => key.startsWith(prefix) && key >= from).sort()
  return keys.slice(0, limit).map((key) => [key, store.get(key) as Uint8Array])
}

function describe(event: Event): string {
  if (event.type === 'message') return `message ${event.message.kind} ${event.message.id.slice(0, 8)}`
  if (event.type === 'timer') return `timer ${event.name}`
  return event.type
}

/** Hash of everything that happened, in order. */
export function traceHash(world: World): string {
  return sha256(world.trace.join('\n'))
}
