/** What becomes of an effect in a simulated world. */
import { sha256 } from '../../consensus/index.ts'
import type { Message } from '../envelope.ts'
import { decodeRequest, encodeRequest, openFrame, type Opened, type Request } from '../frames.ts'
import type { Effect, Event } from '../machine/events.ts'
import type { Machine } from '../machine/machine-state.ts'
import { serve } from '../machine/serve.ts'
import { rememberedBy } from '../memo.ts'
import { closeRound, computeShare } from '../round/close.ts'
import { rankRound } from '../round/rank.ts'
import { verifySimulated } from './members.ts'
import { failedAnswer, failedBallot, scriptedAnswer, scriptedBallot, scriptedGrades } from './scripted-agent.ts'
import { dispatch, drive, type SimNode, type World } from './types.ts'

export function perform(world: World, node: SimNode, effect: Effect): void {
  switch (effect.type) {
    case 'publish':
      return publish(world, node, effect.message, world.nodes)
    case 'send':
      return send(world, node, effect.to, effect.frames)
    case 'request':
      return request(world, node, effect.to, effect.request)
    case 'timer':
      return dispatch(world, node, { type: 'timer', name: effect.name }, node.clock.duration(effect.ms))
    case 'ask-agent':
      return askAgent(world, node, effect)
    case 'compute':
      return compute(world, node, effect)
    case 'notify':
      return world.onNotice(node, effect.notice)
    case 'persist':
    case 'stop-agent':
    case 'verdict':
      return
  }
}

/** Says something to some nodes, each over its own link. */
export function publish(world: World, node: SimNode, message: Message, to: readonly SimNode[]): void {
  world.onSent(node, message)
  for (const other of to) if (other !== node) transmit(world, node, other, { type: 'message', message, from: node.member })
}

function transmit(world: World, from: SimNode, to: SimNode, event: Event): void {
  if (to.machine === null) return
  for (const delayMs of world.links.deliver(from.index, to.index, world.nowMs)) dispatch(world, to, event, delayMs)
}

function send(world: World, node: SimNode, to: string, frames: Uint8Array[]): void {
  const opened = openFrames(world, frames)
  for (const other of world.nodes) {
    if (other === node || (to !== 'everybody' && to !== other.member)) continue
    transmit(world, node, other, { type: 'frames', frames: opened, from: node.member, asked: null })
  }
}

// A request is answered from what the peer has now; request and reply travel one link each.
function request(world: World, node: SimNode, to: string | null, body: Request): void {
  const live = world.nodes.filter((other) => other.member !== node.member && other.machine !== null)
  const target = live.find((other) => other.member === to) ?? (live.length > 0 ? world.random.pick(live) : undefined)
  if (target === undefined || world.links.deliver(node.index, target.index, world.nowMs).length === 0) return
  const decoded = decodeRequest(encodeRequest(body))
  if (decoded === null) throw new TypeError(`a node sent a malformed request ${body.type}`)
  const reply = drive(target, serve(decoded, target.machine as Machine, node.member))
  const event: Event = { type: 'frames', frames: openFrames(world, reply), from: target.member, asked: body.type }
  transmit(world, target, node, body.type === 'chain' ? { ...event, fromHeight: body.fromHeight } : event)
}

function openFrames(world: World, frames: Uint8Array[]): Opened[] {
  return frames.map((bytes) => {
    const result = rememberedBy(`frame/${sha256(bytes)}`, () => openFrame(bytes, { network: world.network, verify: verifySimulated }))
    if (!result.ok) throw new TypeError(`a node sent a bad frame: ${result.code}`)
    return result.opened
  })
}

function askAgent(world: World, node: SimNode, effect: Extract<Effect, { type: 'ask-agent' }>): void {
  const { random } = world
  const { round } = effect
  const salt = freshSalt(world)
  const delayMs = node.agent === 'late' || random.chance(0.05) ? 5_000 : 10 + random.below(500)
  if (node.agent === 'silent') return
  if (effect.job === 'answer') {
    const answer = node.agent === null ? scriptedAnswer(effect.task, node.skill, random) : failedAnswer(node.agent, effect.task)
    return dispatch(world, node, { type: 'answered', round, answer, salt }, delayMs)
  }
  if (effect.job === 'grade') {
    const grades = node.agent === null ? scriptedGrades(effect.task, effect.answers, effect.draws, random) : null
    return dispatch(world, node, { type: 'graded', round, grades, salt }, delayMs)
  }
  const { task, answers, pairs } = effect
  const ballot = node.agent === null ? scriptedBallot(task, answers, pairs, node.skill, random) : failedBallot(node.agent, pairs)
  dispatch(world, node, { type: 'judged', round, ballot, salt }, delayMs)
}

function freshSalt({ random }: World): Uint8Array {
  return Uint8Array.from({ length: 32 }, () => random.below(256))
}

// Everybody who computes on the same transcript gets the same: it is computed once.
function compute(world: World, node: SimNode, { job, round, transcript: own }: Extract<Effect, { type: 'compute' }>): void {
  const { rules } = node.machine as Machine
  const hash = sha256(JSON.stringify(own))
  const known = <T>(compute: () => T): T => rememberedBy(`${job}/${hash}`, compute)
  const transcript = rememberedBy(hash, () => own)
  if (job === 'rank') return dispatch(world, node, { type: 'ranked', round, ranked: known(() => rankRound(transcript, rules)) }, 1)
  if (job === 'share') return dispatch(world, node, { type: 'shared', share: computeShare(transcript, rules, node.member, freshSalt(world)) }, 5)
  dispatch(world, node, { type: 'computed', round, result: known(() => closeRound(transcript, rules)) }, 5)
}
