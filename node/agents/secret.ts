import { readFile } from 'node:fs/promises'
import { AgentError } from './agent.ts'

/** A key that can be used and hidden, but not read: it is in no property and so in no log or inspection. */
export interface Secret {
  /** The headers that carry it; none where there is no key. */
  headers(): Record<string, string>
  /** The text with every occurrence of the key, also URL- or base64-encoded, replaced. */
  scrub(text: string): string
}

const replacement = '[key]'

/** Shorter text is no key, and replacing it everywhere would spoil answers. */
const keyLengthMin = 4
const keyLengthMax = 10_000

/**
 * Reads a key from an environment variable or a file.
 * @throws AgentError `refused` where it is missing or cannot be a key; the message names the place, never the contents
 */
export async function loadSecret(source: { keyEnv?: string | undefined; keyFile?: string | undefined }): Promise<Secret> {
  if (source.keyEnv !== undefined) return createSecret(process.env[source.keyEnv] ?? '', `the environment variable ${source.keyEnv}`)
  if (source.keyFile === undefined) return { headers: () => ({}), scrub: (text) => text }
  const contents = await readFile(source.keyFile, 'utf8').catch((error: unknown) => {
    throw new AgentError('refused', `the key file ${source.keyFile ?? ''} cannot be read`, { cause: error })
  })
  return createSecret(contents, `the key file ${source.keyFile}`)
}

function createSecret(contents: string, place: string): Secret {
  const key = contents.trim()
  if (key === '') throw new AgentError('refused', `${place} holds no key`)
  if (key.length < keyLengthMin || key.length > keyLengthMax || !/^[\x21-\x7e]+$/.test(key)) throw new AgentError('refused', `${place} holds something that cannot be a key`)
  const forms = [...new Set([key, encodeURIComponent(key), JSON.stringify(key).slice(1, -1), Buffer.from(key).toString('base64')])]
  return {
    headers: () => ({ authorization: `Bearer ${key}` }),
    scrub: (text) => forms.reduce((scrubbed, form) => scrubbed.replaceAll(form, replacement), text),
  }
}
