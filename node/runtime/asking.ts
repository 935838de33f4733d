/** Tasks of the owner on their way to the network. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAcceptable, LIMITS, presentMembers, RATED_PLAYERS_MIN, taskSchema, type Event, type Machine, type Notice, type Task } from '../../protocol/index.ts'
import { ServiceError, type AskRequest, type NodeService } from '../service.ts'
import type { Store } from '../store/store.ts'
import { createIdempotency } from './idempotency.ts'

const ANSWER_MS_DEFAULT = 60_000
const JUDGE_MS_DEFAULT = 60_000
/** How long a task waits for a node that does not know yet whether it may sign, or that has many tasks waiting for a block. */
const ASKING_MS_MAX = 10_000
const ASKING_POLL_MS = 50

/** So many own rounds may wait, beyond those that the network lets be open at once. Of these, so many are with the network already. */
const WAITING_ROUNDS_MAX = 16
const POOLED_ROUNDS_MAX = 12
/** Seconds after which a refused asker may try again, until a round of this node has shown how long they take. */
const RETRY_S_FIRST = 5
const RETRY_S_MAX = 60

export interface Asking {
  ask: NodeService['ask']
  onAsked: (notice: Extract<Notice, { type: 'asked' }>) => void
  onClosed: (round: string) => void
  /** Refuses what waits, and whatever is asked from now on. */
  close: () => void
}

export function createAsking(machine: Machine, store: Store, dispatch: (event: Event) => void): Asking {
  const tickets: Tickets = new Map()
  const idempotency = createIdempotency(store)
  const pace = createPace()
  let lastTicket = 0
  let queued = 0
  let closed = false
  const stopping = (): ServiceError => new ServiceError('stopping', 'The node is stopping.')

  const pooled = (): number => tickets.size + [...machine.pool.opens.values()].filter(({ author }) => author === machine.self).length
  const isFull = (): boolean => pooled() >= POOLED_ROUNDS_MAX
  const unclosed = (): number => queued + pooled() + Object.values(machine.ledger.rounds).filter(({ asker }) => asker === machine.self).length
  const ask = async (request: AskRequest): Promise<{ round: string }> => {
    if (closed) throw stopping()
    const task = readTask(request, machine)
    if (request.rated === true) assertRated(request, machine)
    const truth = request.truth === undefined ? null : { accepted: request.truth.accepted.map((value) => value.toWellFormed()), salt: new Uint8Array(randomBytes(32)) }
    const roundsMax = machine.rules.parameters.openRoundsMax + WAITING_ROUNDS_MAX
    const full = (): ServiceError =>
      new ServiceError('quota', `${roundsMax} rounds that this node asked are not closed yet; it takes no more at once.`, { retryAfterS: pace.retryAfterS() })
    if (unclosed() >= roundsMax) throw full()
    queued++
    try {
      for (let waitedMs = 0; (machine.guard.mode === 'asking' || isFull()) && waitedMs < ASKING_MS_MAX; waitedMs += ASKING_POLL_MS) await sleep(ASKING_POLL_MS)
    } finally {
      queued--
    }
    if (closed) throw stopping()
    if (isFull()) throw full()
    const ticket = ++lastTicket
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    tickets.set(ticket, { resolve, reject })
    dispatch({ type: 'ask', ticket, task, truth })
    const round = await promise
    pace.begin(round)
    return { round }
  }

  return {
    ask: (request, { idempotencyKey } = {}) => (idempotencyKey === undefined ? ask(request) : idempotency.once(idempotencyKey, request, () => ask(request))),
    onAsked({ ticket, round, code }) {
      const waiting = tickets.get(ticket)
      tickets.delete(ticket)
      if (round !== null) waiting?.resolve(round)
      else waiting?.reject(refusalOf(code, pace.retryAfterS()))
    },
    onClosed: pace.end,
    close() {
      closed = true
      for (const { reject } of tickets.values()) reject(stopping())
      tickets.clear()
    },
  }
}

type Tickets = Map<number, { resolve: (round: string) => void; reject: (error: ServiceError) => void }>

/** How long the last own round took: so long it takes for places to become free. */
function createPace(): { begin: (round: string) => void; end: (round: string) => void; retryAfterS: () => number } {
  const begun = new Map<string, number>()
  let lastS = RETRY_S_FIRST
  return {
    begin: (round) => void begun.set(round, performance.now()),
    end(round) {
      const beganMs = begun.get(round)
      if (beganMs !== undefined) lastS = Math.ceil((performance.now() - beganMs) / 1_000)
      begun.delete(round)
    },
    retryAfterS: () => Math.min(RETRY_S_MAX, Math.max(1, lastS)),
  }
}

/** Throws ServiceError `too-few-peers` where nobody would be rated. Who promises a truth does not play. */
function assertRated({ truth }: AskRequest, machine: Machine): void {
  const players = [...presentMembers(machine)].filter(([member, { canAnswer }]) => canAnswer && (truth === undefined || member !== machine.self)).length
  if (players >= RATED_PLAYERS_MIN) return
  throw new ServiceError('too-few-peers', `${players} of the members that are present can answer; from ${RATED_PLAYERS_MIN} on a round is rated.`)
}

/** Builds the task of a request within the network's limits; half characters become U+FFFD, as in every encoding. Throws ServiceError `invalid-task` naming the field. */
function readTask(request: AskRequest, machine: Machine): Task {
  const { agentMsMax } = machine.rules.parameters
  const parsed = taskSchema.safeParse({
    kind: request.kind,
    prompt: request.prompt.toWellFormed(),
    reference: request.reference?.toWellFormed() ?? null,
    answerMs: request.answerMs ?? Math.min(ANSWER_MS_DEFAULT, agentMsMax),
    judgeMs: request.judgeMs ?? Math.min(JUDGE_MS_DEFAULT, agentMsMax),
  })
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new ServiceError('invalid-task', `${issue?.path.join('.') ?? 'task'}: ${issue?.message ?? 'is invalid'}`)
  }
  const accepted = request.truth?.accepted ?? []
  if (accepted.length > LIMITS.acceptedMax || accepted.some((value) => value.length > LIMITS.valueLengthMax)) {
    throw new ServiceError('invalid-task', `truth.accepted: at most ${LIMITS.acceptedMax} values of ${LIMITS.valueLengthMax} characters`)
  }
  if (request.truth !== undefined && accepted.length === 0) throw new ServiceError('invalid-task', 'truth.accepted: must hold a value')
  const unusable = accepted.find((value) => !isAcceptable(parsed.data.kind, value))
  if (unusable !== undefined) {
    throw new ServiceError('invalid-task', `truth.accepted: "${unusable.slice(0, 40)}" is no ${parsed.data.kind} that answers are compared by; truths go with the kinds choice, number and label`)
  }
  return parsed.data
}

function refusalOf(code: string | null, retryAfterS: number): ServiceError {
  switch (code) {
    case 'not-a-member':
      return new ServiceError('not-member', 'This node is not a member of the network yet.')
    case 'observing':
      return new ServiceError('observing', 'This node signs nothing for now, so it cannot ask either: peerage status says why.')
    case 'time-limit':
      return new ServiceError('invalid-task', 'answerMs, judgeMs: longer than the network allows')
    default:
      return new ServiceError('quota', `The network does not take the task now (${code ?? 'unknown'}); too many rounds of this member are open.`, { retryAfterS })
  }
}
