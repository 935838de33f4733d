import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { generateTask } from '../../../protocol/index.ts'
import type { NodeEvent, NodeStatus, RoundDetail } from '../../service.ts'
import { createNodeClient } from '../client.ts'
import type { NodeClient } from '../client.ts'
import { note } from '../context.ts'
import type { Context } from '../context.ts'
import { CliError } from '../exit.ts'
import { createFollower } from '../follow-round.ts'
import { pause } from '../pause.ts'
import { startChild } from './child-node.ts'
import type { ChildNode, ReadyDocument } from './child-node.ts'
import { createReport } from './report.ts'
import type { Report } from './report.ts'
import { openTestnet } from './testnet.ts'

export interface DemoOptions {
  nodes: number
  rounds?: number
  /** Seconds between rounds. */
  pause: number
  seed?: string
  dir?: string
  json?: boolean
}

const READY_MS_MAX = 60_000
const MEET_MS_MAX = 30_000
const ROUND_MS_MAX = 120_000
const AGENT_MS = 10_000
const RETRY_MS = 500
/** A rated round needs so many members. */
const NODES_MIN = 3
const KINDS = ['countdown', 'colouring', 'tour'] as const

/** A node that serves. */
interface Member {
  child: ChildNode
  ready: ReadyDocument
  client: NodeClient
}

/** Runs a network of nodes on this machine until told to end or until so many rounds are closed; leaves no process behind. */
export async function runDemo(options: DemoOptions, context: Context): Promise<void> {
  const folder = options.dir === undefined ? await mkdtemp(join(tmpdir(), 'peerage-demo-')) : resolve(options.dir)
  const report = createReport(context, options.json === true)
  const children: ChildNode[] = []
  const watch = { stopping: false }
  try {
    const nodes = await openTestnet(folder, options.nodes)
    context.signal.throwIfAborted()
    note(context, `Starting ${nodes.length} nodes ...`)
    children.push(...nodes.map((node) => startChild(node, context)))
    for (const child of children) void reportEnd(child, watch, report)
    const members = await gather(children, context)
    report.ready(members.map(({ ready }) => ready), folder)
    await untilAcquainted(members, context)
    await playRounds(members, options, report, context)
  } finally {
    watch.stopping = true
    await Promise.all(children.map((child) => child.stop()))
    if (options.dir === undefined) await rm(folder, { recursive: true, force: true })
  }
}

async function reportEnd(child: ChildNode, watch: { stopping: boolean }, report: Report): Promise<void> {
  const how = await child.ended
  if (watch.stopping) return
  const words = child.lastWords()
  report.mishap('node-ended', [`${child.name} (process ${child.pid}) ended: ${how}`, ...words].join('\n  '), { memberId: child.memberId, name: child.name, pid: child.pid, how })
}

/** Waits until every node serves or has ended. Rejects with CliError if too few are left. */
async function gather(children: readonly ChildNode[], context: Context): Promise<Member[]> {
  const timeout = AbortSignal.any([context.signal, AbortSignal.timeout(READY_MS_MAX)])
  const expired = new Promise<never>((_, reject) => {
    timeout.addEventListener('abort', () => reject(timeout.reason as Error), { once: true })
  })
  const outcomes = await Promise.allSettled(
    children.map(async (child): Promise<Member> => {
      const ready = await Promise.race([child.ready, expired])
      return { child, ready, client: createNodeClient(ready.apiUrl, null, context) }
    }),
  )
  context.signal.throwIfAborted()
  const members = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (members.length < NODES_MIN) throw failure?.reason ?? new CliError('tooFewPeers', `A network needs ${NODES_MIN} nodes.`)
  return members
}

/** Waits until every node sees all the others, or long enough: what is missing then shows in the rounds. */
async function untilAcquainted(members: readonly Member[], context: Context): Promise<void> {
  const deadline = performance.now() + MEET_MS_MAX
  for (;;) {
    const living = members.filter(({ child }) => child.alive())
    const statuses = await Promise.all(living.map(({ client }) => client.get<NodeStatus>('status').catch(() => null)))
    context.signal.throwIfAborted()
    if (statuses.every((status) => status !== null && status.membersPresent >= living.length)) return
    if (performance.now() > deadline) return note(context, 'Not every node has found all the others yet.')
    await pause(RETRY_MS / 2, context.signal)
  }
}

async function playRounds(members: readonly Member[], options: DemoOptions, report: Report, context: Context): Promise<void> {
  const seed = options.seed ?? randomUUID()
  for (let number = 1; number <= (options.rounds ?? Infinity); number++) {
    const living = members.filter(({ child }) => child.alive())
    const asker = living[(number - 1) % living.length]
    if (asker === undefined || living.length < NODES_MIN) {
      throw new CliError('tooFewPeers', `Only ${living.length} of ${members.length} nodes are left; a rated round needs ${NODES_MIN}.`)
    }
    const kind = KINDS[(number - 1) % KINDS.length] as (typeof KINDS)[number]
    const task = { kind, prompt: generateTask(kind, `${seed}/${number}`), answerMs: AGENT_MS, judgeMs: AGENT_MS }
    report.asked(number, asker.child.name, kind, task.prompt)
    try {
      report.closed(number, await playRound(task, asker, living, (event) => report.event(number, event), context))
    } catch (error) {
      context.signal.throwIfAborted()
      if (options.rounds !== undefined && error instanceof CliError && error.exit === 'deadline') throw error
      report.mishap('round-failed', `round ${number} was lost: ${(error as Error).message}`, { number })
    }
    if (number !== options.rounds) await pause(options.pause * 1_000, context.signal)
  }
}

type Task = { kind: (typeof KINDS)[number]; prompt: string; answerMs: number; judgeMs: number }

/** One round, watched at one node: the asker, or another should that one end. */
async function playRound(
  task: Task,
  asker: Member,
  living: readonly Member[],
  onEvent: (event: NodeEvent) => void,
  context: Context,
): Promise<RoundDetail> {
  const follower = await createFollower(asker.client, { signal: context.signal, timeoutMs: ROUND_MS_MAX, onEvent })
  let round: string | null = null
  try {
    round = await ask(asker, task, context)
    return assertClosed(await follower.follow(round))
  } catch (error) {
    context.signal.throwIfAborted()
    const witness = living.find(({ child }) => child !== asker.child && child.alive())
    if (round === null || witness === undefined || asker.child.alive()) throw error
    const other = await createFollower(witness.client, { signal: context.signal, timeoutMs: ROUND_MS_MAX, onEvent })
    return await other.follow(round).then(assertClosed).finally(() => other.close())
  } finally {
    follower.close()
  }
}

/** Puts the task; while too few members are there, tries again for a while. */
async function ask({ client }: Member, task: Task, context: Context): Promise<string> {
  const deadline = performance.now() + MEET_MS_MAX
  for (;;) {
    try {
      return (await client.post<{ round: string }>('rounds', task)).round
    } catch (error) {
      if (!(error instanceof CliError) || error.exit !== 'tooFewPeers' || performance.now() > deadline) throw error
    }
    await pause(RETRY_MS, context.signal)
  }
}

function assertClosed(round: RoundDetail): RoundDetail {
  if (round.status === 'closed') return round
  throw new CliError('deadline', `round ${round.round} did not close within ${ROUND_MS_MAX / 1_000} s; it is in phase ${round.phase}.`)
}
