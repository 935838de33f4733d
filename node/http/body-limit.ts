import type { MiddlewareHandler } from 'hono'
import { RequestError } from './problem.ts'

/**
 * Refuses requests with a larger body, RequestError `too-large`: by its announced length, or, where none is announced, as soon as
 * that much has come. hono's own middleware needs the global Request to be replaced, which a library should not do.
 */
export function createBodyLimit(bytesMax: number): MiddlewareHandler {
  const tooLarge = (): RequestError => new RequestError('too-large', `A request may have at most ${bytesMax} bytes.`)
  return async (context, next) => {
    const { raw, url, method } = context.req
    if (Number(raw.headers.get('content-length') ?? 0) > bytesMax) throw tooLarge()
    if (raw.headers.has('transfer-encoding') && raw.body !== null) {
      const body = await readWithin(raw.body, bytesMax)
      if (body === null) throw tooLarge()
      context.req.raw = new Request(url, { method, headers: raw.headers, body, signal: raw.signal })
    }
    await next()
  }
}

async function readWithin(body: ReadableStream<Uint8Array>, bytesMax: number): Promise<Blob | null> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > bytesMax) return null
    chunks.push(new Uint8Array(chunk))
  }
  return new Blob(chunks)
}
