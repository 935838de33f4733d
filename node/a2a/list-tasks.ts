import { RequestMalformedError, UnsupportedOperationError } from '@a2a-js/sdk/errors'
import { TaskState } from '@a2a-js/sdk'
import type { ListTasksRequest, ListTasksResponse } from '@a2a-js/sdk'
import type { NodeService, RoundDetail, RoundSummary } from '../service.ts'
import { contextOf, stateOf, taskOf } from './task.ts'

const PAGE_DEFAULT = 50
const PAGE_MAX = 100
/** How far back a list goes, in rounds of the network, and how many are looked at in one step. */
const ROUNDS_MAX = 2_000
const STEP = 200

/**
 * The rounds that this node asked, the newest first.
 * @throws RequestMalformedError for a page that is none, UnsupportedOperationError for times: rounds are ordered by blocks
 */
export async function listTasks(service: NodeService, request: ListTasksRequest): Promise<ListTasksResponse> {
  const { contextId, status, pageToken, historyLength, statusTimestampAfter } = request
  const pageSize = request.pageSize ?? PAGE_DEFAULT
  if (pageSize < 1 || pageSize > PAGE_MAX) throw new RequestMalformedError(`pageSize: must be from 1 to ${PAGE_MAX}`)
  if (statusTimestampAfter !== undefined) throw new UnsupportedOperationError('statusTimestampAfter: rounds have heights and no times.')
  const isMeant = (round: RoundSummary): boolean =>
    (contextId === '' || contextOf(round) === contextId) && (status === TaskState.TASK_STATE_UNSPECIFIED || stateOf(round) === status)
  const matching = (await ownRounds(service)).filter(isMeant)
  const start = pageToken === '' ? 0 : 1 + matching.findIndex(({ round }) => round === pageToken)
  if (pageToken !== '' && start === 0) throw new RequestMalformedError('pageToken: belongs to no list')
  const page = matching.slice(start, start + pageSize)
  const rounds = await Promise.all(page.map(({ round }) => service.round(round)))
  const tasks = rounds.filter((round): round is RoundDetail => round !== null).map((round) => taskOf(round, historyLength))
  return {
    tasks: request.includeArtifacts === true ? tasks : tasks.map((task) => ({ ...task, artifacts: [] })),
    nextPageToken: start + pageSize < matching.length ? (page.at(-1)?.round ?? '') : '',
    pageSize,
    totalSize: matching.length,
  }
}

async function ownRounds(service: NodeService): Promise<RoundSummary[]> {
  const { memberId } = service.status()
  const own: RoundSummary[] = []
  let before: string | undefined
  for (let seen = 0; seen < ROUNDS_MAX; seen += STEP) {
    const rounds = await service.rounds({ limit: STEP, before })
    own.push(...rounds.filter(({ asker }) => asker === memberId))
    before = rounds.at(-1)?.round
    if (rounds.length < STEP) break
  }
  return own
}
