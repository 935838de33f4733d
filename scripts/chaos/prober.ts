/** Asks rounds of the nodes all the time, and looks at what they say of themselves. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeStatus } from '../../node/index.ts'
import { generateTask } from '../../protocol/index.ts'
import { measure, type Member, type Swarm } from './swarm.ts'

export interface Prober {
  /** Rounds that any node has reported as closed. */
  readonly closed: ReadonlySet<string>
  /** Rounds that a node has taken on, and which node. */
  readonly acknowledged: ReadonlyMap<string, number>
  /** Two blocks at one height, as sentences. */
  readonly forks: readonly string[]
  /** What the last member needs, which is never killed: minutes since the start, MB and open files. */
  readonly samples: readonly { minutes: number; rssMb: number; files: number }[]
  onTick: () => void
  /** How many members the least informed node has heard of. */
  acquainted: () => number
  height: () => number
  /** Whether a member has taken on a round that it alone may know. */
  isHolding: (member: Member) => boolean
  askNoMore: () => void
  /** Waits until all agree with no round open; the state root that they share, or null. */
  untilAgreed: (limitMs: number) => Promise<string | null>
  /** Per member, what it was penalised for. */
  penalties: () => Promise<{ node: number; causes: string[] }[]>
  /** Rounds that were closed or acknowledged, and that some node does not know, as sentences. */
  unknownRounds: () => Promise<string[]>
  stop: () => void
}

const TICK_MS = 500
const SAMPLE_TICKS = 10
const ASK_MS = 600
const OPEN_MAX = 4
const TIMEOUT_MS = 2_000
/** At the end nobody is down, and a busy machine is no loss. */
const FINAL_TIMEOUT_MS = 20_000

interface Rounds {
  round: string
  status: 'open' | 'closed'
}

export function createProber(swarm: Swarm): Prober {
  const { members } = swarm
  const statuses = new Map<Member, NodeStatus>()
  const closed = new Set<string>()
  const public_ = new Set<string>()
  const acknowledged = new Map<string, number>()
  const blocks = new Map<number, string>()
  const forks: string[] = []
  const samples: { minutes: number; rssMb: number; files: number }[] = []
  const startMs = performance.now()
  let height = 0
  let ticks = 0
  let asked = 0
  let asking = true
  let stopped = false

  const look = async (member: Member): Promise<void> => {
    if (member.state !== 'up') return void statuses.delete(member)
    const status = await within(member.client.get<NodeStatus>('status'))
    if (status === null) return
    statuses.set(member, status)
    member.signing = status.signing.mode
    height = Math.max(height, status.height)
    const known = blocks.get(status.height)
    if (known !== undefined && known !== status.lastBlock) forks.push(`node ${member.index} has another block at height ${status.height}`)
    blocks.set(status.height, status.lastBlock)
  }

  const tick = async (): Promise<void> => {
    await Promise.all(members.map(look))
    const up = members.filter((member) => statuses.has(member) && member.state === 'up')
    const member = up[ticks % Math.max(1, up.length)]
    const rounds = member === undefined ? null : await within(member.client.get<{ rounds: Rounds[] }>('rounds?limit=30'))
    for (const { round, status } of rounds?.rounds ?? []) {
      if (acknowledged.get(round) !== member?.index || status === 'closed') public_.add(round)
      if (status === 'closed') closed.add(round)
    }
    if (ticks++ % SAMPLE_TICKS === 0) {
      const sample = await measure(members.at(-1) as Member)
      if (sample !== null) samples.push({ minutes: (performance.now() - startMs) / 60_000, ...sample })
    }
    prober.onTick()
  }

  const ask = async (): Promise<void> => {
    const open = [...acknowledged.keys()].filter((round) => !closed.has(round)).length
    const able = members.filter((member) => member.state === 'up' && member.signing === 'active')
    const member = able[asked % Math.max(1, able.length)]
    if (member === undefined || open >= OPEN_MAX || height === 0 && asked > OPEN_MAX) return
    const prompt = generateTask('countdown', `chaos/${asked++}`)
    const answer = await within(member.client.post<{ round: string }>('rounds', { kind: 'countdown', prompt, answerMs: 4_000, judgeMs: 4_000 }))
    if (answer !== null) acknowledged.set(answer.round, member.index)
  }

  const repeat = async (work: () => Promise<void>, everyMs: number, goesOn: () => boolean): Promise<void> => {
    for (; goesOn(); await sleep(everyMs)) await work()
  }
  void repeat(tick, TICK_MS, () => !stopped)
  void repeat(ask, ASK_MS, () => asking && !stopped)

  const prober: Prober = {
    closed,
    acknowledged,
    forks,
    samples,
    onTick: () => undefined,
    acquainted: () => Math.min(...members.map((member) => statuses.get(member)?.membersPresent ?? 0)),
    height: () => height,
    isHolding: ({ index }) => [...acknowledged].some(([round, node]) => node === index && !public_.has(round)),
    askNoMore: () => void (asking = false),
    async untilAgreed(limitMs) {
      const deadline = performance.now() + limitMs
      while (performance.now() < deadline) {
        const all = members.map((member) => statuses.get(member))
        const roots = new Set(all.map((status) => `${status?.height} ${status?.stateRoot}`))
        if (roots.size === 1 && all.every((status) => status?.openRounds.length === 0)) return (all[0] as NodeStatus).stateRoot
        await sleep(TICK_MS)
      }
      return null
    },
    async penalties() {
      const witness = members.at(-1) as Member
      const documents = await Promise.all(members.map(({ node }) => within(witness.client.get<{ penalties: { cause: string }[] }>(`members/${node.memberId}/reputation`), FINAL_TIMEOUT_MS)))
      return documents.flatMap((document, node) => {
        const causes = (document?.penalties ?? []).map(({ cause }) => cause)
        return causes.length === 0 ? [] : [{ node, causes }]
      })
    },
    async unknownRounds() {
      const wanted = new Set([...closed, ...acknowledged.keys()])
      const lost: string[] = []
      for (const round of wanted) {
        const found = await Promise.all(members.map(({ client }) => within(client.get<Rounds>(`rounds/${round}`), FINAL_TIMEOUT_MS)))
        for (const [index, detail] of found.entries()) {
          if (detail === null) lost.push(`node ${index} does not know round ${round.slice(0, 12)}${acknowledged.has(round) ? `, acknowledged by node ${acknowledged.get(round)}` : ''}`)
          else if (closed.has(round) && detail.status !== 'closed') lost.push(`round ${round.slice(0, 12)} is closed, but open on node ${index}`)
        }
      }
      return lost
    },
    stop: () => void (stopped = true),
  }
  return prober
}

// Null for whoever does not answer in time: it is down, paused or busy.
function within<T>(answer: Promise<T>, limitMs = TIMEOUT_MS): Promise<T | null> {
  return Promise.race([answer.catch(() => null), sleep(limitMs, null)])
}
