import { z } from 'zod'
import { TASK_KINDS } from '../../consensus/index.ts'
import { hashSchema, memberIdSchema } from '../bodies.ts'
import { LIMITS } from '../limits.ts'

const micro = z.number().int().min(0).max(1_000_000)
const integer = z.number().int().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER)
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

const trial = z.strictObject({ success: micro, failure: micro })
const perMember = <T extends z.ZodType>(entry: T) => z.array(entry).max(LIMITS.membersMax)

/**
 * What a round ends with: everything that follows from its agreed transcript. Every node computes it and gets the
 * same bytes; its hash is in the block that closes the round. Players are referred to by index into `players`.
 */
export const resultSchema = z.strictObject({
  round: hashSchema,
  kind: z.enum(TASK_KINDS),
  /** Whether the round was large enough to move reputation and points. */
  rated: z.boolean(),
  players: z.array(memberIdSchema).max(LIMITS.membersMax),
  answers: perMember(
    z.strictObject({
      author: count,
      cluster: count,
      strength: micro,
      /** Evaluation of this answer, or null where there was neither truth nor checker. */
      quality: micro.nullable(),
    }),
  ),
  clusters: perMember(z.strictObject({ value: z.string().max(LIMITS.valueLengthMax).nullable(), mass: micro })),
  /** Clusters of the highest mass, and the answer that stands for the first of them. */
  tied: perMember(count),
  winner: count.nullable(),
  agreement: micro,
  evaluation: z.strictObject({ source: z.enum(['truth', 'checker', 'grades', 'consensus', 'none']), micro, success: z.boolean() }),
  /** Shapley credit of each player: numerators in micro-units over one denominator, summing to grandValue * denominator. */
  credit: z
    .strictObject({
      method: z.enum(['exact', 'regression']),
      credit: perMember(integer),
      denominator: count.min(1),
      grandValue: micro,
      bestSingle: z.strictObject({ player: count, value: micro }).nullable(),
      standardError: perMember(count).nullable(),
      evaluations: count,
    })
    .nullable(),
  /** Where answers were to be graded: by whom they were, and what follows. */
  grading: z
    .strictObject({
      /** Grades asked for of each answer. */
      draws: count,
      /** Players whose grades count, and their part of what all players weigh. */
      graders: perMember(count),
      weight: micro,
      /**
       * The middle grade of each answer, which all values follow from, standard deviations of draws and graders, and the standard error that
       * these leave in each player's credit (null where coalitions are sampled). Null where too few have graded.
       */
      outcome: z.strictObject({ quality: perMember(micro), drawNoise: count.nullable(), graderNoise: count, creditError: perMember(count).nullable() }).nullable(),
    })
    .exactOptional(),
  points: perMember(count),
  /** Evidence for and against each player in micro-units, as answerer and as judge. */
  answering: perMember(trial),
  judging: perMember(z.strictObject({ first: trial, second: trial, own: trial, rival: trial })),
  /** Pairs of players that erred alike or apart, where a truth or checker told. */
  likeness: z.array(z.strictObject({ players: z.tuple([count, count]), apart: count, chance: count })).max(LIMITS.membersMax * LIMITS.membersMax),
  /** Players whose shares were wrong, each with one leaf of its own that a replay refutes, in micro-units. */
  lies: perMember(z.strictObject({ player: count, block: count, leaf: count, said: integer })),
})

export type RoundResult = z.infer<typeof resultSchema>
