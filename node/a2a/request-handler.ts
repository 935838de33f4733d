/** The operations of A2A over a node. A task is a round; nothing of it is kept here, so that it outlives a restart. */
import { ExtendedAgentCardNotConfiguredError, PushNotificationNotSupportedError, RequestMalformedError, TaskNotCancelableError, TaskNotFoundError, UnsupportedOperationError } from '@a2a-js/sdk/errors'
import type { A2ARequestHandler, ServerCallContext } from '@a2a-js/sdk/server'
import { TaskState } from '@a2a-js/sdk'
import type { AgentCard, SendMessageRequest, StreamResponse, Task } from '@a2a-js/sdk'
import { createProgress } from '../http/facade/progress.ts'
import { toProblem } from '../http/problem.ts'
import { watchRound } from '../runtime/follow-round.ts'
import type { NodeService, RoundDetail } from '../service.ts'
import { ServiceError } from '../service.ts'
import { readAskRequest } from './ask-request.ts'
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
  const guard = guarding(onError)
  const open = (request: SendMessageRequest): Promise<string> => guard(async () => (await service.ask(readAskRequest(request))).round)
  const find = (id: string): Promise<RoundDetail> => guard(() => findRound(service, id))

  async function* stream(id: string, historyLength: number | undefined, context: ServerCallContext): AsyncGenerator<StreamResponse, void, undefined> {
    const round = await find(id)
    yield { payload: { $case: 'task', value: taskOf(round, historyLength) } }
    if (round.status === 'open') yield* follow(service, round, signalOf(context))
  }

  return {
    getAgentCard: async () => card(),
    async sendMessage(request, context) {
      const historyLength = request.configuration?.historyLength
      const round = await find(await open(request))
      if (request.configuration?.returnImmediately === true) return taskOf(round, historyLength)
      let last = round
      for await (const look of watchRound(service, round.round, { signal: signalOf(context), timeoutMs: timeoutOf(round) })) last = look.round
      return taskOf(last, historyLength)
    },
    async *sendMessageStream(request, context) {
      yield* stream(await open(request), request.configuration?.historyLength, context)
    },
    getTask: async ({ id, historyLength }) => taskOf(await find(id), historyLength),
    async cancelTask({ id }): Promise<Task> {
      const { status } = await find(id)
      throw new TaskNotCancelableError(status === 'closed' ? 'The round has closed.' : 'Members work on the round already: it cannot be called off, only ignored.')
    },
    async *resubscribe({ id }, context) {
      const { status } = await find(id)
      if (status === 'closed') throw new UnsupportedOperationError('The round has closed: get the task instead.')
      yield* stream(id, undefined, context)
    },
    listTasks: refuse(() => new UnsupportedOperationError('Rounds are listed at /api/v1/rounds.')),
    getAuthenticatedExtendedAgentCard: refuse(() => new ExtendedAgentCardNotConfiguredError('There is one card, for everybody.')),
    createTaskPushNotificationConfig: refuse(noPush),
    getTaskPushNotificationConfig: refuse(noPush),
    listTaskPushNotificationConfigs: refuse(noPush),
    deleteTaskPushNotificationConfig: refuse(noPush),
  }
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

/** Says what the node refuses in A2A's terms, code and hint in the metadata; A2A's own errors pass. */
function guarding(onError: (error: unknown) => void): <T>(work: () => Promise<T>) => Promise<T> {
  return async (work) => {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ServiceError)) {
        if (!isA2AError(error)) onError(error)
        throw isA2AError(error) ? error : new Error(toProblem(error).detail)
      }
      const { code, detail, hint } = toProblem(error)
      const options = { message: `${detail} ${hint}`, cause: error, metadata: { code, hint } }
      throw code === 'invalid-task' ? new RequestMalformedError(options) : new UnsupportedOperationError(options)
    }
  }
}

function isA2AError(error: unknown): error is Error {
  return error instanceof Error && 'toErrorInfo' in error
}
