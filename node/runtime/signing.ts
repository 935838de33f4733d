/** Whether a node signs, in words. */
import type { GuardCause, Machine } from '../../protocol/index.ts'
import type { NodeStatus } from '../service.ts'

const REASONS: Readonly<Record<GuardCause, string>> = {
  'note-missing': 'there is no note of what was signed with its key',
  'store-missing': 'the store that knows what it signed is gone',
  'store-behind': 'its store is older than what it signed: a backup was restored, or the store was cut short',
  'store-damaged': 'its store was damaged and is set aside',
  forgotten: 'peers hold messages with its signature that it does not remember',
  'second-copy': 'another process signs with its key',
}

export function describeSigning({ guard: { mode, cause, through, rounds } }: Pick<Machine, 'guard'>): NodeStatus['signing'] {
  const reason = cause === null ? null : REASONS[cause]
  if (mode !== 'observing') return { mode, cause, reason, until: null }
  return { mode, cause, reason, until: untilWhen(cause, through, rounds) }
}

function untilWhen(cause: GuardCause | null, through: number | null, rounds: string[] | null): string {
  if (cause === 'second-copy') return 'its owner says that no other runs: peerage identity resume --i-know-no-copy-runs'
  if (rounds !== null) return `${rounds.length} rounds that were open have closed`
  return through === null ? 'it has caught up with its peers, and some views more' : `a block beyond view ${through} is final and the rounds open by then have closed`
}

/** A sentence for people; null while the node signs. */
export function signingSentence({ mode, reason, until }: NodeStatus['signing']): string | null {
  if (mode === 'active') return null
  if (mode === 'asking') return 'Waits for a peer to say what it has heard of this node; until then it signs nothing.'
  return `Only observes, since ${reason}; until ${until}.`
}
