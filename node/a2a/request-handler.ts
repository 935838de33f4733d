/** The operations of A2A over a node. A task is a round; nothing of it is kept here, so that it outlives a restart. */
import { ExtendedAgentCardNotConfiguredError, PushNotificationNotSupportedError, RequestMalformedError, TaskNotCancelableError, TaskNotFoundError, UnsupportedOperationError } from '@a2a-js/sdk/errors'
import type { A2ARequestHandler, ServerCallContext } from '@a2a-js/sdk/server'
import { TaskState } from '@a2a-js/sdk'
import type { AgentCard, SendMessageRequest, StreamResponse, Task } from '@a2a-js/sdk'
import { createProgress } from '../http/facade/progress.ts'
import { toProblem } from '../http/problem.ts'
import { followRound, watchRound } from '../runtime/follow-round.ts'
import type { AskOptions, NodeService, RoundDetail } from '../service.ts'
import { ServiceError } from '../service.ts'
import { readAskRequest } from './ask-request.ts'
import { listTasks } from './list-tasks.ts'
import { artifactsOf, contextOf, sayOf, stateOf, taskOf } from './task.ts'

/** Key of the call's state under which the signal lies that says that the client is gone. */
export const SIGNAL_KEY = 'signal'

/** What follows the answers and the verdicts of a round, at most, before a call stops waiting for its end. */
const CLOSING_MS_MAX = 120_000

export interface RequestHandlerInit {
  service: NodeService
  card: () => AgentCard
  /** Told of failures that are the node's own; the client learns only that there was one. */
  onError: (error: unknown) => void
}

export function createRequestHandler({ service, card, onError }: RequestHandlerInit): A2ARequestHandler {
  const open = async (request: SendMessageRequest): Promise<RoundDetail> => {
    const { round } = await service.ask(readAskRequest(request), sentAs(request))
    return findRound(service, round)
  }
  const guard = async <T>(context: ServerCallContext, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw explain(error, signalOf(context), onError)
    }
  }
  async function* stream(context: ServerCallContext, begin: () => Promise<RoundDetail>, historyLength?: number): AsyncGenerator<StreamResponse, void, undefined> {
    const signal = signalOf(context)
    try {
      const round = await begin()
      yield { payload: { $case: 'task', value: taskOf(round, historyLength) } }
      if (round.status === 'open') yield* follow(service, round, signal)
    } catch (error) {
      throw explain(error, signal, onError)
    }
  }

  return {
    getAgentCard: async () => card(),
    sendMessage: (request, context) => guard(context, () => sendAndWait(service, request, open, signalOf(context))),
    sendMessageStream: (request, context) => stream(context, () => open(request), request.configuration?.historyLength),
    getTask: ({ id, historyLength }, context) => guard(context, async () => taskOf(await findRound(service, id), historyLength)),
    cancelTask: ({ id }, context) => guard(context, async () => refuseToCancel(await findRound(service, id))),
    resubscribe: ({ id }, context) => stream(context, async () => assertOpen(await findRound(service, id))),
    listTasks: (request, context) => guard(context, () => listTasks(service, request)),
    getAuthenticatedExtendedAgentCard: refuse(() => new ExtendedAgentCardNotConfiguredError('There is one card, for everybody.')),
    createTaskPushNotificationConfig: refuse(noPush),
    getTaskPushNotificationConfig: refuse(noPush),
    listTaskPushNotificationConfigs: refuse(noPush),
    deleteTaskPushNotificationConfig: refuse(noPush),
  }
}

async function sendAndWait(service: NodeService, request: SendMessageRequest, open: (request: SendMessageRequest) => Promise<RoundDetail>, signal: AbortSignal): Promise<Task> {
  const { returnImmediately = false, historyLength } = request.configuration ?? {}
  const round = await open(request)
  const timeoutMs = returnImmediately ? 0 : timeoutOf(round)
  return taskOf(await followRound(service, round.round, { signal, timeoutMs }), historyLength)
}

/** What happens in a round from now on: progress in words, the answer as soon as it is final, the rest at the end. */
async function* follow(service: NodeService, first: RoundDetail, signal: AbortSignal): AsyncGenerator<StreamResponse, void, undefined> {
  const describe = createProgress(service)
  const ids = { taskId: first.round, contextId: contextOf(first), metadata: undefined }
  const given = new Set<string>()
  let said = 0
  for await (const look of watchRound(service, first.round, { signal, timeoutMs: timeoutOf(first) })) {
    const timestamp = new Date().toISOString()
    for (const sentence of describe(look)) {
      const message = sayOf(look.round, `progress/${++said}`, sentence)
      yield { payload: { $case: 'statusUpdate', value: { ...ids, status: { state: TaskState.TASK_STATE_WORKING, message, timestamp } } } }
    }
    for (const artifact of artifactsOf(look.round)) {
      if (given.has(artifact.artifactId)) continue
      given.add(artifact.artifactId)
      yield { payload: { $case: 'artifactUpdate', value: { ...ids, artifact, append: false, lastChunk: true } } }
    }
    if (look.round.status === 'open') continue
    const { message } = taskOf(look.round).status ?? {}
    yield { payload: { $case: 'statusUpdate', value: { ...ids, status: { state: stateOf(look.round), message, timestamp } } } }
  }
}

/** A message that is sent again is the same task. */
function sentAs({ message }: SendMessageRequest): AskOptions {
  const id = message?.messageId ?? ''
  return id === '' ? {} : { idempotencyKey: `a2a/${id}` }
}

async function findRound(service: NodeService, id: string): Promise<RoundDetail> {
  if (id.trim() === '') throw new RequestMalformedError('The id of the task is missing.')
  const round = await service.round(id)
  if (round === null) throw new TaskNotFoundError(`This node knows no round ${id.slice(0, 128)}.`)
  return round
}

function timeoutOf({ task }: RoundDetail): number {
  return task.answerMs + task.judgeMs + CLOSING_MS_MAX
}

function signalOf({ state }: ServerCallContext): AbortSignal {
  const signal = state.get(SIGNAL_KEY)
  return signal instanceof AbortSignal ? signal : new AbortController().signal
}

function noPush(): Error {
  return new PushNotificationNotSupportedError('This node calls nobody back: stream, or get the task later.')
}

function refuse(error: () => Error): () => Promise<never> {
  return () => Promise.reject(error())
}

function refuseToCancel({ status }: RoundDetail): never {
  throw new TaskNotCancelableError(status === 'closed' ? 'The round has closed.' : 'Members work on the round already: it cannot be called off, only ignored.')
}

function assertOpen(round: RoundDetail): RoundDetail {
  if (round.status === 'closed') throw new UnsupportedOperationError('The round has closed: get the task instead.')
  return round
}

/** A failure in A2A's terms, the node's code and hint in the metadata. Of the node's own failures nothing is told but that there was one. */
function explain(error: unknown, signal: AbortSignal, onError: (error: unknown) => void): Error {
  if (signal.aborted) return new Error('The client is gone.', { cause: error })
  if (error instanceof Error && 'toErrorInfo' in error) return error
  const { code, detail, hint } = toProblem(error)
  if (!(error instanceof ServiceError)) {
    onError(error)
    return new Error(detail)
  }
  const options = { message: `${detail} ${hint}`, cause: error, metadata: { code, hint } }
  return code === 'invalid-task' || code === 'key-reused' ? new RequestMalformedError(options) : new UnsupportedOperationError(options)
}
