import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { openCheckpoint, type Checkpoint } from '../../protocol/index.ts'
import { verify } from '../crypto.ts'
import { CliError } from './exit.ts'

const documentSchema = z.looseObject({ schema: z.literal('peerage.checkpoint/v1'), network: z.string(), stateRoot: z.string(), proof: z.base64() })

/** Reads a checkpoint file and verifies every step of its proof. Rejects with CliError `usage` or `verification`. */
export async function readCheckpoint(file: string): Promise<Checkpoint> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new CliError('usage', `${file}: cannot be read: ${cause.message}`, '', { cause })
  })
  const parsed = documentSchema.safeParse(parseJson(text))
  if (!parsed.success) throw new CliError('verification', `${file} is no checkpoint.`)
  const opened = openCheckpoint(new Uint8Array(Buffer.from(parsed.data.proof, 'base64')), verify)
  if (!opened.ok) throw new CliError('verification', `The proof in ${file} does not hold (${opened.code}).`)
  const { network, stateRoot } = opened.checkpoint.name
  if (network !== parsed.data.network || stateRoot !== parsed.data.stateRoot) throw new CliError('verification', `${file} proves another state than it names.`)
  return opened.checkpoint
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
