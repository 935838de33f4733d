/** What the tools take and give, where it is not a document of the node as it stands. */
import { z } from 'zod'
import { askRequestSchema, creditShareSchema, roundDetailSchema, roundSummarySchema } from '../service/rounds.ts'
import { peerInfoSchema } from '../service/node.ts'
import type { RoundDetail } from '../service.ts'

/** The longest that a call waits for a round. */
const WAIT_S_MAX = 600
/** Clients give up on a call after a minute unless they are told otherwise. */
const WAIT_S_DEFAULT = 45

const waitSeconds = (fallback: number): z.ZodDefault<z.ZodNumber> =>
  z.number().min(0).max(WAIT_S_MAX).default(fallback).describe('how long to wait for the round to close, in seconds; after that it goes on by itself')
const round = z.string().min(1).max(128).describe('id of a round')
const member = z.string().min(1).max(128).optional().describe('id, an end of an id, or readable name; the own node where absent')
const history = z.boolean().default(false).describe('every round that counted')
const at = z.int().min(0).optional().describe('as it was after the block at that height')

export const askInput = z.strictObject({ ...askRequestSchema.shape, waitSeconds: waitSeconds(WAIT_S_DEFAULT) })
export const roundInput = z.strictObject({ round, waitSeconds: waitSeconds(0) })
export const roundsInput = z.strictObject({
  limit: z.int().min(1).max(200).default(20),
  before: z.string().min(1).max(128).optional().describe('only rounds opened before this one'),
  status: z.enum(['open', 'closed']).optional(),
})
export const memberInput = z.strictObject({ member, history, at })
export const explainInput = z.strictObject({ round, member })
export const noInput = z.strictObject({})

export const roundsOutput = z.object({ rounds: z.array(roundSummarySchema) })
export const peersOutput = z.object({ peers: z.array(peerInfoSchema) })

/** What became of a task: all that the asker wants to know first. */
export const askOutput = z.object({
  ...roundDetailSchema.pick({ round: true, status: true, phase: true, winner: true, rated: true, evaluation: true }).shape,
  agreementMicro: z.int().nullable().describe('how far ahead the winner is, of all support'),
  answers: z.int().describe('how many members answered'),
  credit: z.array(creditShareSchema).describe('what each member earned; empty before the close and in unrated rounds'),
  next: z.string().nullable().describe('what to do where the round is not closed yet'),
})

export function outcomeOf(detail: RoundDetail): z.infer<typeof askOutput> {
  const { status, phase, winner, rated, evaluation, ranking, answers, credit } = detail
  return {
    round: detail.round,
    status,
    phase,
    winner,
    rated,
    evaluation,
    agreementMicro: ranking?.agreementMicro ?? null,
    answers: answers.length,
    credit: credit?.shares ?? [],
    next: status === 'closed' ? null : `The round goes on by itself. Call the tool round with the id ${detail.round} later.`,
  }
}

/** The same in words, the answer first. */
export function describeOutcome(outcome: z.infer<typeof askOutput>): string {
  const { winner, round: id, status, rated, next } = outcome
  const nobody = status === 'closed' ? 'The round closed without a winner: nobody answered.' : 'There is no answer yet.'
  const by = winner === null ? '' : `by ${winner.name}${rated === false ? ', unrated' : ''}; `
  return [winner?.text ?? nobody, `(${by}round ${id}, ${status})`, ...(next === null ? [] : [next])].join('\n\n')
}
