import { ContentTypeNotSupportedError, RequestMalformedError, UnsupportedOperationError } from '@a2a-js/sdk/errors'
import type { Part, SendMessageRequest } from '@a2a-js/sdk'
import { firstIssue } from '../config/first-issue.ts'
import type { AskRequest } from '../service.ts'
import { askRequestSchema } from '../service/rounds.ts'
import { ROUND_EXTENSION } from './card.ts'

const optionsSchema = askRequestSchema.omit({ prompt: true })

/** What is ours in metadata, or is meant to be. */
const OURS = /^(urn:)?peerage\b/i

/**
 * The task in a message: its text and data parts are the prompt, its context is the reference, and its metadata or that of the call says
 * how the round is held.
 * @throws RequestMalformedError, ContentTypeNotSupportedError, UnsupportedOperationError
 */
export function readAskRequest({ message, metadata }: SendMessageRequest): AskRequest {
  if (message === undefined) throw new RequestMalformedError('There is no message.')
  if (message.taskId !== '') throw new UnsupportedOperationError('A round takes no further messages: leave taskId out to open another.')
  const options = readOptions([['metadata', metadata], ['message.metadata', message.metadata]])
  const reference = message.contextId === '' ? options.reference : message.contextId
  if (options.reference !== undefined && options.reference !== reference) {
    throw new RequestMalformedError(`metadata["${ROUND_EXTENSION}"]: reference: the contextId is the reference of the round; leave one of them out.`)
  }
  const prompt = message.parts.map(readPart).join('\n\n')
  const request = askRequestSchema.safeParse({ ...options, prompt, ...(reference === undefined ? {} : { reference }) })
  if (!request.success) throw malformed('message', request.error)
  return request.data
}

type Metadata = Readonly<Record<string, unknown>> | undefined

/** How the round is held, said in one place at most. What else is in metadata is for others. */
function readOptions(places: readonly [name: string, metadata: Metadata][]): Omit<AskRequest, 'prompt'> {
  const given: [where: string, options: unknown][] = []
  for (const [name, metadata] of places) {
    for (const [key, value] of Object.entries(metadata ?? {})) {
      if (key === ROUND_EXTENSION) given.push([`${name}["${key}"]`, value])
      else if (OURS.test(key)) throw new RequestMalformedError(`${name}["${key.slice(0, 100)}"]: is not known; how the round is held is said under "${ROUND_EXTENSION}".`)
    }
  }
  const [first, second] = given
  if (first !== undefined && second !== undefined) throw new RequestMalformedError(`${second[0]}: ${first[0]} says it already.`)
  const options = optionsSchema.safeParse(first === undefined ? {} : first[1])
  if (!options.success) throw malformed(first?.[0] ?? '', options.error)
  return options.data
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
