import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a request to the server was, as far as tests look at it. */
export interface SeenRequest {
  url: string
  authorization: string | undefined
  body: { model: string; stream: boolean; messages: { role: string; content: string }[] }
}

export type Respond = (seen: SeenRequest, response: ServerResponse, count: number) => void

/** A server on 127.0.0.1 that speaks as much of the chat completion protocol as `respond` makes it. */
export interface ChatServer {
  baseUrl: string
  seen: SeenRequest[]
  /** Replaces what the server does from now on, and forgets what it saw. */
  behave: (respond: Respond) => void
  close: () => Promise<void>
}

export async function startChatServer(): Promise<ChatServer> {
  const seen: SeenRequest[] = []
  let respond: Respond = sayJson('unset')
  const server = createServer((request, response) => {
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
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function sayJson(text: string): Respond {
  return (_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ choices: [{ message: { role: 'assistant', content: text }, finish_reason: 'stop' }] }))
  }
}

/** Streams the text in pieces; bytes are cut at odd places. Without an end, the connection stays open after [DONE]. */
export function sayEvents(text: string, { done = true, end = true }: { done?: boolean; end?: boolean } = {}): Respond {
  return (_, response) => {
    response.setHeader('content-type', 'text/event-stream')
    const pieces = text.match(/[\s\S]{1,5}/gu) ?? []
    const events = pieces.map((content) => `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: null }] })}\r\n\r\n`)
    const bytes = Buffer.from(`: hello\n\n${events.join('')}${done ? 'data: [DONE]\n\n' : ''}`)
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
