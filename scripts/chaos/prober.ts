/** Asks rounds of the nodes all the time, and looks at what they say of themselves. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeStatus } from '../../node/index.ts'
import { generateTask } from '../../protocol/index.ts'
import { measure, type Member, type Swarm } from './swarm.ts'

/** What was seen so far. */
export interface Prober {
  readonly swarm: Swarm
  /** When what is sampled began. */
  startMs: number
  /** Of those that answered last. */
  readonly statuses: Map<Member, NodeStatus>
  /** Rounds that any node has reported as closed; that more than its asker knows; and that a node has taken on, with its index. */
  readonly closed: Set<string>
  readonly shared: Set<string>
  readonly acknowledged: Map<string, number>
  /** Last block by height, and two at one height as sentences. */
  readonly blocks: Map<number, string>
  readonly forks: string[]
  /** What the last member needs, which is never killed: minutes since the start, MB and open files. */
  readonly samples: { minutes: number; rssMb: number; files: number }[]
  asks: boolean
  looks: boolean
}

interface Rounds {
  round: string
  status: 'open' | 'closed'
}

const LOOK_MS = 500
const SAMPLE_LOOKS = 10
const ASK_MS = 600
const OPEN_MAX = 4
const TIMEOUT_MS = 2_000
/** At the end nobody is down, and a busy machine is no loss. */
const FINAL_TIMEOUT_MS = 20_000

/** Asks and looks until it is told not to. */
export function startProber(swarm: Swarm): Prober {
  const prober: Prober = {
    swarm,
    startMs: performance.now(),
    statuses: new Map(),
    closed: new Set(),
    shared: new Set(),
    acknowledged: new Map(),
    blocks: new Map(),
    forks: [],
    samples: [],
    asks: true,
    looks: true,
  }
  void repeat(LOOK_MS, () => prober.looks, (count) => look(prober, count))
  void repeat(ASK_MS, () => prober.asks && prober.looks, (count) => ask(prober, count))
  return prober
}

async function repeat(everyMs: number, goesOn: () => boolean, work: (count: number) => Promise<void>): Promise<void> {
  for (let count = 0; goesOn(); await sleep(everyMs)) await work(count++)
}

async function look(prober: Prober, count: number): Promise<void> {
  const { swarm, statuses } = prober
  await Promise.all(swarm.members.map((member) => lookAt(prober, member)))
  const up = [...statuses.keys()]
  const member = up[count % Math.max(1, up.length)]
  const rounds = member === undefined ? null : await within(member.client.get<{ rounds: Rounds[] }>('rounds?limit=30'))
  for (const { round, status } of rounds?.rounds ?? []) {
    if (prober.acknowledged.get(round) !== member?.index || status === 'closed') prober.shared.add(round)
    if (status === 'closed') prober.closed.add(round)
  }
  if (count % SAMPLE_LOOKS > 0) return
  const sample = await measure(swarm.members.at(-1) as Member)
  if (sample !== null) prober.samples.push({ minutes: (performance.now() - prober.startMs) / 60_000, ...sample })
}

async function lookAt({ swarm, statuses, blocks, forks }: Prober, member: Member): Promise<void> {
  const status = member.state === 'up' ? await within(member.client.get<NodeStatus>('status')) : null
  if (member.state !== 'up') statuses.delete(member)
  if (status === null) return
  statuses.set(member, status)
  member.signing = status.signing.mode
  const known = blocks.get(status.height)
  if (known !== undefined && known !== status.lastBlock) forks.push(`node ${member.index} has another block at height ${status.height}`)
  blocks.set(status.height, status.lastBlock)
  swarm.height = Math.max(swarm.height, status.height)
}

async function ask({ swarm, closed, acknowledged }: Prober, count: number): Promise<void> {
  const open = [...acknowledged.keys()].filter((round) => !closed.has(round)).length
  const able = swarm.members.filter(({ state, signing }) => state === 'up' && signing === 'active')
  const member = able[count % Math.max(1, able.length)]
  if (member === undefined || open >= OPEN_MAX) return
  const prompt = generateTask('countdown', `chaos/${count}`)
  const answer = await within(member.client.post<{ round: string }>('rounds', { kind: 'countdown', prompt, answerMs: 4_000, judgeMs: 4_000 }))
  if (answer !== null) acknowledged.set(answer.round, member.index)
}

/** How many members the least informed node has heard of. */
export function acquainted({ swarm, statuses }: Prober): number {
  return Math.min(...swarm.members.map((member) => statuses.get(member)?.membersPresent ?? 0))
}

/** Waits until all agree with no round open; resolves to the state root that they share, or null. */
export async function untilAgreed({ swarm, statuses }: Prober, limitMs: number): Promise<string | null> {
  for (const deadline = performance.now() + limitMs; performance.now() < deadline; await sleep(LOOK_MS)) {
    const all = swarm.members.map((member) => statuses.get(member))
    const roots = new Set(all.map((status) => `${status?.height} ${status?.stateRoot}`))
    if (roots.size === 1 && all.every((status) => status?.openRounds.length === 0)) return all[0]?.stateRoot ?? null
  }
  return null
}

/** Per member that was penalised, what for. */
export async function findPenalties({ swarm: { members } }: Prober): Promise<{ node: number; causes: string[] }[]> {
  const { client } = members.at(-1) as Member
  const documents = await Promise.all(members.map(({ node }) => within(client.get<{ penalties: { cause: string }[] }>(`members/${node.memberId}/reputation`), FINAL_TIMEOUT_MS)))
  return documents.map((document, node) => ({ node, causes: (document?.penalties ?? []).map(({ cause }) => cause) })).filter(({ causes }) => causes.length > 0)
}

/** Rounds that were closed or acknowledged, and that some node does not know, as sentences. */
export async function findLost({ swarm: { members }, closed, acknowledged }: Prober): Promise<string[]> {
  const lost: string[] = []
  for (const round of new Set([...closed, ...acknowledged.keys()])) {
    const found = await Promise.all(members.map(({ client }) => within(client.get<Rounds>(`rounds/${round}`), FINAL_TIMEOUT_MS)))
    for (const [index, detail] of found.entries()) {
      if (detail === null) lost.push(`node ${index} does not know round ${round.slice(0, 12)}, ${acknowledged.has(round) ? `acknowledged by node ${acknowledged.get(round)}` : 'reported as closed'}`)
      else if (closed.has(round) && detail.status !== 'closed') lost.push(`round ${round.slice(0, 12)} is closed, but open on node ${index}`)
    }
  }
  return lost
}

// Null for whoever does not answer in time: it is down, paused or busy.
function within<T>(answer: Promise<T>, limitMs = TIMEOUT_MS): Promise<T | null> {
  return Promise.race([answer.catch(() => null), sleep(limitMs, null)])
}
