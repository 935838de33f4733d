import { ContentTypeNotSupportedError, RequestMalformedError, UnsupportedOperationError } from '@a2a-js/sdk/errors'
import type { Part, SendMessageRequest } from '@a2a-js/sdk'
import { firstIssue } from '../config/first-issue.ts'
import type { AskRequest } from '../service.ts'
import { askRequestSchema } from '../service/rounds.ts'
import { ROUND_EXTENSION } from './card.ts'

const optionsSchema = askRequestSchema.omit({ prompt: true })

/**
 * The task in a message: its text and data parts are the prompt, its metadata says how the round is held, its context is the reference.
 * @throws RequestMalformedError, ContentTypeNotSupportedError, UnsupportedOperationError
 */
export function readAskRequest({ message }: SendMessageRequest): AskRequest {
  if (message === undefined) throw new RequestMalformedError('There is no message.')
  if (message.taskId !== '') throw new UnsupportedOperationError('A round takes no further messages: leave taskId out to open another.')
  const options = optionsSchema.safeParse(message.metadata?.[ROUND_EXTENSION] ?? {})
  if (!options.success) throw malformed(`metadata["${ROUND_EXTENSION}"]`, options.error)
  const prompt = message.parts.map(readPart).join('\n\n')
  const request = askRequestSchema.safeParse({ ...options.data, prompt, ...(message.contextId === '' ? {} : { reference: message.contextId }) })
  if (!request.success) throw malformed('message', request.error)
  return request.data
}

function readPart({ content }: Part): string {
  if (content?.$case === 'text') return content.value
  if (content?.$case === 'data') return JSON.stringify(content.value)
  throw new ContentTypeNotSupportedError('A task is text or data: members see no files.')
}

function malformed(where: string, error: Parameters<typeof firstIssue>[0]): Error {
  const { field, message } = firstIssue(error)
  return new RequestMalformedError(`${where}${field === '' ? '' : `: ${field}`}: ${message}`)
}
