/**
 * A network of machines in one process: virtual clock, event heap, links that lose, delay, reorder and repeat, stores
 * that survive crashes, scripted agents, and nodes that do not do what their machine says. Everything is drawn from one seed.
 */
import type { Task } from '../bodies.ts'
import { createGenesis, networkId, type Parameters } from '../genesis.ts'
import type { Effect, Event } from '../machine/events.ts'
import { restoreMachine } from '../machine/restore.ts'
import { step } from '../machine/step.ts'
import { createEventHeap } from './event-heap.ts'
import { createClock, createLinks, faultOf, faultsOf, type Fault } from './faults.ts'
import { simulatedSigner, verifySimulated } from './members.ts'
import { perform } from './perform.ts'
import { createRandom } from './random.ts'
import { rightValue } from './scripted-agent.ts'
import { createTrace } from './trace.ts'
import { at, dispatch, drive, type Adversary, type Interference, type SimNode, type World } from './types.ts'

export { at, drive, type SimNode, type World } from './types.ts'

export interface WorldInit {
  seed: number
  nodes: number
  /** Voting weights; a founder's each, if absent. */
  weights?: readonly number[]
  faults: readonly Fault[]
  adversaries?: readonly { node: number; adversary: Adversary }[]
  parameters?: Partial<Parameters>
  /** Whether nodes ask their peers, upon starting, what they have signed before. */
  guarded?: boolean
}

const TIMES: Partial<Parameters> = { revealMs: 1_000, evaluateMs: 1_000, creditMs: 2_000, leaderMs: 400, viewMs: 1_000, backoffMax: 3, standstillMs: 500, presenceMs: 750 }

export function createWorld(init: WorldInit): World {
  const random = createRandom(init.seed)
  const signers = Array.from({ length: init.nodes }, (_, index) => simulatedSigner(index))
  const genesis = createGenesis({
    name: 'simulated',
    members: signers.map(({ member }, index) => ({ id: member, weight: init.weights?.[index] ?? 1_000_000 })),
    parameters: { ...TIMES, ...init.parameters },
  })
  const nodeOf = (index: number, adversary: Adversary | null): SimNode => {
    const signer = signers[index % init.nodes] as (typeof signers)[number]
    const agent = { canAnswer: true, canJudge: true, model: `scripted-${index}` }
    return {
      index,
      member: signer.member,
      config: { genesis, signer, verify: verifySimulated, agent },
      store: new Map(),
      machine: null,
      life: 0,
      skill: 0.5 + random.unit() / 2,
      adversary,
      guarded: init.guarded === true && adversary === null,
      lastPresence: -1,
      clock: createClock(init.faults, index),
      agent: faultsOf(init.faults, 'agent').find(({ node }) => node === index)?.failure ?? null,
      resumesMs: 0,
      writeMs: faultsOf(init.faults, 'slow-disk').find(({ node }) => node === index)?.ms ?? 0,
      wasSetBack: false,
    }
  }
  const adversaryOf = (index: number): Adversary | null => init.adversaries?.find(({ node }) => node === index)?.adversary ?? null
  const nodes = signers.map((_, index) => nodeOf(index, adversaryOf(index)))
  // A twin is another machine with the same key, and knows nothing of the first.
  for (const { node, adversary } of init.adversaries ?? []) {
    if (adversary.isDouble === true) nodes.push({ ...nodeOf(node, adversary), index: nodes.length })
  }
  const world: World = {
    nodes,
    genesis,
    network: networkId(genesis),
    random,
    heap: createEventHeap(),
    nowMs: 0,
    links: createLinks(init.faults, init.nodes, random),
    crashPerStep: faultOf(init.faults, 'crash')?.perStep ?? 0,
    powerCut: { writes: faultOf(init.faults, 'power-cut')?.write ?? Infinity, downMs: faultOf(init.faults, 'power-cut')?.downMs ?? 0 },
    steps: 0,
    trace: createTrace(),
    interfere: (_, effects) => ({ effects, crash: drawCrash(world) }),
    onEvent: () => undefined,
    onNotice: () => undefined,
    onSent: () => undefined,
  }
  for (const node of nodes) startNode(world, node)
  return world
}

/** Everything goes well from now on: links, disks and agents; who stood still goes on. Adversaries stay what they are. */
export function healWorld(world: World): void {
  world.links.heal()
  world.crashPerStep = 0
  world.powerCut.writes = Infinity
  for (const node of world.nodes) {
    Object.assign(node, { agent: null, writeMs: 0, resumesMs: Math.min(node.resumesMs, world.nowMs) })
    if (node.machine === null) startNode(world, node)
  }
}

