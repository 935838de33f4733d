/** What a node tells of rounds, and what it takes to open one. The types follow from the schemas that the API publishes. */
import { z } from 'zod'
import { TASK_KINDS } from '../../consensus/index.ts'
import { LIMITS } from '../../protocol/index.ts'
import { namedMember, REPUTATION_ROLES } from './members.ts'

/** Phases of a round in the order in which they happen; a phase that a round does not need is left out. `closing`: only the result is missing. */
const ROUND_PHASES = ['answer-commit', 'answer-reveal', 'ballot-commit', 'ballot-reveal', 'evaluate', 'grade-commit', 'grade', 'credit-commit', 'credit', 'credit-next-commit', 'credit-next', 'credit-all-commit', 'credit-all', 'closing', 'closed'] as const
export const roundPhaseSchema = z.enum(ROUND_PHASES)
export type RoundPhase = z.infer<typeof roundPhaseSchema>

export const roundStatusSchema = z.enum(['open', 'closed'])
export type RoundStatus = z.infer<typeof roundStatusSchema>

export const taskKindSchema = z.enum(TASK_KINDS)
const agentMsSchema = z.int().min(LIMITS.agentMsMin).max(LIMITS.agentMsMax)
const acceptedSchema = z.array(z.string().min(1).max(LIMITS.valueLengthMax)).min(1).max(LIMITS.acceptedMax)

/** A task to be put to the network, as POST /api/v1/rounds and task files hold it. Unknown fields are errors. */
export const askRequestSchema = z
  .strictObject({
    prompt: z.string().min(1).max(LIMITS.promptLengthMax),
    kind: taskKindSchema.default('text').describe('how equal answers are told'),
    reference: z.string().min(1).max(LIMITS.referenceLengthMax).optional().describe("the asker's own label, shown to everybody"),
    answerMs: agentMsSchema.optional().describe("how long members get to answer; the network's limit applies"),
    judgeMs: agentMsSchema.optional().describe('how long members get to judge'),
    truth: z.strictObject({ accepted: acceptedSchema }).optional().describe('accepted values, committed to with the task and revealed after the ballots'),
    rated: z.boolean().optional().describe('refuses the task while too few members are present for reputation, credit and points'),
  })
  .meta({ id: 'AskRequest' })
export type AskRequest = z.output<typeof askRequestSchema>

export const roundEvaluationSchema = z
  .object({ source: z.enum(['truth', 'checker', 'grades', 'consensus', 'none']), valueMicro: z.int(), success: z.boolean() })
  .meta({ id: 'RoundEvaluation', description: 'how good the winner was, and who says so' })
export type RoundEvaluation = z.infer<typeof roundEvaluationSchema>

export const roundWinnerSchema = z
  .object({ ...namedMember, text: z.string(), value: z.string().nullable() })
  .meta({ id: 'RoundWinner', description: 'the winning answer and its author' })
export type RoundWinner = z.infer<typeof roundWinnerSchema>

const summaryShape = {
  round: z.string(),
  status: roundStatusSchema,
  phase: roundPhaseSchema,
  asker: z.string(),
  askerName: z.string(),
  kind: taskKindSchema,
  prompt: z.string(),
  reference: z.string().nullable(),
  openedHeight: z.int().nullable().describe('height of the block that opened the round, null while it waits for one'),
  closedHeight: z.int().nullable(),
  winner: roundWinnerSchema.nullable().describe('known once the ballot reveals are final'),
  rated: z.boolean().nullable().describe('whether the round moves reputation and points; null before the close'),
  evaluation: roundEvaluationSchema.nullable(),
}
export const roundSummarySchema = z.object(summaryShape).meta({ id: 'RoundSummary' })
export type RoundSummary = z.infer<typeof roundSummarySchema>

const comparisonSchema = z
  .object({ judge: z.string(), left: z.string(), right: z.string(), verdict: z.enum(['left', 'right', 'tie']), reason: z.string().nullable() })
  .describe('one agreed comparison; left and right are the authors of the two answers, in the order shown')

const gradeSchema = z
  .object({ grader: z.string(), author: z.string(), gradesMicro: z.array(z.int()) })
  .describe("one member's grades of one answer, by its author, in the order of the draws; answers of the same words are graded once")

const rankingSchema = z
  .object({
    answers: z.array(z.object({ ...namedMember, strengthMicro: z.int() })).describe('strengths sum to 1,000,000'),
    clusters: z.array(z.object({ cluster: z.int(), massMicro: z.int() })).describe('masses of equal answers sum to 1,000,000'),
    agreementMicro: z.int(),
  })
  .meta({ id: 'RoundRanking', description: 'the agreed ranking' })

const creditShareShape = { ...namedMember, creditMicro: z.int(), points: z.int() }
export const creditShareSchema = z
  .object(creditShareShape)
  .meta({ id: 'CreditShare', description: 'what a member earned by a round: its signed share of the value, rounded to micro-units, and the points minted from it' })
export type CreditShare = z.infer<typeof creditShareSchema>

const bestSingleSchema = z.object({ ...namedMember, valueMicro: z.int() }).nullable().describe('the best that one member would have reached alone')

export const roundCreditSchema = z
  .object({
    method: z.enum(['exact', 'regression']),
    denominator: z.int(),
    grandValueMicro: z.int().describe('the value of everybody together'),
    bestSingle: bestSingleSchema,
    evaluations: z.int().describe('coalitions that were evaluated'),
    shares: z.array(z.object({ ...creditShareShape, numerator: z.int(), standardErrorMicro: z.int().nullable() })),
  })
  .meta({ id: 'RoundCredit', description: 'numerators over one denominator, which sum exactly to grandValueMicro * denominator' })

