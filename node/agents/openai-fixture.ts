import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a request to the server was, as far as tests look at it. */
export interface SeenRequest {
  url: string
  authorization: string | undefined
  body: { model: string; stream: boolean; messages: { role: string; content: string }[] } & Readonly<Record<string, unknown>>
}

export type Respond = (seen: SeenRequest, response: ServerResponse, count: number) => void

/** A server on 127.0.0.1 that speaks as much of the chat completion protocol as `respond` makes it. */
export interface ChatServer {
  baseUrl: string
  /** The requests for completions. */
  seen: SeenRequest[]
  /** Replaces what the server does from now on, and forgets what it saw. */
  behave: (respond: Respond) => void
  /** Replaces what it says to GET, of its models above all; at first it lists `small-model`. */
  behaveAsked: (respond: (url: string, response: ServerResponse) => void) => void
  close: () => Promise<void>
}

export async function startChatServer(): Promise<ChatServer> {
  const seen: SeenRequest[] = []
  let respond: Respond = sayJson('unset')
  let respondAsked = sayModels(['small-model'])
  const server = createServer((request, response) => {
    if (request.method === 'GET') return respondAsked(request.url ?? '', response)
    void readBody(request).then((text) => {
      const entry = { url: request.url ?? '', authorization: request.headers.authorization, body: JSON.parse(text) as SeenRequest['body'] }
      seen.push(entry)
      respond(entry, response, seen.length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    seen,
    behave(next) {
      respond = next
      seen.length = 0
    },
    behaveAsked(next) {
      respondAsked = next
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What servers say of tokens: prompt, completion. */
export type SaidUsage = readonly [number, number]

const usageOf = (usage: SaidUsage | undefined): object => (usage === undefined ? {} : { usage: { prompt_tokens: usage[0], completion_tokens: usage[1] } })

export function sayJson(text: string, usage?: SaidUsage, finish = 'stop'): Respond {
  return (_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ choices: [{ message: { role: 'assistant', content: text }, finish_reason: finish }], ...usageOf(usage) }))
  }
}

/** A list of models at `/v1/models`, and nothing elsewhere. */
export function sayModels(ids: readonly string[], ownedBy = 'somebody'): (url: string, response: ServerResponse) => void {
  return (url, response) => {
    const isList = url === '/v1/models'
    response.writeHead(isList ? 200 : 404, { 'content-type': 'application/json' })
    response.end(isList ? JSON.stringify({ object: 'list', data: ids.map((id) => ({ id, object: 'model', owned_by: ownedBy })) }) : '{}')
  }
}

/** Streams the text in pieces; bytes are cut at odd places. Without an end, the connection stays open after [DONE]. */
export function sayEvents(text: string, { done = true, end = true, usage }: { done?: boolean; end?: boolean; usage?: SaidUsage } = {}): Respond {
  return (_, response) => {
    response.setHeader('content-type', 'text/event-stream')
    const pieces = text.match(/[\s\S]{1,5}/gu) ?? []
    const events = pieces.map((content) => `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: null }] })}\r\n\r\n`)
    const bytes = Buffer.from(`: hello\n\n${events.join('')}${usage === undefined ? '' : `data: ${JSON.stringify({ choices: [], ...usageOf(usage) })}\n\n`}${done ? 'data: [DONE]\n\n' : ''}`)
    response.write(bytes.subarray(0, 71))
    response.write(bytes.subarray(71))
    if (end) response.end()
  }
}

export function sayStatus(status: number, body = '', headers: Record<string, string> = {}): Respond {
  return (_, response) => {
    response.writeHead(status, headers)
    response.end(body)
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
