/** Which message may stand for which author in which phase. The same checks serve gossip, proposing and applying. */
import type { z } from 'zod'
import type { CutItem } from '../../consensus/index.ts'
import { answerSchema, ballotSchema, CREDIT_PHASES, gradesSchema, type AnswerContent, type BallotContent, type GradesContent, type Phase } from '../bodies.ts'
import { decodeCanonical } from '../encoding.ts'
import { rememberedOf } from '../memo.ts'
import type { Message } from '../envelope.ts'
import { shownIn, type PhaseShare } from '../round/joint.ts'
import { COMMIT_OF, opens, truthCommitment, type RevealPhase } from '../sealed.ts'
import type { LedgerContext } from './context.ts'
import { maySpeak } from './members.ts'
import type { LedgerState, RoundState } from './state.ts'

/** A message that contributes to a phase of a round. */
export type Item = Message<'commit' | 'reveal' | 'truth' | 'share'>

/** Narrows a message to an item. */
export function isItem(message: Message): message is Item {
  return message.kind === 'commit' || message.kind === 'reveal' || message.kind === 'truth' || message.kind === 'share'
}

export type ItemVerdict = 'fits' | 'unfit' | { missing: string }

/**
 * Whether `item` may be in the cut of its phase. Pure function of the round, the item and the commit it opens;
 * `missing` names the commit where it is not at hand.
 */
export function checkItem(
  state: Pick<LedgerState, 'members' | 'former'>,
  roundId: string,
  round: RoundState,
  item: Item,
  context: Pick<LedgerContext, 'rules' | 'item'>,
): ItemVerdict {
  if (item.body.round !== roundId || !maySpeak(state, round, item.author)) return 'unfit'
  switch (item.kind) {
    case 'commit':
      return mayCommit(round, item) ? 'fits' : 'unfit'
    case 'reveal':
      return checkShown(round, item, context, () => contentOf(item) !== null)
    case 'truth':
      return item.author === round.asker && truthCommitment(item.body.accepted, item.body.salt) === round.truth ? 'fits' : 'unfit'
    case 'share':
      // What its values are worth is decided when the round is closed.
      return checkShown(round, item, context, () => true)
  }
}

// Who knows the truth is no player; answers are graded and credit is evaluated by players.
function mayCommit(round: RoundState, { author, body }: Message<'commit'>): boolean {
  if (body.phase === 'grade-commit' || shownIn(body.phase) !== null) return round.frozen?.players.includes(author) === true
  return round.truth === null || author !== round.asker
}

function checkShown(round: RoundState, shown: Message<'reveal' | 'share'>, context: Pick<LedgerContext, 'rules' | 'item'>, isReadable: () => boolean): ItemVerdict {
  const committed = cutOf(round, COMMIT_OF[shown.body.phase]).find(([author]) => author === shown.author)
  if (committed === undefined) return 'unfit'
  const commit = context.item(committed[1])
  if (commit === undefined) return { missing: committed[1] }
  if (commit.kind !== 'commit' || commit.body.hash === null) return 'unfit'
  if (!opens(context.rules.network, shown.author, shown.body, commit.body.hash)) return 'unfit'
  return isReadable() ? 'fits' : 'unfit'
}

/** The items of a closed phase; empty for a phase that was skipped or is still open. */
export function cutOf(round: RoundState, phase: Phase): CutItem[] {
  return round.cuts[phase] ?? []
}

/** The shares of credit in the cuts so far. */
export function sharesOf(round: RoundState, item: LedgerContext['item']): PhaseShare[] {
  return CREDIT_PHASES.flatMap((phase) =>
    cutOf(round, phase).flatMap(([author, id]) => {
      const share = item(id)
      return share?.kind === 'share' ? [{ author, phase, blocks: share.body.blocks, checks: share.body.checks, salt: share.body.salt }] : []
    }),
  )
}

/** The revealed answer, ballot or grades, or null if they are malformed. */
export function contentOf(reveal: Message<'reveal'>): AnswerContent | BallotContent | GradesContent | null {
  return answerOf(reveal) ?? ballotOf(reveal) ?? gradesOf(reveal)
}

export function answerOf(reveal: Message<'reveal'>): AnswerContent | null {
  return decodeContent(answerSchema, reveal, 'answer-reveal')
}

export function ballotOf(reveal: Message<'reveal'>): BallotContent | null {
  return decodeContent(ballotSchema, reveal, 'ballot-reveal')
}

export function gradesOf(reveal: Message<'reveal'>): GradesContent | null {
  return decodeContent(gradesSchema, reveal, 'grade')
}

function decodeContent<T>(schema: z.ZodType<T>, reveal: Message<'reveal'>, phase: RevealPhase): T | null {
  if (reveal.body.phase !== phase) return null
  return rememberedOf(reveal, phase, () => schema.safeParse(decodeCanonical(reveal.body.content)).data ?? null)
}