export const reputationChangeSchema = z
  .object({ ...namedMember, domain: taskKindSchema, role: z.enum(REPUTATION_ROLES), beforeMicro: z.int(), afterMicro: z.int() })
  .meta({ id: 'ReputationChange' })
export type ReputationChange = z.infer<typeof reputationChangeSchema>

/** Everything known of a round so far; parts that are not final yet are null or empty. */
export const roundDetailSchema = z
  .object({
    ...summaryShape,
    task: z.object({
      answerMs: z.int(),
      judgeMs: z.int(),
      truthCommitted: z.boolean().describe('whether the asker committed to the true answer'),
      acceptedValues: z.array(z.string()).nullable().describe('what it revealed'),
    }),
    answers: z.array(z.object({ ...namedMember, text: z.string(), value: z.string().nullable(), cluster: z.int().nullable().describe('number of its group of equal answers; null before the ranking') })),
    comparisons: z.array(comparisonSchema),
    grades: z.array(gradeSchema).describe('empty in networks whose members do not grade'),
    ranking: rankingSchema.nullable(),
    credit: roundCreditSchema.nullable(),
    reputation: z.array(reputationChangeSchema),
    record: z.string().nullable().describe("hash of the round's record, once closed"),
    pruned: z.boolean().describe('whether this node has let go of what was said: then texts are empty, and comparisons are missing'),
    timings: z.array(z.object({ phase: roundPhaseSchema, durationMs: z.number() })).describe('how long each phase took as this node saw it'),
  })
  .meta({ id: 'RoundDetail', description: 'everything known of a round so far; parts that are not final yet are null or empty' })
export type RoundDetail = z.infer<typeof roundDetailSchema>

const gradingSchema = z
  .object({
    draws: z.int().describe('grades asked for of each answer'),
    graders: z.array(z.object(namedMember)).describe('whose grades count'),
    weightMicro: z.int().describe('their part of what all players weigh'),
    counts: z.boolean().describe('whether enough have graded for values to follow from it'),
    drawNoiseMicro: z.int().nullable().describe('standard deviation of grades of one answer by one member; null with one draw'),
    graderNoiseMicro: z.int().nullable().describe('standard deviation of what members find one answer worth; null where too few have graded'),
  })
  .nullable()
  .meta({ id: 'RoundGrading', description: 'how far credit rests on what members say that answers are worth; null where nobody was asked' })
export type RoundGrading = z.infer<typeof gradingSchema>

const marginalSchema = z
  .object({ valueMicro: z.int(), with: z.array(z.object(namedMember)) })
  .meta({ id: 'ExplainedMarginal', description: 'a coalition of others, and what it is worth more or less with the member in it' })
export type ExplainedMarginal = z.infer<typeof marginalSchema>

/** Why a member has the credit that a closed round gave it. All values are of the same round, in micro-units. */
export const creditExplanationSchema = z
  .object({
    schema: z.literal('peerage.explanation/v1'),
    round: z.string(),
    ...namedMember,
    height: z.int(),
    creditMicro: z.int(),
    standardErrorMicro: z.int().nullable().describe('null where credit is exact'),
    points: z.int(),
    method: z.string(),
    grandValueMicro: z.int().describe("what the swarm's pick was worth"),
    bestSingle: bestSingleSchema,
    without: z.object({ valueMicro: z.int(), pick: roundWinnerSchema.nullable() }).describe('what the others would have picked without the member'),
    best: marginalSchema.describe('where the member helped most'),
    worst: marginalSchema.describe('where it helped least'),
    grading: gradingSchema,
    gradingErrorMicro: z.int().nullable().describe('standard error of the credit because grades differ; null without grades, or where coalitions are sampled'),
    coalitions: z.int(),
    complete: z.boolean().describe('whether all coalitions were looked at'),
    recompute: z.string(),
  })
  .meta({ id: 'CreditExplanation', description: 'why a member has the credit that a closed round gave it' })
export type CreditExplanation = z.infer<typeof creditExplanationSchema>

export interface RoundListOptions {
  /** At most so many rounds, the newest opened first. */
  limit: number
  /** Only rounds older than this one. Rejects with `unknown-round`. */
  before?: string | undefined
  status?: RoundStatus | undefined
}

export interface AskOptions {
  /** A name that the asker gives this request, so that it may be repeated. */
  idempotencyKey?: string | undefined
}

/** One pair of answers of a closed round, and which of them the round says is better: a row of training data. */
export const preferenceSchema = z
  .object({
    schema: z.literal('peerage.preference/v1'),
    round: z.string(),
    height: z.int(),
    kind: taskKindSchema,
    prompt: z.string(),
    chosen: z.string().describe('text of the better answer'),
    rejected: z.string(),
    chosenBy: z.string().describe('member that gave the better answer'),
    rejectedBy: z.string(),
    source: z.enum(['truth', 'checker', 'ballots']).describe('what decided: a truth or a checker where they tell the answers apart, else the ballots'),
    weightMicro: z.int().min(1).max(1_000_000).describe('how decided it is: the difference of both evaluations, or of the weights of both sides of the ballots over all weight on the pair'),
    verdicts: z.int().describe('verdicts on the pair that counted'),
    verdictsMicro: z.int().min(-1_000_000).max(1_000_000).describe('what the ballots alone say of this order, from -1,000,000 to 1,000,000'),
  })
  .meta({ id: 'Preference', description: 'one pair of answers of a closed round, and which of them the round says is better' })
export type Preference = z.infer<typeof preferenceSchema>

export interface ExportOptions {
  /** Only rounds closed above this height. */
  after: number
}
