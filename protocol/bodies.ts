import { z } from 'zod'
import { TASK_KINDS } from '../consensus/index.ts'
import { LIMITS } from './limits.ts'

/** SHA-256 in lowercase hex: the only spelling of a hash. */
export const hashSchema = z.string().regex(/^[0-9a-f]{64}$/)
/** A libp2p PeerId of an Ed25519 key in base58. */
export const memberIdSchema = z.string().regex(/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/)
const counter = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
/** Bytes of an exact length, or up to a length. */
export const bytes = (length: number) => z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length)
export const bytesUpTo = (max: number) => z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= max)
const micro = z.number().int().min(0).max(1_000_000)
const agentMs = z.number().int().min(LIMITS.agentMsMin).max(LIMITS.agentMsMax)

/** Kinds whose bodies bind their author to a slot. */
const BOUND_KINDS = ['open', 'commit', 'reveal', 'truth', 'share', 'observation', 'vote', 'proposal'] as const

/** Phases that end with a cut, in the order of a round. */
export const PHASES = [
  'answer-commit',
  'answer-reveal',
  'ballot-commit',
  'ballot-reveal',
  'evaluate',
  'grade-commit',
  'grade',
  'credit-commit',
  'credit',
  'credit-next-commit',
  'credit-next',
  'credit-all-commit',
  'credit-all',
] as const
export type Phase = (typeof PHASES)[number]

/** Phases in which members commit to what they show in the one after. */
export const COMMIT_PHASES = ['answer-commit', 'ballot-commit', 'grade-commit', 'credit-commit', 'credit-next-commit', 'credit-all-commit'] as const
export type CommitPhase = (typeof COMMIT_PHASES)[number]

/** Phases in which shares of credit are shown: by those assigned, by the next in order, by everybody. */
export const CREDIT_PHASES = ['credit', 'credit-next', 'credit-all'] as const
export type CreditPhase = (typeof CREDIT_PHASES)[number]

const slot = { round: hashSchema, phase: z.enum(PHASES) }

export const taskSchema = z.strictObject({
  kind: z.enum(TASK_KINDS),
  prompt: z.string().min(1).max(LIMITS.promptLengthMax),
  reference: z.string().max(LIMITS.referenceLengthMax).nullable(),
  answerMs: agentMs,
  judgeMs: agentMs,
})

const openSchema = z.strictObject({ sequence: counter, task: taskSchema, truth: hashSchema.nullable() })

/** `hash` null says "I pass": heard, but with nothing to reveal. */
const commitSchema = z.strictObject({ round: hashSchema, phase: z.enum(COMMIT_PHASES), hash: hashSchema.nullable() })

const revealSchema = z.strictObject({
  round: hashSchema,
  phase: z.enum(['answer-reveal', 'ballot-reveal', 'grade']),
  content: bytesUpTo(LIMITS.envelopeBytesMax),
  salt: bytes(32),
})

export const answerSchema = z.strictObject({
  text: z.string().max(LIMITS.answerLengthMax),
  value: z.string().max(LIMITS.valueLengthMax).nullable(),
})

const answerIndex = z.number().int().min(0).max(LIMITS.membersMax)
export const ballotSchema = z.strictObject({
  comparisons: z
    .array(
      z.strictObject({
        left: answerIndex,
        right: answerIndex,
        verdict: z.enum(['left', 'right', 'tie']),
        reason: z.string().max(LIMITS.reasonLengthMax).optional(),
      }),
    )
    .max(LIMITS.comparisonsMax),
})

/** Of each distinct answer, in their order, the grades of all draws. */
export const gradesSchema = z.strictObject({ grades: z.array(z.array(micro).min(1).max(LIMITS.gradeDrawsMax)).max(LIMITS.membersMax) })

const truthSchema = z.strictObject({
  round: hashSchema,
  phase: z.literal('evaluate'),
  accepted: z.array(z.string().max(LIMITS.valueLengthMax)).max(LIMITS.acceptedMax),
  salt: bytes(32),
})

/**
 * The values of each unit of the blocks that the author evaluated; the values of leaves of other blocks that its salt, which
 * nobody else knew, has drawn; and that salt, which its commitment was made with.
 */
