import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { sleep } from './abort.ts'
import { AgentError } from './agent.ts'
import { LineTooLongError, splitLines } from './lines.ts'

export interface CommandProcessOptions {
  command: string
  args: readonly string[]
  folder?: string
  lineBytesMax: number
  /** First pause after an exit; doubles with each exit until a line arrives again, up to half a minute. */
  restartMs: number
  /** How long a program may take to end after SIGTERM. */
  graceMs: number
  /** Called with each line of the program's stdout. */
  onLine: (line: string) => void
  /** Called when the program is gone (or could not be started): nothing sent before will be replied to. */
  onExit: (error: AgentError) => void
  /** Called with each line of the program's stderr. */
  log: (line: string) => void
}

/** A program that is kept running: started at once, and again, after a pause, when something is to be sent. */
export interface CommandProcess {
  /** Sends a line, once the program runs. Rejects with AgentError `exited` if it cannot be started, or the signal's reason. */
  send(line: string, signal: AbortSignal): Promise<void>
  /** Sends a line if the program runs right now. */
  sendIfRunning(line: string): void
  /** Ends the program: closes its stdin, SIGTERM, after the grace period SIGKILL. Resolves when it is gone. */
  close(): Promise<void>
}

const restartMsMax = 30_000
const logLineLengthMax = 2_000

/** How long output is still read after the exit: a child of the program may hold the pipe open for ever. */
const outputMsMax = 500

export function createCommandProcess(options: CommandProcessOptions): CommandProcess {
  let child: ChildProcessWithoutNullStreams | null = null
  let gone: Promise<void> = Promise.resolve()
  let exits = 0
  let notBefore = 0
  let closed = false

  const start = (): ChildProcessWithoutNullStreams => {
    const started = spawn(options.command, options.args, { stdio: 'pipe', windowsHide: true, ...(options.folder === undefined ? {} : { cwd: options.folder }) })
    child = started
    gone = watch(started, {
      ...options,
      onLine: (line) => {
        exits = 0
        options.onLine(line)
      },
    }).then((error) => {
      child = null
      notBefore = performance.now() + Math.min(options.restartMs * 2 ** exits++, restartMsMax)
      options.onExit(error)
    })
    return started
  }

  start()
  return {
    async send(line, signal) {
      while (child === null && !closed && performance.now() < notBefore) await sleep(Math.ceil(notBefore - performance.now()), signal)
      signal.throwIfAborted()
      if (closed) throw new AgentError('exited', 'the agent program has been closed')
      ;(child ?? start()).stdin.write(`${line}\n`)
    },
    sendIfRunning(line) {
      child?.stdin.write(`${line}\n`)
    },
    async close() {
      closed = true
      const running = child
      if (running === null) return gone
      running.stdin.end()
      running.kill('SIGTERM')
      const kill = setTimeout(() => running.kill('SIGKILL'), options.graceMs)
      await gone
      clearTimeout(kill)
    },
  }
}

/** Resolves, when the program has gone and its output was read, to the error that tells how it went. */
async function watch(child: ChildProcessWithoutNullStreams, { onLine, log, lineBytesMax }: CommandProcessOptions): Promise<AgentError> {
  child.stdin.on('error', () => undefined)
  forwardLog(child, log)
  const ended = new Promise<AgentError>((resolve) => {
    child.once('error', (error) => {
      resolve(new AgentError('exited', 'the agent program cannot be started', { cause: error }))
    })
    child.once('exit', (code, signal) => {
      resolve(new AgentError('exited', `the agent program ended (${signal ?? `exit code ${code}`})`))
    })
  })
  void ended.then(() => {
    setTimeout(() => child.stdout.destroy(), outputMsMax).unref()
  })
  try {
    for await (const line of splitLines(child.stdout, lineBytesMax)) onLine(line)
  } catch (error) {
    child.kill('SIGKILL')
    await ended
    if (error instanceof LineTooLongError) return new AgentError('malformed-reply', 'the agent program wrote a line that is too long', { cause: error })
  }
  return ended
}

/** Hands on stderr line by line, long lines in pieces: it must be read in any case, or the program would stall. */
function forwardLog(child: ChildProcessWithoutNullStreams, log: (line: string) => void): void {
  let rest = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() as string
    for (const line of lines) log(line.slice(0, logLineLengthMax))
    if (rest.length < logLineLengthMax) return
    log(rest.slice(0, logLineLengthMax))
    rest = ''
  })
  child.stderr.on('end', () => {
    if (rest !== '') log(rest)
  })
}
