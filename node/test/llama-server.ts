/** A real model behind a real endpoint: llama.cpp in this process, a model made by chance, and OpenAI's protocol over HTTP. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { writeTinyGguf } from './tiny-gguf.ts'

/** What is used of the package node-llama-cpp, which is installed apart from this one. */
interface LlamaPackage {
  getLlama(options: object): Promise<Llama>
  LlamaCompletion: new (options: { contextSequence: Sequence }) => Completion
}
interface Llama {
  loadModel(options: { modelPath: string }): Promise<{ createContext(options: object): Promise<{ getSequence(): Sequence }>; tokenize(text: string): unknown[] }>
  dispose(): Promise<void>
}
interface Sequence {
  dispose(): void
}
interface Completion {
  generateCompletionWithMeta(prompt: string, options: object): Promise<{ response: string; metadata: { stopReason: string } }>
}

const { PEERAGE_LLAMA: folder = '' } = process.env
const entry = join(folder, 'node_modules', 'node-llama-cpp', 'dist', 'index.js')

/** Whether the package is there. */
export const hasLlama = folder !== '' && existsSync(entry)

const PARALLEL = 4
const CONTEXT_TOKENS = 8_192
const TOKENS_MAX_DEFAULT = 48

/** One request as the server saw it. `pieces` are what it said, in the order of generation. */
export interface Served {
  stream: boolean
  messages: { role: string; content: string }[]
  pieces: string[]
  outputTokens: number
  ended: 'running' | 'whole' | 'cancelled'
}

export interface LlamaServer {
  baseUrl: string
  /** What requests came to, in the order in which they arrived. */
  served: Served[]
  close(): Promise<void>
}

export async function startLlamaServer(): Promise<LlamaServer> {
  const { getLlama, LlamaCompletion } = (await import(pathToFileURL(entry).href)) as LlamaPackage
  const temporary = await mkdtemp(join(tmpdir(), 'peerage-llama-'))
  const modelPath = join(temporary, 'tiny.gguf')
  await writeFile(modelPath, writeTinyGguf(7))
  const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false, ramPadding: 0, maxThreads: 1, logLevel: 'error' })
  const model = await llama.loadModel({ modelPath })
  const context = await model.createContext({ contextSize: CONTEXT_TOKENS, sequences: PARALLEL, batchSize: 2_048 })
  const turn = createTurns(PARALLEL)
  const served: Served[] = []

  const complete = async (request: ChatRequest, seen: Served, signal: AbortSignal, onPiece: (text: string) => void): Promise<object> => {
    const prompt = `${request.messages.map(({ role, content }) => `${role}: ${content}`).join('\n\n')}\n\nassistant:`
    return turn(async () => {
      const contextSequence = context.getSequence()
      try {
        const take = (text: string): void => {
          seen.pieces.push(text)
          onPiece(text)
        }
        const options = { maxTokens: request.max_tokens ?? TOKENS_MAX_DEFAULT, temperature: request.temperature ?? 1, seed: served.length, signal, onTextChunk: take, onToken: (tokens: unknown[]) => (seen.outputTokens += tokens.length) }
        await new LlamaCompletion({ contextSequence }).generateCompletionWithMeta(prompt, options)
      } finally {
        contextSequence.dispose()
      }
      const promptTokens = model.tokenize(prompt).length
      return { prompt_tokens: promptTokens, completion_tokens: seen.outputTokens, total_tokens: promptTokens + seen.outputTokens }
    })
  }

  const server = createServer((request, response) => {
    respond(request, response, served, complete).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    served,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await llama.dispose()
      await rm(temporary, { recursive: true, force: true })
    },
  }
}

interface ChatRequest {
  messages: { role: string; content: string }[]
  stream?: boolean
  max_tokens?: number
  temperature?: number
}

type Complete = (request: ChatRequest, seen: Served, signal: AbortSignal, onPiece: (text: string) => void) => Promise<object>

async function respond(request: IncomingMessage, response: ServerResponse, served: Served[], complete: Complete): Promise<void> {
  if (request.url === '/v1/models') return sendJson(response, { object: 'list', data: [{ id: 'tiny', object: 'model' }] })
  const body = JSON.parse(await readText(request)) as ChatRequest
  const seen: Served = { stream: body.stream ?? false, messages: body.messages, pieces: [], outputTokens: 0, ended: 'running' }
  served.push(seen)
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableEnded) gone.abort()
  })
  const say = (choices: object[], usage?: object): void => void response.write(`data: ${JSON.stringify({ object: 'chat.completion.chunk', choices, ...(usage === undefined ? {} : { usage }) })}\n\n`)
  if (seen.stream) response.writeHead(200, { 'content-type': 'text/event-stream' })
  try {
    const usage = await complete(body, seen, gone.signal, (content) => seen.stream && say([{ index: 0, delta: { content }, finish_reason: null }]))
    seen.ended = 'whole'
    if (!seen.stream) return sendJson(response, { object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: seen.pieces.join('') }, finish_reason: 'length' }], usage })
    say([{ index: 0, delta: {}, finish_reason: 'length' }])
    say([], usage)
    response.end('data: [DONE]\n\n')
  } catch (error) {
    if (!gone.signal.aborted) throw error
    seen.ended = 'cancelled'
  }
}

function sendJson(response: ServerResponse, document: object): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(document))
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** Runs at most so many works at a time; the others wait their turn. */
function createTurns(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = limit
  const waiting: (() => void)[] = []
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve))
    else free--
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}
