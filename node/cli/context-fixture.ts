import { DISCOVER_VARIABLE } from '../agents/providers/discover.ts'
import type { Context } from './context.ts'
import { Interruption } from './exit.ts'
import type { Stop } from './exit.ts'
import { runVerb } from './program.ts'

/** A test fixture: runs verbs in this process and keeps what they print. */
export interface VerbRun {
  code: number
  out: string
  err: string
}

export interface StartedVerb {
  done: Promise<VerbRun>
  interrupt(stop: Stop): void
  printed(): { out: string; err: string }
}

/** Starts a verb as a shell would, with output to a pipe. */
export function startVerb(args: readonly string[], overrides: Partial<Context> = {}): StartedVerb {
  const controller = new AbortController()
  const printed = { out: '', err: '' }
  const context: Context = {
    out: (text) => void (printed.out += text),
    err: (text) => void (printed.err += text),
    interactive: false,
    colour: false,
    columns: 80,
    signal: controller.signal,
    startNode: () => Promise.reject(new Error('this test starts no node')),
    selfCommand: [process.execPath],
    ...overrides,
    // Whatever runs on this machine is none of a test's business.
    env: { [DISCOVER_VARIABLE]: 'none', ...overrides.env },
  }
  return {
    done: runVerb(args, context).then((code) => ({ code, ...printed })),
    interrupt: (stop) => controller.abort(new Interruption(stop)),
    printed: () => printed,
  }
}

export function runToEnd(args: readonly string[], overrides: Partial<Context> = {}): Promise<VerbRun> {
  return startVerb(args, overrides).done
}
