import { z } from 'zod'
import { creditShareSchema, reputationChangeSchema, roundEvaluationSchema, roundPhaseSchema, roundWinnerSchema, taskKindSchema } from './rounds.ts'

const of = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) => z.object({ type: z.literal(type), ...shape })
const roundAt = { round: z.string(), height: z.int() }
const peerShape = { peer: z.string(), name: z.string() }

/** What happens, as it happens. Listeners must not throw and must not block. */
export const nodeEventSchema = z
  .discriminatedUnion('type', [
    of('round-opened', { ...roundAt, asker: z.string(), askerName: z.string(), kind: taskKindSchema, prompt: z.string() }),
    of('phase-entered', { ...roundAt, phase: roundPhaseSchema }),
    of('round-closed', {
      ...roundAt,
      kind: taskKindSchema,
      winner: roundWinnerSchema.nullable(),
      rated: z.boolean(),
      evaluation: roundEvaluationSchema.nullable(),
      credit: z.array(creditShareSchema),
      reputation: z.array(reputationChangeSchema),
    }),
    of('block-final', { height: z.int(), hash: z.string(), entries: z.int() }),
    of('peer-connected', peerShape),
    of('peer-disconnected', peerShape),
    of('signing', { mode: z.enum(['asking', 'active', 'observing']), reason: z.string().nullable() }).describe('this node stops signing, or signs again'),
    of('agent-error', { code: z.string(), message: z.string(), round: z.string().nullable() }).describe("this node's own agent failed; code is an AgentErrorCode"),
  ])
  .meta({ id: 'NodeEvent' })
export type NodeEvent = z.infer<typeof nodeEventSchema>

export const eventTypes = nodeEventSchema.options.map(({ shape }) => shape.type.value)
