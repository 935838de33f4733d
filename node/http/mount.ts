import type { Context, Hono } from 'hono'

/** Routes of another kind of client, served behind the same guard: everything below `path`. */
export interface Mount {
  /** Such as `/v1`, without a slash at the end. */
  path: string
  /** Paths in it are relative to `path`. */
  routes: Hono
  /** How failures below the path are told, unknown paths and methods included; as problem documents where absent. */
  refuse?(context: Context, error: unknown): Response | Promise<Response>
}
