import { readFile, rm } from 'node:fs/promises'
import { z } from 'zod'
import { writeFileWhole } from '../config/config-file.ts'
import type { NodeHome } from '../config/home.ts'

const runFileSchema = z.object({
  pid: z.int().min(1),
  apiUrl: z.url({ protocol: /^https?$/ }),
  memberId: z.string(),
  token: z.string().nullable(),
})

/** Which process runs a home and how to talk to it. The file is for its owner's eyes only: it may hold the API's token. */
export type RunFile = z.infer<typeof runFileSchema>

/** Reads the run file; null where there is none, or nothing that makes sense. */
export async function readRunFile(home: NodeHome): Promise<RunFile | null> {
  try {
    const parsed = runFileSchema.safeParse(JSON.parse(await readFile(home.runFile, 'utf8')))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

export async function writeRunFile(home: NodeHome, run: RunFile): Promise<void> {
  await writeFileWhole(home.runFile, `${JSON.stringify(run)}\n`, 0o600)
}

/** Removes the run file if it is this process's own. */
export async function removeRunFile(home: NodeHome, pid: number): Promise<void> {
  const run = await readRunFile(home)
  if (run?.pid === pid) await rm(home.runFile, { force: true })
}

/** Whether a process of that number exists. A number can be in use again: who matters answers on its API, too. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
