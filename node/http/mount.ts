import type { Context, Hono } from 'hono'
import type { z } from 'zod'

/** A route of a mount, as the description of the API shows it. */
export interface Operation {
  method: 'GET' | 'POST'
  /** As OpenAPI writes it, from the root: `/v1/models/{model}`. */
  path: string
  /** Unique, for generated clients. */
  id: string
  summary: string
  /** Names in lower case. */
  headers?: z.ZodType
  body?: z.ZodType
  /** What it answers with, by content type; of events what each of them holds. */
  answer: Readonly<Record<string, z.ZodType>>
  /** What it refuses with, whatever the status. */
  refusal: z.ZodType
}

/** Routes of another kind of client, served behind the same guard: everything below `path`. */
export interface Mount {
  /** Such as `/v1`, without a slash at the end. */
  path: string
  /** Paths in it are relative to `path`. */
  routes: Hono
  /** What of them OpenAPI can describe; absent for protocols that describe themselves. */
  operations?: readonly Operation[]
  /** How failures below the path are told, unknown paths and methods included; as problem documents where absent. */
  refuse?(context: Context, error: unknown): Response | Promise<Response>
}