const shareSchema = z.strictObject({
  round: hashSchema,
  phase: z.enum(CREDIT_PHASES),
  blocks: z
    .array(z.strictObject({ block: counter, values: z.array(z.array(micro).max(LIMITS.membersMax)).max(LIMITS.blockUnitsMax) }))
    .max(LIMITS.shareBlocksMax),
  checks: z.array(micro).max(LIMITS.shareChecksMax),
  salt: bytes(32),
})

const observationSchema = z.strictObject({ ...slot, items: z.array(z.tuple([memberIdSchema, hashSchema])).max(LIMITS.membersMax) })

const voteSchema = z
  .strictObject({ kind: z.enum(['notarize', 'nullify', 'finalize']), epoch: counter, view: counter.min(1), block: hashSchema.nullable() })
  .refine((vote) => (vote.kind === 'nullify') === (vote.block === null))

/** Two bodies that one member signed for one slot: their hashes, ascending, and the signatures. */
const breachSchema = z
  .strictObject({
    member: memberIdSchema,
    kind: z.enum(BOUND_KINDS),
    slot: z.string().min(1).max(LIMITS.slotLengthMax),
    hashes: z.tuple([hashSchema, hashSchema]),
    signatures: z.tuple([bytes(64), bytes(64)]),
  })
  .refine(({ hashes: [first, second] }) => first < second)

const envelopeBytes = bytesUpTo(LIMITS.envelopeBytesMax)
const entrySchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('open'), envelope: envelopeBytes }),
  z.strictObject({ type: z.enum(['join', 'leave', 'rotate']), envelope: envelopeBytes }),
  z.strictObject({ type: z.literal('evidence'), breach: breachSchema }),
  z.strictObject({ type: z.literal('cut'), ...slot, observations: z.array(envelopeBytes).max(LIMITS.membersMax) }),
  z.strictObject({ type: z.literal('late'), envelope: envelopeBytes }),
  z.strictObject({ type: z.literal('result'), round: hashSchema, hash: hashSchema }),
])

const blockSchema = z.strictObject({
  epoch: counter,
  view: counter.min(1),
  height: counter.min(1),
  parent: hashSchema,
  entries: z.array(entrySchema).max(LIMITS.entriesMax),
  stateRoot: hashSchema,
})

const presenceSchema = z.strictObject({
  sequence: counter,
  canAnswer: z.boolean(),
  canJudge: z.boolean(),
  model: z.string().max(LIMITS.modelLengthMax),
  /** Members that the author is connected to: who reaches everybody directly need not be helped. */
  links: z.number().int().min(0).max(LIMITS.membersMax),
  /** Height of the author's last final block: who is behind learns here whom to ask. */
  height: counter,
})

/** `sequence` makes each attempt another message. */
const attemptSchema = z.strictObject({ sequence: counter })

/** The author's membership goes over to another key, which signs its consent. */
const rotateSchema = z.strictObject({ sequence: counter, to: memberIdSchema, consent: bytes(64) })

/** The body of each kind of envelope. */
export const BODY_SCHEMAS = {
  open: openSchema,
  commit: commitSchema,
  reveal: revealSchema,
  truth: truthSchema,
  share: shareSchema,
  observation: observationSchema,
  vote: voteSchema,
  proposal: blockSchema,
  presence: presenceSchema,
  join: attemptSchema,
  leave: attemptSchema,
  rotate: rotateSchema,
  evidence: breachSchema,
} as const

export type MessageKind = keyof typeof BODY_SCHEMAS
export type Body<K extends MessageKind> = z.infer<(typeof BODY_SCHEMAS)[K]>
export type Breach = z.infer<typeof breachSchema>
export type Task = z.infer<typeof taskSchema>
export type AnswerContent = z.infer<typeof answerSchema>
export type BallotContent = z.infer<typeof ballotSchema>
export type GradesContent = z.infer<typeof gradesSchema>
export type Block = z.infer<typeof blockSchema>
export type Entry = Block['entries'][number]

/** Kinds that carry one author's contribution to one phase of a round. */
export const ITEM_KINDS = ['commit', 'reveal', 'truth', 'share'] as const
export type ItemKind = (typeof ITEM_KINDS)[number]
