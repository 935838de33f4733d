import type { Message } from '../envelope.ts'
import { refuse, type Applied, type LedgerCode, type LedgerContext } from './context.ts'
import type { LedgerState, MemberState, Rules } from './state.ts'

/** Whether an open is valid by state alone; null if it is. SPEC.md, "Opening a round". */
export function checkOpen(state: LedgerState, open: Message<'open'>, rules: Rules): LedgerCode | null {
  const member = state.members[open.author]
  if (member === undefined) return 'not-a-member'
  if (state.rounds[open.id] !== undefined) return 'duplicate-round'
  if (open.body.sequence <= member.opened) return 'sequence-reused'
  const { answerMs, judgeMs } = open.body.task
  if (Math.max(answerMs, judgeMs) > rules.parameters.agentMsMax) return 'time-limit'
  const openNow = Object.values(state.rounds).filter((round) => round.asker === open.author).length
  if (openNow >= rules.parameters.openRoundsMax) return 'too-many-open-rounds'
  // In order, so that no open shuts out an earlier one that took longer to arrive.
  return open.body.sequence > member.opened + 1 ? 'sequence-ahead' : null
}

/** Opens a round: its id is the id of the asker's message. */
export function applyOpen(state: LedgerState, bytes: Uint8Array, context: LedgerContext): Applied<LedgerState> {
  const opened = context.open(bytes)
  if (!opened.ok || opened.message.kind !== 'open') return refuse('bad-envelope')
  const open = opened.message
  const code = checkOpen(state, open, context.rules)
  if (code !== null) return refuse(code)
  const { task, truth, sequence } = open.body
  const asker = state.members[open.author] as MemberState
  return {
    ok: true,
    state: {
      ...state,
      members: { ...state.members, [open.author]: { ...asker, opened: sequence } },
      rounds: {
        ...state.rounds,
        [open.id]: {
          asker: open.author,
          kind: task.kind,
          openedHeight: state.height,
          answerMs: task.answerMs,
          judgeMs: task.judgeMs,
          truth,
          phase: 'answer-commit',
          cuts: {},
          pairSeed: null,
          frozen: null,
          creditSeed: null,
          auditSeed: null,
        },
      },
    },
  }
}
