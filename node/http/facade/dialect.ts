import type { z } from 'zod'
import type { Operation } from '../mount.ts'
import type { Call } from './call.ts'
import type { Generated, Generation } from './generation.ts'

/** What is read of a request in any dialect. */
export interface DialectRequest {
  call: Call
  stream: boolean
}

export interface StreamOptions {
  createdS: number
  /** Told of a failure, which ends the stream. */
  onError: (error: unknown) => void
}

/** One way to ask and to be answered; all of them lead to the same generation. */
export interface Dialect<Request extends DialectRequest> {
  /** Below /v1. */
  path: string
  /** What the description of the API says of it. */
  described: Pick<Operation, 'id' | 'summary' | 'refusal'> & Required<Pick<Operation, 'body'>> & { whole: z.ZodType; event: z.ZodType }
  /** Throws FacadeError. */
  read(body: unknown): Request
  write(request: Request, generation: Pick<Generation, 'id' | 'model'>, generated: Generated, createdS: number): object
  /** Server-sent events. Never fails: what fails is told in the stream. */
  writeStream(request: Request, generation: Generation, options: StreamOptions): AsyncIterable<string>
}
