import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs a script of this folder in a process of its own. */
export function runScriptFile(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', file), ...args], { env: { ...process.env, ...env } })
  const texts = { stdout: '', stderr: '' }
  child.stdout.on('data', (data: Buffer) => (texts.stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (texts.stderr += data.toString()))
  return new Promise((done, fail) => child.on('error', fail).on('close', (code) => done({ code, ...texts })))
}
