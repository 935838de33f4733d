import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { HostReport, LoopFigures } from './host.ts'
import { MISBEHAVIOUR_VARIABLE, type Misbehaviour } from './misbehave.ts'

/** A process with several nodes. */
export interface Host {
  /** Of its nodes, in the order of their folders. Rejects if the process ends first. */
  apiUrls: Promise<string[]>
  measure: () => void
  /** Ends the nodes and the process; resolves with what was measured, null if nothing was. */
  stop: () => Promise<LoopFigures | null>
}

const STOP_MS_MAX = 20_000

/** Starts the nodes of some homes in a process of their own; one of them may misbehave. */
export function startHost(folders: readonly string[], bad: { member: string; how: Misbehaviour } | null): Host {
  const hook = new URL('./misbehave-hook.ts', import.meta.url).href
  const child = fork(fileURLToPath(new URL('./host.ts', import.meta.url)), [...folders], {
    execArgv: bad === null ? [] : ['--import', hook],
    env: { ...process.env, ...(bad === null ? {} : { [MISBEHAVIOUR_VARIABLE]: `${bad.member}=${bad.how}` }) },
  })
  let loop: LoopFigures | null = null
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const apiUrls = new Promise<string[]>((resolve, reject) => {
    child.on('message', (document: HostReport) => (document.type === 'ready' ? resolve(document.apiUrls) : (loop = document.loop)))
    void ended.then(() => reject(new Error('a process with nodes has ended before they were ready')))
  })
  apiUrls.catch(() => undefined)
  return {
    apiUrls,
    measure: () => tell(child, 'measure'),
    async stop() {
      tell(child, 'stop')
      const insist = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
      await ended
      clearTimeout(insist)
      return loop
    },
  }
}

function tell(child: ChildProcess, word: 'measure' | 'stop'): void {
  if (child.connected) child.send(word)
}
