import { sha256 } from '../../../consensus/index.ts'
import { verifySimulated } from '../../sim/members.ts'
import type { Message, Signer } from '../../envelope.ts'
import type { Scene } from '../../test/scene.ts'
import type { Effect, Event, Notice } from '../events.ts'
import { createMachine, type Machine } from '../machine-state.ts'
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

/** What the machine says of a message from gossip: 'accept', or verdict and code. */
export function judge(bench: Bench, message: Message): string {
  const effects = feed(bench, { type: 'message', message, from: message.author })
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
