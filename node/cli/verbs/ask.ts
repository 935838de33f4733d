import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { Option } from 'commander'
import type { z } from 'zod'
import { TASK_KINDS } from '../../../consensus/index.ts'
import { firstIssue } from '../../config/first-issue.ts'
import { askRequestSchema } from '../../service/rounds.ts'
import { unreadyReasons } from '../../service/readiness.ts'
import type { NodeEvent, NodeStatus, RoundDetail } from '../../service.ts'
import { findNode } from '../client.ts'
import type { NodeClient, NodeOptions } from '../client.ts'
import { note, printJson } from '../context.ts'
import type { Context } from '../context.ts'
import { CliError } from '../exit.ts'
import { createFollower } from '../follow-round.ts'
import { printable } from '../format.ts'
import { formatCredit, formatPoints, formatProgress } from '../round-text.ts'
import { addNodeOptions, parseSeconds } from './options.ts'

interface AskOptions extends NodeOptions {
  kind?: string
  reference?: string
  file?: string
  truth?: string[]
  rated?: boolean
  timeout: number
  json?: boolean
}

type AskBody = z.output<typeof askRequestSchema>

export function addAsk(program: Command, context: Context): void {
  const command = program
    .command('ask')
    .description('put a task to the network and print the winning answer')
    .argument('[prompt...]', 'the task; with --file it comes from there')
    .addOption(new Option('--kind <kind>', 'how equal answers are told (default: text)').choices(TASK_KINDS))
    .option('--reference <text>', 'a label of your own, shown to everybody')
    .option('--file <task.json>', 'prompt, kind, reference, answerMs, judgeMs and truth from a file')
    .option('--truth <value...>', 'accepted values, committed to now and revealed after the ballots')
    .option('--rated', 'ask only if enough members are present for reputation, credit and points')
    .option('--timeout <seconds>', 'how long to wait for the round to close', parseSeconds, 180)
  addNodeOptions(command).action(async (words: string[], options: AskOptions) => {
    const body = await readTask(words, options)
    const client = await findNode(options, context)
    const progress = createProgress(context, options.json === true)
    const follower = await createFollower(client, { signal: context.signal, timeoutMs: options.timeout * 1_000, ...progress })
    try {
      const { round } = await client.post<{ round: string }>('rounds', body)
      const detail = await follower.follow(round)
      await finish(detail, progress, options, context, client)
    } finally {
      follower.close()
    }
  })
}

/** The task from a file and flags; flags win. Throws CliError `usage` naming the file and field. */
async function readTask(words: readonly string[], { file, kind, reference, truth, rated }: AskOptions): Promise<AskBody> {
  const fromFile = file === undefined ? {} : await readTaskFile(file)
  const prompt = words.join(' ')
  const task = {
    ...fromFile,
    ...(prompt === '' ? {} : { prompt }),
    ...(kind === undefined ? {} : { kind }),
    ...(reference === undefined ? {} : { reference }),
    ...(truth === undefined ? {} : { truth: { accepted: truth } }),
    ...(rated === undefined ? {} : { rated }),
  }
  const parsed = askRequestSchema.safeParse(task)
  if (parsed.success) return parsed.data
  const { field, message } = firstIssue(parsed.error)
  if (file === undefined && prompt === '') {
    const swallowed = truth === undefined || truth.length === 1 ? '' : '; --truth takes all words up to the next option, so ask first'
    throw new CliError('usage', 'There is nothing to ask.', `peerage ask "your question", or --file task.json${swallowed}`)
  }
  throw new CliError('usage', `${file ?? 'task'}: ${field === '' ? message : `${field}: ${message}`}`)
}

async function readTaskFile(file: string): Promise<object> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new CliError('usage', `${file}: cannot be read: ${cause.message}`, '', { cause })
  })
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (cause) {
    throw new CliError('usage', `${file}: is not valid JSON: ${(cause as Error).message}`, '', { cause })
  }
  throw new CliError('usage', `${file}: must hold a JSON object with the fields of a task.`)
}

interface Progress {
  onEvent(event: NodeEvent): void
  onRound(round: RoundDetail): void
  answered(): boolean
  /** Code of the last failure of this node's own agent, or null. */
  agentFailure(): string | null
}

/** Says each step on stderr, and prints the answer as soon as it is final; credit follows and holds nobody up. */
function createProgress(context: Context, json: boolean): Progress {
  let answered = false
  let failure: string | null = null
  return {
    onEvent(event) {
      if (event.type === 'agent-error') failure = event.code
      const line = formatProgress(event)
      if (line !== null) note(context, line)
    },
    onRound({ winner }) {
      if (winner === null || answered) return
      answered = true
      note(context, `  answer by ${winner.name}`)
      if (!json) context.out(`${(context.interactive ? printable(winner.text) : winner.text).trimEnd()}\n`)
    },
    answered: () => answered,
    agentFailure: () => failure,
  }
}

async function finish(detail: RoundDetail, progress: Progress, options: AskOptions, context: Context, client: NodeClient): Promise<void> {
  if (options.json === true && (progress.answered() || detail.status === 'closed')) printJson(context, 'peerage.ask/v1', detail)
  if (detail.status === 'closed') {
    const shares = detail.credit?.shares ?? []
    note(context, `closed: credit ${formatCredit(shares)}; points ${formatPoints(shares)}${detail.rated === false ? '; unrated' : ''}`)
  }
  if (progress.answered()) {
    if (detail.status === 'open') note(context, `The answer is final, its credit is not: peerage rounds ${detail.round}`)
    return
  }
  if (detail.status === 'open') {
    const state = detail.openedHeight === null ? 'no block has opened the round yet' : `the round is in phase ${detail.phase}`
    const reasons = await client.get<NodeStatus>('status').then(unreadyReasons, () => [])
    const hint = [...reasons.map(({ message }) => message), `See how it goes on: peerage rounds ${detail.round}`].join('\n  ')
    throw new CliError('deadline', `No answer within ${options.timeout} s; ${state}.`, hint)
  }
  const failure = progress.agentFailure()
  if (failure !== null && detail.answers.length === 0) throw new CliError(failure === 'budget-refused' ? 'budget' : 'provider', `Nobody answered, and this node's agent failed (${failure}).`)
  throw new CliError('failure', 'The round closed without a winner: nobody answered.', 'Members answer what their agents can do: solvers know countdowns, tours and colourings, and no texts.')
}
