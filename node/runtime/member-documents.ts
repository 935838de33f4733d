/** Reputation and rewards of a member, from the agreed history alone: the same bytes on every node at one height. */
import { emptyPosterior, summarize, type Posterior, type TaskKind } from '../../consensus/index.ts'
import { decodeCanonical, findMember, holderOf, KEYS, type LedgerState, type MemberChange } from '../../protocol/index.ts'
import { nameOf } from '../names.ts'
import { ServiceError } from '../service.ts'
import type {
  MemberDocumentOptions,
  ReputationChange,
  ReputationDocument,
  ReputationEstimate,
  ReputationHistoryEntry,
  ReputationRole,
  RewardsDocument,
} from '../service.ts'
import type { Store } from '../store/store.ts'

const ROLES = ['answering', 'judging'] as const

/** Reputation after the block at `at`, the ledger's height by default. Rejects with ServiceError. */
export async function reputationOf(
  store: Store,
  ledger: LedgerState,
  member: string,
  { history, at }: MemberDocumentOptions,
): Promise<ReputationDocument> {
  const height = checkHeight(ledger, member, at)
  const changes = await changesOf(store, ledger, member, height)
  const since = await sinceOf(store, ledger, height)
  const latest = since === null ? { answering: {}, judging: {} } as Record<ReputationRole, Partial<Record<TaskKind, ReputationEstimate>>> : agreedNow(ledger, member)
  for (const change of changes) {
    for (const role of ROLES) {
      const moved = change[role]
      if (moved !== null && change.kind !== null) latest[role][change.kind] = estimate(moved.after)
    }
  }
  return {
    schema: 'peerage.reputation/v1',
    member,
    name: nameOf(member),
    height,
    ...latest,
    penalties: changes.flatMap(({ penalty, height, round }) => (penalty === null ? [] : [{ height, round, cause: penalty }])),
    ...(since === null ? {} : { since }),
    ...(history ? { history: changes.flatMap(historyOf) } : {}),
  }
}

/** Credit and points after the block at `at`, the ledger's height by default. Rejects with ServiceError. */
export async function rewardsOf(
  store: Store,
  ledger: LedgerState,
  member: string,
  { history, at }: MemberDocumentOptions,
): Promise<RewardsDocument> {
  const height = checkHeight(ledger, member, at)
  const changes = (await changesOf(store, ledger, member, height)).filter(({ creditMicro }) => creditMicro !== null)
  const entries = changes.map(({ height, round, creditMicro, points }) => ({ height, round: round as string, creditMicro: creditMicro as number, points }))
  const since = await sinceOf(store, ledger, height)
  return {
    schema: 'peerage.rewards/v1',
    member,
    name: nameOf(member),
    height,
    points: since === null ? entries.reduce((sum, { points }) => sum + points, 0) : (findMember(ledger, member)?.points ?? 0),
    creditTotalMicro: entries.reduce((sum, { creditMicro }) => sum + creditMicro, 0),
    rounds: entries.length,
    ...(since === null ? {} : { since }),
    ...(history ? { history: entries } : {}),
  }
}

/** How a closed round moved the reputations of its members. */
export function reputationChanges(changes: readonly MemberChange[]): ReputationChange[] {
  return changes.flatMap((change) =>
    ROLES.flatMap((role) => {
      const moved = change[role]
      const { member, kind } = change
      if (moved === null || kind === null) return []
      const [beforeMicro, afterMicro] = [meanOf(moved.before), meanOf(moved.after)]
      return [{ member, name: nameOf(member), domain: kind, role, beforeMicro, afterMicro }]
    }),
  )
}

function historyOf(change: MemberChange): ReputationHistoryEntry[] {
  return ROLES.flatMap((role) => {
    const moved = change[role]
    const { height, round, kind } = change
    if (moved === null || kind === null) return []
    return [{ height, round, domain: kind, role, successMicro: moved.success, failureMicro: moved.failure, meanMicro: meanOf(moved.after) }]
  })
}

function estimate(posterior: Posterior): ReputationEstimate {
  const { mean, low, high, count, probation } = summarize(posterior)
  return { meanMicro: mean, lowMicro: low, highMicro: high, count, probation }
}

function meanOf(posterior: Posterior | undefined): number {
  return summarize(posterior ?? emptyPosterior()).mean
}

function checkHeight(ledger: LedgerState, member: string, at: number | undefined): number {
  const height = at ?? ledger.height
  if (height > ledger.height) throw new ServiceError('height-ahead', `Height ${height} is not reached; this node is at ${ledger.height}.`)
  const known = Object.hasOwn(ledger.members, member) || Object.hasOwn(ledger.former, member) ? findMember(ledger, member) : undefined
  if (known === undefined || known.joinedHeight > height) {
    throw new ServiceError('unknown-member', `There is no member ${member} at height ${height}.`)
  }
  return height
}

// The height above which this node knows what happened, null if it knows all. Of the time before it knows the outcome only.
async function sinceOf(store: Store, ledger: LedgerState, height: number): Promise<number | null> {
  const value = await store.get(KEYS.past)
  if (value === null) return null
  if (height < ledger.height) throw new ServiceError('pruned', `This node can only tell of height ${ledger.height}: it took over the state of a later block.`)
  return decodeCanonical(value) as number
}

function agreedNow(ledger: LedgerState, member: string): Record<ReputationRole, Partial<Record<TaskKind, ReputationEstimate>>> {
  const known = findMember(ledger, member)
  const all = (posteriors: object): Partial<Record<TaskKind, ReputationEstimate>> =>
    Object.fromEntries(Object.entries(posteriors as Record<string, Posterior>).map(([kind, posterior]) => [kind, estimate(posterior)]))
  return { answering: all(known?.answering ?? {}), judging: all(known?.judging ?? {}) }
}

// Under all keys that the member ever had.
async function changesOf(store: Store, ledger: LedgerState, member: string, height: number): Promise<MemberChange[]> {
  const holder = holderOf(ledger, member)
  const keys = [holder, ...Object.keys(ledger.former).filter((id) => id !== holder && holderOf(ledger, id) === holder)]
  const changes: MemberChange[] = []
  for (const key of keys) {
    for await (const [, value] of store.range(KEYS.historyOf(key))) {
      const change = decodeCanonical(value) as MemberChange
      if (change.height > height) break
      changes.push(change)
    }
  }
  return changes.sort((a, b) => a.height - b.height)
}
