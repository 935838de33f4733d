import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { PARENT_VARIABLE } from '../context.ts'
import type { Context } from '../context.ts'
import { CliError } from '../exit.ts'
import type { TestnetNode } from './testnet.ts'

/** What a node prints once it serves. */
export interface ReadyDocument {
  type: 'ready'
  memberId: string
  name: string
  apiUrl: string
  addresses: string[]
  pid: number
}

/** A node in a process of its own. It ends with this process, however this one ends. */
export interface ChildNode extends TestnetNode {
  pid: number
  /** Rejects with CliError if the process ends first. */
  ready: Promise<ReadyDocument>
  /** Resolves to how the process ended: `exit code 1`, `SIGKILL`. */
  ended: Promise<string>
  alive(): boolean
  /** Its last lines on stderr. */
  lastWords(): string[]
  /** Asks the process to end, and insists after a while. Resolves when it has. */
  stop(): Promise<void>
}

const LAST_WORDS_MAX = 10
const STOP_GRACE_MS = 1_800

/** Starts the node of a home. */
export function startChild(node: TestnetNode, context: Pick<Context, 'env' | 'selfCommand'>): ChildNode {
  const [program, ...first] = context.selfCommand
  // The fourth stream is a channel: its end tells the child that this process is gone. Nothing is sent over it.
  const child = spawn(program, [...first, 'start', '--home', node.home.dataDir, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...context.env, [PARENT_VARIABLE]: 'demo' },
  })
  const words: string[] = []
  let alive = true
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  }).then((how) => {
    alive = false
    return how
  })
  createInterface(child.stderr as NodeJS.ReadableStream).on('line', (line) => {
    words.push(line)
    if (words.length > LAST_WORDS_MAX) words.shift()
  })
  const printed = new Promise<ReadyDocument>((resolve) => {
    createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
      const document = parseReady(line)
      if (document !== null) resolve(document)
    })
  })
  const ready = Promise.race([
    printed,
    ended.then((how) => {
      throw new CliError('failure', [`${node.name} ended before it was ready (${how}).`, ...words].join('\n  '))
    }),
  ])
  ready.catch(() => {})
  return {
    ...node,
    pid: child.pid ?? 0,
    ready,
    ended,
    alive: () => alive,
    lastWords: () => [...words],
    async stop() {
      child.kill('SIGTERM')
      const insist = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS)
      await ended
      clearTimeout(insist)
    },
  }
}

function parseReady(line: string): ReadyDocument | null {
  try {
    const document = JSON.parse(line) as Partial<ReadyDocument> | null
    return document?.type === 'ready' ? (document as ReadyDocument) : null
  } catch {
    return null
  }
}
