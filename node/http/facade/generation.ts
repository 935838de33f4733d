import { z } from 'zod'
import { BACKGROUND_TASKS } from './background.ts'

/** Tokens of prompt and completion. `estimated`: nobody counted, so it is a token for four characters. */
export interface Usage {
  inputTokens: number
  outputTokens: number
  estimated: boolean
}

const named = { member: z.string(), name: z.string() }

/**
 * The one extra object of an answer. Integers ending in `_micro` are millionths; what a round does not have (yet) is null or empty.
 * All of it, and more, is in GET /api/v1/rounds/<round>.
 */
export const peerageExtraSchema = z
  .object({
    schema: z.literal('peerage.chat/v1'),
    mode: z.enum(['round', 'solo']),
    background: z.enum(BACKGROUND_TASKS).nullable().describe('the chore of a front end that was taken away from the network, if this was one'),
    note: z.string().describe('what came of it, for people'),
    round: z.string().nullable(),
    status: z.enum(['open', 'closed']).nullable(),
    rated: z.boolean().nullable(),
    winner: z.object({ ...named, value: z.string().nullable() }).nullable(),
    ranking: z.array(z.object({ ...named, strength_micro: z.int(), cluster: z.int().nullable() })).describe('the strongest first; members with the same number in `cluster` gave equal answers'),
    agreement_micro: z.int().nullable(),
    evaluation: z.object({ source: z.string(), value_micro: z.int(), success: z.boolean() }).nullable(),
    credits: z.array(z.object({ ...named, credit_micro: z.int(), points: z.int() })).describe('signed credit and the points paid from it, the highest first'),
    usage_estimated: z.boolean(),
    ignored: z.array(z.string()).describe('fields of the request that had no effect'),
  })
  .meta({ id: 'PeerageExtra', description: 'what the network has to say beside an answer' })
export type PeerageExtra = z.infer<typeof peerageExtraSchema>

/** An answer as it comes about: progress for people, then text, then one end. */
export type GenerationEvent =
  | { type: 'progress'; text: string }
  | { type: 'text'; text: string }
  | { type: 'end'; finish: 'stop' | 'length'; usage: Usage; peerage: PeerageExtra }

/** `events` fails with FacadeError, AgentError or ServiceError, or with the reason of the signal it was begun with. */
export interface Generation {
  /** Letters and digits; the id of the round where there is one. */
  id: string
  model: string
  events: AsyncIterable<GenerationEvent>
}

/** A whole answer. */
export interface Generated {
  text: string
  end: Extract<GenerationEvent, { type: 'end' }>
}

export async function collect(events: AsyncIterable<GenerationEvent>): Promise<Generated> {
  let text = ''
  let end: Generated['end'] | undefined
  for await (const event of events) {
    if (event.type === 'text') text += event.text
    if (event.type === 'end') end = event
  }
  if (end === undefined) throw new TypeError('the generation has no end')
  return { text, end }
}

/** A token for four characters, rounded up. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4)
}
