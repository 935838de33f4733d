import { readFile } from 'node:fs/promises'
import { createGenesis, genesisSchema, type Genesis } from '../../protocol/index.ts'
import { ConfigError } from './config-error.ts'
import { writeFileWhole } from './config-file.ts'

const FOUNDER_WEIGHT = 1_000_000

/** Founds a network of one member: writes its genesis. */
export async function foundNetwork(file: string, name: string, founder: string): Promise<void> {
  const genesis = createGenesis({ name, members: [{ id: founder, weight: FOUNDER_WEIGHT }] })
  await writeFileWhole(file, `${JSON.stringify(genesis, null, 2)}\n`)
}

/** Reads a genesis file. Rejects with ConfigError `missing`, `unreadable`, `syntax` or `invalid`. */
export async function readGenesis(file: string): Promise<Genesis> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw new ConfigError('missing', file, 'there is no genesis file', { cause })
    throw new ConfigError('unreadable', file, 'cannot be read', { cause })
  })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new ConfigError('syntax', file, 'is not JSON', { cause })
  }
  const parsed = genesisSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new ConfigError('invalid', file, issue?.message ?? 'is invalid', { field: issue?.path.join('.') || 'genesis' })
}

/** Where the state lies that a genesis goes on from: beside it. */
export function checkpointFile(genesisFile: string): string {
  return `${genesisFile}.state`
}
