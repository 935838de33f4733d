import { z } from 'zod'
import { ConfigError } from '../../config/config-error.ts'
import type { Secret } from '../secret.ts'
import { getText, listModels } from './list-models.ts'

/** Programs that serve models on one's own machine. `openai`: something else that speaks the same API. */
export type ServerKind = 'ollama' | 'llama.cpp' | 'vllm' | 'lm-studio' | 'openai'

/** A server of models that was found. */
export interface FoundServer {
  kind: ServerKind
  /** Up to and including the version. */
  baseUrl: string
  /** Models that can hold a conversation, as far as their names tell. */
  models: string[]
}

/** Where such servers listen if nobody tells them otherwise: Ollama, llama.cpp, vLLM, LM Studio. */
const USUAL_URLS: readonly string[] = ['http://127.0.0.1:11434/v1', 'http://127.0.0.1:8080/v1', 'http://127.0.0.1:8000/v1', 'http://127.0.0.1:1234/v1']

/** How long a server on this machine may take to list its models. */
const LOCAL_MS_MAX = 1_000

/** Where to look instead: URLs with commas between them, or `none`. */
export const DISCOVER_VARIABLE = 'PEERAGE_DISCOVER'

/** Throws ConfigError where the variable holds something that is no URL. */
export function urlsToLookAt(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const value = env[DISCOVER_VARIABLE]
  if (value === undefined || value === '') return USUAL_URLS
  const urls = value === 'none' ? [] : value.split(',').map((url) => url.trim())
  const wrong = urls.find((url) => !URL.canParse(url))
  if (wrong !== undefined) throw new ConfigError('invalid', DISCOVER_VARIABLE, `holds "${wrong.slice(0, 200)}", which is no URL; none are looked at with "none"`)
  return urls
}

/** Looks for servers at these URLs, all at once; those found, in the order of the URLs. */
export async function discoverServers(urls: readonly string[], timeoutMs = LOCAL_MS_MAX): Promise<FoundServer[]> {
  const found = await Promise.all(urls.map((url) => inspectServer(url, null, timeoutMs)))
  return found.filter((server) => server !== null)
}

/** The server behind a URL, with or without the version at its end. Null where there is none that lists its models. */
export async function inspectServer(url: string, secret: Secret | null, timeoutMs: number): Promise<FoundServer | null> {
  const base = url.replace(/\/+$/, '')
  const signal = AbortSignal.timeout(timeoutMs)
  for (const baseUrl of /\/v\d+$/.test(base) ? [base] : [`${base}/v1`, base]) {
    const { models } = await listModels({ baseUrl, secret }, signal)
    if (models === null) continue
    const kind = await identify(baseUrl, models.map(({ ownedBy }) => ownedBy), signal)
    return { kind, baseUrl, models: models.map(({ id }) => id).filter(canConverse) }
  }
  return null
}

/** By what it says of its models, else by an address that no other of these programs has. */
async function identify(baseUrl: string, owners: readonly (string | null)[], signal: AbortSignal): Promise<ServerKind> {
  if (owners.includes('llamacpp')) return 'llama.cpp'
  if (owners.includes('vllm')) return 'vllm'
  const root = baseUrl.replace(/\/v\d+$/, '')
  const says = async (path: string, shape: z.ZodType): Promise<boolean> => {
    const reply = await getText(`${root}${path}`, {}, signal)
    return reply?.status === 200 && shape.safeParse(parse(reply.text)).success
  }
  const checks: [ServerKind, string, z.ZodType][] = [
    ['ollama', '/api/tags', z.object({ models: z.array(z.object({ name: z.string() })) })],
    ['lm-studio', '/api/v0/models', z.object({ data: z.array(z.object({ id: z.string(), state: z.string() })) })],
    ['llama.cpp', '/props', z.object({ default_generation_settings: z.unknown() })],
  ]
  const answers = await Promise.all(checks.map(async ([kind, path, shape]) => ((await says(path, shape)) ? kind : null)))
  return answers.find((kind) => kind !== null) ?? 'openai'
}

/** Models that only turn text into numbers, or into sound, are listed among the others. */
function canConverse(model: string): boolean {
  return !/embed|rerank|whisper|\btts\b|bge-|minilm/i.test(model)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
