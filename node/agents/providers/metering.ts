import type { ChatRequest } from '../agent.ts'
import type { TokenUsage } from './model.ts'
import type { Amount } from './spending-record.ts'

/** In the owner's currency per million tokens, which is the same as millionths of it per token. */
export interface Price {
  input: number
  output: number
}

/** How long a reply may get where limits depend on that and nothing else says it. */
export const outputTokensDefault = 8_192

/** What templates put around each message, with room to spare. */
const MESSAGE_TOKENS = 16

/**
 * The most that a call can take: no tokenizer makes more than one token of a byte. Without a limit on the reply there is no
 * bound; then only the prompt counts.
 */
export function boundOf({ messages, maxTokens }: Pick<ChatRequest, 'messages'> & { maxTokens?: number | undefined }, price: Price | undefined): Amount {
  const inputTokens = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content) + MESSAGE_TOKENS, MESSAGE_TOKENS)
  const outputTokens = maxTokens ?? 0
  return { costMicro: costOf({ inputTokens, outputTokens }, price), tokens: inputTokens + outputTokens, calls: 1 }
}

/** Millionths, rounded up. */
export function costOf({ inputTokens, outputTokens }: TokenUsage, price: Price | undefined): number {
  return price === undefined ? 0 : Math.ceil(inputTokens * price.input + outputTokens * price.output)
}
