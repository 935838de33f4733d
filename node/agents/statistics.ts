import { z } from 'zod'

/** How an answer may try to influence its judge, or to pass for something that it is not. */
export const INJECTION_SIGNS = ['verdict', 'fence', 'chat-markup', 'override', 'judge-address', 'demand', 'tool-call', 'hidden-text', 'encoded'] as const
export type InjectionSign = (typeof INJECTION_SIGNS)[number]

const count = z.int().min(0)

/** What an agent that judges with a model has seen of it since its start. */
export const agentStatisticsSchema = z.strictObject({
  /** Version of the prompts that the model is asked with. */
  prompts: z.string(),
  /** Calls that asked for a verdict, canaries left out: with a clear verdict, without one, failed. */
  verdicts: z.strictObject({ clear: count, unclear: count, failed: count }),
  /** Pairs with a clear verdict in both orders, and those of them where the two name the same side: then the position decided. */
  orders: z.strictObject({ pairs: count, flipped: count }),
  /** Pairs whose right verdict was known. */
  canaries: z.strictObject({ asked: count, failed: count }),
  /** Why the agent does not judge at present; null while it does. */
  restsBecause: z.string().nullable(),
  /** Answers of others in which something looked like an attempt to influence the judge, and how many showed which sign. */
  injections: z.strictObject({ answers: count, signs: z.strictObject(Object.fromEntries(INJECTION_SIGNS.map((sign) => [sign, count])) as Record<InjectionSign, typeof count>) }),
})
export type AgentStatistics = z.infer<typeof agentStatisticsSchema>