/** Puts other links in place, for tests. */
export function setFaults(world: World, faults: readonly Fault[]): void {
  world.links = createLinks(faults, world.nodes.length, world.random)
  world.crashPerStep = faultOf(faults, 'crash')?.perStep ?? 0
}

/** Starts a node, or restarts it from what it persisted. */
export function startNode(world: World, node: SimNode): void {
  node.life += 1
  node.resumesMs = 0
  const { config, guarded, lastPresence } = node
  node.machine = drive(node, restoreMachine(guarded ? { ...config, guard: { loss: null, lastPresence, vouched: false } } : config))
  world.trace.note(world.nowMs, node.index, 'starts')
  dispatch(world, node, { type: 'start' })
  for (const other of world.nodes) {
    if (other.member === node.member || other.machine === null) continue
    dispatch(world, node, { type: 'peer-connected', member: other.member })
    dispatch(world, other, { type: 'peer-connected', member: node.member })
  }
}

/** A crash: memory is gone, the store stays. */
export function stopNode(world: World, node: SimNode): void {
  if (node.machine === null) return
  node.lastPresence = node.machine.guard.lastPresence
  node.machine = null
  node.life += 1
  world.trace.note(world.nowMs, node.index, 'stops')
  for (const other of world.nodes) if (other.machine !== null) dispatch(world, other, { type: 'peer-disconnected', member: node.member })
}

/** A crash after which the node is back by itself, a little later. */
function crashNode(world: World, node: SimNode): void {
  stopNode(world, node)
  at(world, world.nowMs + 50 + world.random.below(3_000), () => {
    if (node.machine === null) startNode(world, node)
  })
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
      if (node.life !== next.value.life) continue
      // Who stands still finds everything later.
      if (node.resumesMs > world.nowMs) world.heap.push(node.resumesMs, next.value)
      else takeStep(world, node, next.value.event)
    }
  }
}

/** Asks a task through a node, with a committed truth or without. */
export function ask(world: World, node: SimNode, sequence: number, hasTruth = world.random.chance(0.5)): void {
  const task: Task = { kind: 'label', prompt: `task ${sequence}`, reference: null, answerMs: 1_500, judgeMs: 1_500 }
  const salt = new Uint8Array(32).fill(sequence % 256)
  const truth = hasTruth ? { accepted: [rightValue(task)], salt } : null
  dispatch(world, node, { type: 'ask', ticket: sequence, task, truth })
}

function takeStep(world: World, node: SimNode, event: Event): void {
  if (node.machine === null) return
  world.steps += 1
  world.trace.note(world.nowMs, node.index, describe(event))
  world.onEvent(node, event)
  const heard = node.adversary?.hears === undefined ? event : node.adversary.hears(node, event, world)
  if (heard === null) return
  const wanted = step(node.machine, heard, node.clock.now(world.nowMs)).effects
  const { effects, crash } = world.interfere(node, node.adversary?.acts?.(node, wanted, world) ?? wanted)
  const writes = effects.some(({ type }) => type === 'persist')
  if (node.writeMs === 0 || !writes) return finishStep(world, node, effects, crash)
  // The node waits for its disk: nothing of the step is said before.
  node.resumesMs = world.nowMs + node.writeMs
  const { life } = node
  at(world, node.resumesMs, () => {
    if (node.life === life) finishStep(world, node, effects, crash)
  })
}

function finishStep(world: World, node: SimNode, effects: Effect[], crash: Interference['crash']): void {
  if (crash === 'before-write') return crashNode(world, node)
  for (const effect of effects) if (effect.type === 'persist') write(node.store, effect.changes)
  if (crash === 'after-write') return crashNode(world, node)
  if (effects.some(({ type }) => type === 'persist') && world.powerCut.writes-- <= 0) return cutPower(world)
  for (const effect of effects) if (node.machine !== null) perform(world, node, effect)
}

function cutPower(world: World): void {
  world.powerCut.writes = Infinity
  for (const node of world.nodes) stopNode(world, node)
  at(world, world.nowMs + world.powerCut.downMs, () => {
    for (const node of world.nodes) if (node.machine === null) startNode(world, node)
  })
}

function drawCrash({ crashPerStep, random }: World): Interference['crash'] {
  if (crashPerStep === 0 || !random.chance(crashPerStep)) return 'no'
  return random.chance(0.5) ? 'after-write' : 'before-write'
}

function write(store: Map<string, Uint8Array>, changes: { key: string; value: Uint8Array | null }[]): void {
  for (const { key, value } of changes) {
    if (value === null) store.delete(key)
    else store.set(key, value)
  }
}

function describe(event: Event): string {
  if (event.type === 'message') return `${event.message.kind} ${event.message.id.slice(0, 8)}`
  if (event.type === 'timer') return `timer ${event.name}`
  return event.type
}
