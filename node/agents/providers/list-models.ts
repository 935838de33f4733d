import { z } from 'zod'
import type { Secret } from '../secret.ts'

const modelsSchema = z.object({ data: z.array(z.object({ id: z.string().min(1).max(200), owned_by: z.string().optional() })).max(10_000) })

/** What an endpoint says when it is asked for its models. */
export interface ListedModels {
  /** Whether a server is there that would take calls: it answers, and asks for no other key. */
  isThere: boolean
  /** Whether one is there at all, if only to refuse its list: some keys may hold conversations and not that. */
  isUp: boolean
  /** Null where the answer is no list of models. */
  models: { id: string; ownedBy: string | null }[] | null
}

const LIST_BYTES_MAX = 2_000_000

/** Asks an endpoint for its models, which costs nothing. Never rejects: what cannot be reached is not there. */
export async function listModels({ baseUrl, secret }: { baseUrl: string; secret: Secret | null }, signal: AbortSignal): Promise<ListedModels> {
  const reply = await getText(`${baseUrl.replace(/\/+$/, '')}/models`, secret?.headers() ?? {}, signal)
  if (reply === null) return { isThere: false, isUp: false, models: null }
  // Some servers have no list; that they say so is a sign of life.
  const isThere = reply.status === 404 || reply.status === 405 || (reply.status >= 200 && reply.status < 300)
  return { isThere, isUp: reply.status < 500, models: reply.status === 200 ? parseModels(secret?.scrub(reply.text) ?? reply.text) : null }
}

function parseModels(text: string): ListedModels['models'] {
  try {
    const { data } = modelsSchema.parse(JSON.parse(text))
    return data.map(({ id, owned_by }) => ({ id, ownedBy: owned_by ?? null }))
  } catch {
    return null
  }
}

/** A bounded GET. Null where no complete answer comes. */
export async function getText(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<{ status: number; text: string } | null> {
  try {
    const response = await fetch(url, { headers: { accept: 'application/json', ...headers }, redirect: 'manual', signal })
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of response.body ?? new Blob([]).stream()) {
      text += decoder.decode(chunk, { stream: true })
      if (text.length > LIST_BYTES_MAX) return null
    }
    return { status: response.status, text }
  } catch {
    return null
  }
}
