import type { BackgroundTask } from './background.ts'

/** Tokens of prompt and completion. `estimated`: nobody counted, so it is a token for four characters. */
export interface Usage {
  inputTokens: number
  outputTokens: number
  estimated: boolean
}

interface Named {
  member: string
  name: string
}

/**
 * The one extra object of an answer. Integers ending in `_micro` are millionths; what a round does not have (yet) is null or empty.
 * All of it, and more, is in GET /api/v1/rounds/<round>.
 */
export interface PeerageExtra {
  schema: 'peerage.chat/v1'
  mode: 'round' | 'solo'
  /** The chore of a front end that was taken away from the network, if this was one. */
  background: BackgroundTask | null
  /** What came of it, for people. */
  note: string
  round: string | null
  status: 'open' | 'closed' | null
  rated: boolean | null
  winner: (Named & { value: string | null }) | null
  /** The strongest first. Members with the same number in `cluster` gave equal answers. */
  ranking: (Named & { strength_micro: number; cluster: number | null })[]
  agreement_micro: number | null
  evaluation: { source: string; value_micro: number; success: boolean } | null
  /** Signed credit and the points paid from it, the highest first. */
  credits: (Named & { credit_micro: number; points: number })[]
  usage_estimated: boolean
  /** Fields of the request that had no effect. */
  ignored: string[]
}

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
