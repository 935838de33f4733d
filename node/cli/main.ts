import type { StartNode } from '../service.ts'
import { PARENT_VARIABLE } from './context.ts'
import type { Context } from './context.ts'
import { EXIT, Interruption } from './exit.ts'
import type { Stop } from './exit.ts'
import { runVerb } from './program.ts'

/** After the first request to end, a repeated one counts as impatience only after this while: a terminal and a parent may both send the first. */
const SAME_REQUEST_MS = 1_000
/** Nothing outlives a request to end by more than this; where a parent waits, or died, less. */
const END_MS_MAX = 10_000
const SUPERVISED_END_MS_MAX = 2_500
/** How often to look whether npm is still there. */
const NPM_WATCH_MS = 250

const startNode: StartNode = async (options) => {
  const module = await import('../start-node.ts')
  return module.startNode(options)
}

/** Runs the command line in this process and ends it with the verb's exit code. */
export async function main(args: readonly string[], given: Pick<Context, 'selfCommand'> & Partial<Pick<Context, 'startNode'>>): Promise<never> {
  const signal = watchProcess()
  const { stdout, stderr, env } = process
  const interactive = stdout.isTTY && env['CI'] === undefined
  const context: Context = {
    env: { ...env },
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    interactive,
    colour: interactive && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    columns: stdout.columns,
    signal,
    startNode,
    ...given,
  }
  const code = await runVerb(args, context)
  await Promise.all([flush(stdout), flush(stderr)])
  // A node that gave up ends like one that was told to; what it noted on the way counts.
  process.exit(code === EXIT.ok ? process.exitCode : code)
}

/** Turns signals, the end of a supervising parent and closed output into one request to end. */
function watchProcess(): AbortSignal {
  const controller = new AbortController()
  const parent = process.env[PARENT_VARIABLE]
  delete process.env[PARENT_VARIABLE]
  let askedAt = 0
  const request = (stop: Stop): void => {
    if (controller.signal.aborted) {
      if (performance.now() - askedAt > SAME_REQUEST_MS) process.exit(EXIT.interrupted)
      return
    }
    askedAt = performance.now()
    setTimeout(() => process.exit(EXIT.interrupted), parent === undefined ? END_MS_MAX : SUPERVISED_END_MS_MAX).unref()
    controller.abort(new Interruption(stop))
  }
  // A terminal sends Ctrl-C to the whole group: the demo ends its nodes itself, in order.
  process.on('SIGINT', () => {
    if (parent !== 'demo') request('SIGINT')
  })
  process.on('SIGTERM', () => request('SIGTERM'))
  process.on('SIGHUP', () => request('SIGHUP'))
  process.stdout.on('error', () => request('output-closed'))
  process.stderr.on('error', () => request('output-closed'))
  if (parent !== undefined && process.channel !== undefined) watchParent(() => request('parent-gone'))
  else if (process.env['npm_lifecycle_event'] !== undefined) watchNpm(() => request('parent-gone'))
  return controller.signal
}

/** The channel to the parent closes with it, however it ends, kill -9 included. It does not keep this process alive. */
function watchParent(onGone: () => void): void {
  process.on('disconnect', onGone)
  process.channel?.unref()
  if (!process.connected) onGone()
}

/** Under an npm script there is no channel: a killed npm shows in that somebody else has become the parent. */
function watchNpm(onGone: () => void): void {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) onGone()
  }, NPM_WATCH_MS).unref()
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) return resolve()
    stream.write('', () => resolve())
  })
}
