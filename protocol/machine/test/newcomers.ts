/** A newcomer among peers that have what one node of a simulated network has, or what they make of it. */
import { openFrame, encodeFrame, type FrameCode, type Opened, type Request } from '../../frames.ts'
import { simulatedSigner, verifySimulated } from '../../sim/members.ts'
import { drive, type SimNode, type World } from '../../sim/world.ts'
import type { Effect, Event, Notice } from '../events.ts'
import { createMachine, type Machine, type MachineConfig } from '../machine-state.ts'
import { restoreMachine } from '../restore.ts'
import { serve } from '../serve.ts'
import { step } from '../step.ts'
import { finishRun, startRun } from './runs.ts'

/** What a peer makes of the frames that it should give; null: it gives none, ever. */
export type Peer = (frames: Uint8Array[], request: Request) => Uint8Array[] | null
export type History = Extract<Opened, { type: 'history' }>

/** A network that has closed rounds over several short epochs. */
export interface Past {
  world: World
  source: SimNode
  machine: Machine
  give: (request: Request) => Uint8Array[]
}

export interface Newcomer {
  machine: Machine
  effects: Effect[]
  store: Map<string, Uint8Array>
  asked: { to: string | null; request: Request }[]
  notices: Notice[]
}

export function createPast(rounds: number, epochBlocks: number): Past {
  const run = startRun({ nodes: 4, seed: 4, askers: Array.from({ length: rounds }, (_, index) => index % 4), parameters: { epochBlocks } })
  if (!finishRun(run, rounds)) throw new Error('the network did not close its rounds')
  const source = run.world.nodes[0] as SimNode
  const machine = source.machine as Machine
  return { world: run.world, source, machine, give: (request) => drive(source, serve(request, machine, 'somebody')) }
}

export const honest: Peer = (frames) => frames

export function strangerIn(past: Past, archive = true): Machine {
  return createMachine(strangersConfig(past, archive))
}

function strangersConfig({ world }: Past, archive: boolean): MachineConfig {
  return { genesis: world.genesis, signer: simulatedSigner(55), verify: verifySimulated, agent: { canAnswer: true, canJudge: true, model: '' }, archive }
}

/** A machine that never saw the network but for what its store holds, after so many standstill ticks among these peers. */
export function newcomerAmong(past: Past, peers: Record<string, Peer>, { ticks = 4, archive = true, store = new Map<string, Uint8Array>() } = {}): Newcomer {
  const machine = drive({ store }, restoreMachine(strangersConfig(past, archive)))
  const newcomer: Newcomer = { machine, effects: [], store, asked: [], notices: [] }
  let nowMs = 0
  const queue: Event[] = [{ type: 'start' }, ...Object.keys(peers).map((member): Event => ({ type: 'peer-connected', member }))]
  const feed = (event: Event): void => {
    for (const effect of step(machine, event, (nowMs += 10)).effects) {
      newcomer.effects.push(effect)
      if (effect.type === 'persist') {
        for (const { key, value } of effect.changes) {
          if (value === null) newcomer.store.delete(key)
          else newcomer.store.set(key, value)
        }
      }
      if (effect.type === 'notify') newcomer.notices.push(effect.notice)
      if (effect.type === 'timer' && effect.name === 'sync') queue.push({ type: 'timer', name: 'sync' })
      if (effect.type === 'request') queue.push(...answerOf(past, newcomer, peers, effect))
    }
  }
  for (let tick = 0; tick < ticks; tick++) {
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) feed(event)
    nowMs += 2_000
    queue.push({ type: 'timer', name: 'standstill' })
  }
  return newcomer
}

function answerOf({ world, give }: Past, { asked }: Newcomer, peers: Record<string, Peer>, { to, request }: Extract<Effect, { type: 'request' }>): Event[] {
  asked.push({ to, request })
  const from = to ?? (Object.keys(peers)[0] as string)
  const reply = peers[from]?.(give(request), request) ?? null
  if (reply === null) return []
  let fault: FrameCode | null = null
  const frames = reply.flatMap((bytes): Opened[] => {
    const opened = openFrame(bytes, { network: world.network, verify: verifySimulated })
    if (!opened.ok) fault = opened.code
    return opened.ok ? [opened.opened] : []
  })
  return [{ type: 'frames', frames, from, asked: request.type, fault, ...(request.type === 'chain' ? { fromHeight: request.fromHeight } : {}) }]
}

/** Who was dropped, and why. */
export function droppedBy({ notices }: Newcomer): [peer: string, code: string][] {
  return notices.flatMap((notice) => (notice.type === 'peer-dropped' ? [[notice.peer, notice.code] as [string, string]] : []))
}

/** A frame of this network as it is, whatever its signatures. */
export function openedAsIs({ world }: Past, bytes: Uint8Array): Opened {
  const result = openFrame(bytes, { network: world.network, verify: () => true })
  if (!result.ok) throw new Error(result.code)
  return result.opened
}

/** A frame that was opened, encoded again. */
export function encodeAgain(frame: Opened): Uint8Array {
  const finalOf = ({ message, repeats, certificate }: History['blocks'][number]) => ({ proposal: message.bytes, repeats: repeats.map(({ bytes }) => bytes), certificate })
  if (frame.type === 'history') return encodeFrame({ ...frame, blocks: frame.blocks.map(finalOf) })
  if (frame.type === 'boundary') return encodeFrame({ ...frame, block: finalOf(frame.block) })
  return encodeFrame(frame as Parameters<typeof encodeFrame>[0])
}

export function turnLastBit(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte))
}
