import { LIMITS } from '../../../protocol/index.ts'
import type { ChatMessage } from '../../agents/agent.ts'
import { FacadeError } from './errors.ts'

/**
 * A conversation as the prompt of one task. A single message is the prompt as it stands. Several stand one below the other, each
 * after a line `=== role`; the mark is longer than any row of equals signs in the texts, so that no text can pose as a turn.
 *
 * @throws FacadeError `context_length_exceeded` above the protocol's limit
 */
export function writeConversation(messages: readonly ChatMessage[]): string {
  const [first] = messages
  if (first !== undefined && messages.length === 1) {
    assertLength(first.content.length)
    return first.content
  }
  const mark = freeMark(messages.map(({ content }) => content))
  const head = `This is a conversation. Write what the assistant says next. A line that begins with ${mark} tells whose words follow.`
  // Counted before it is put together: the mark of each turn can be as long as the longest text.
  assertLength(messages.reduce((sum, { role, content }) => sum + `\n ${role}\n`.length + mark.length + content.length, head.length))
  return [head, ...messages.map(({ role, content }) => `${mark} ${role}\n${content}`)].join('\n')
}

function assertLength(length: number): void {
  if (length <= LIMITS.promptLengthMax) return
  throw new FacadeError('context_length_exceeded', `The conversation makes a task of ${length} characters; a round takes at most ${LIMITS.promptLengthMax}. Shorten it, or ask peerage/solo.`, 'messages')
}

function freeMark(texts: readonly string[]): string {
  let longest = 2
  for (const text of texts) for (const [row] of text.matchAll(/=+/g)) longest = Math.max(longest, row.length)
  return '='.repeat(longest + 1)
}
