import { leaderOf, sha256, type VoteKind } from '../../../consensus/index.ts'
import { verifySimulated } from '../../sim/members.ts'
import type { Block, Body, Entry } from '../../bodies.ts'
import type { Message, Signer } from '../../envelope.ts'
import { blockOf, say, type Scene } from '../../test/scene.ts'
import { blockHash } from '../chain.ts'
import type { Effect, Event, Notice } from '../events.ts'
import { agreementOf, createMachine, type Machine } from '../machine-state.ts'
import { step } from '../step.ts'

/** One machine whose ledger is that of a scene, with a store and a clock, and nobody around it. */
export interface Bench {
  scene: Scene
  machine: Machine
  store: Map<string, Uint8Array>
  nowMs: number
}

/** Puts a machine into the state of a scene, as member `self`, holding what was said there, and starts it. */
export function createBench(scene: Scene, self = 0, agent = { canAnswer: true, canJudge: true, model: 'none' }): Bench {
  const machine = createMachine({ genesis: scene.genesis, signer: scene.members[self] as Signer, verify: verifySimulated, agent })
  const bench: Bench = { scene, machine, store: new Map(), nowMs: 1_000 }
  follow(bench)
  feed(bench, { type: 'start' })
  return bench
}

/** Moves the machine to the scene's present state, as if the blocks up to there had become final. */
export function follow({ scene, machine }: Bench): void {
  const { height } = scene.state
  machine.ledger = scene.state
  machine.head = { hash: height === 0 ? scene.network : sha256(`block ${height}`), view: height }
  if (machine.agreement.epoch !== scene.state.epoch) machine.agreement = agreementOf(machine.config, machine.ledger, machine.head)
  machine.agreement.final = { view: height, block: machine.head.hash, certificate: null }
  machine.agreement.view = height + 1
  for (const [id, item] of scene.items) machine.items.set(id, item)
}

/** Takes one step and writes what it persists; the step's effects are returned. */
export function feed(bench: Bench, event: Event): Effect[] {
  const { effects } = step(bench.machine, event, bench.nowMs)
  for (const effect of effects) {
    for (const { key, value } of effect.type === 'persist' ? effect.changes : []) {
      if (value === null) bench.store.delete(key)
      else bench.store.set(key, value)
    }
  }
  return effects
}

/** A message from gossip, as its author sent it; the step's effects. */
export function deliver(bench: Bench, message: Message): Effect[] {
  return feed(bench, { type: 'message', message, from: message.author })
}

/** The next block on the machine's head, by the leader of its view. */
export function proposalOf(bench: Bench, entries: Entry[], change: Partial<Block> = {}): Message<'proposal'> {
  const { scene, machine } = bench
  const view = change.view ?? machine.agreement.view
  const leader = leaderOf(scene.state.validators, view)
  const block = { ...blockOf(scene, entries), view, parent: machine.head.hash, ...change }
  return say(scene, scene.members.find(({ member }) => member === leader) as Signer, 'proposal', block)
}

/** The same vote of several members. */
export function votesOf({ scene, machine }: Bench, members: readonly number[], vote: { kind: VoteKind; view: number; block: string | null; epoch?: number }): Message<'vote'>[] {
  const body: Body<'vote'> = { epoch: machine.agreement.epoch, ...vote }
  return members.map((member) => say(scene, member, 'vote', body))
}

/** The block of a proposal becomes final by the votes of some members, by default 1 to 3; the effects of all steps. */
export function finalize(bench: Bench, proposal: Message<'proposal'>, members: readonly number[] = [1, 2, 3]): Effect[] {
  const { view, epoch } = proposal.body
  const votes = (['notarize', 'finalize'] as const).flatMap((kind) => votesOf(bench, members, { kind, view, epoch, block: blockHash(proposal.body) }))
  return [proposal, ...votes].flatMap((message) => deliver(bench, message))
}

/** A block of these entries becomes final, for the machine and in the scene; the effects of all steps. */
export function finalizeNext(bench: Bench, entries: Entry[], members?: readonly number[]): Effect[] {
  const effects = finalize(bench, proposalOf(bench, entries), members)
  bench.scene.state = bench.machine.ledger
  return effects
}

/** What the machine says of a message from gossip: 'accept', or verdict and code. */
export function judge(bench: Bench, message: Message): string {
  const effects = deliver(bench, message)
  const [said] = effects.flatMap((effect) => (effect.type === 'verdict' ? [effect.verdict] : []))
  if (said === undefined) throw new Error('a message got no verdict')
  return said.verdict === 'accept' ? 'accept' : `${said.verdict} ${said.code}`
}

export function noticesIn(effects: readonly Effect[]): Notice[] {
  return effects.flatMap((effect) => (effect.type === 'notify' ? [effect.notice] : []))
}

export function publishedIn(effects: readonly Effect[]): Message[] {
  return effects.flatMap((effect) => (effect.type === 'publish' ? [effect.message] : []))
}
