import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { AgentError } from './agent.ts'

/** A key that can be used and hidden, but not read: it is in no property and so in no log or inspection. */
export interface Secret {
  /** The headers that carry it; none where there is no key. */
  headers(): Record<string, string>
  /** The text with every occurrence of the key, also URL- or base64-encoded, replaced. */
  scrub(text: string): string
  /** The same for text that comes in pieces, wherever the key is cut: what may be its beginning is held back. */
  scrubber(): Scrubber
}

export interface Scrubber {
  push(piece: string): string
  /** What was held back. */
  end(): string
}

/** Where a key is; at most one of these. None: there is no key. */
export interface SecretSource {
  /** Name of an environment variable. */
  keyEnv?: string | undefined
  keyFile?: string | undefined
  /** A program and its arguments, run without a shell, that prints the key: a keychain's own, say. */
  keyCommand?: readonly string[] | undefined
}

const replacement = '[key]'

/** Shorter text is no key, and replacing it everywhere would spoil answers. */
const keyLengthMin = 4
const keyLengthMax = 10_000

/** A keychain may have to ask its owner first. */
const commandMsMax = 60_000

/**
 * Reads a key from an environment variable, a file that only its owner can read, or a program.
 * @throws AgentError `refused` where it is missing or cannot be a key; the message names the place, never the contents
 */
export async function loadSecret({ keyEnv, keyFile, keyCommand }: SecretSource): Promise<Secret> {
  if (keyEnv !== undefined) return createSecret(process.env[keyEnv] ?? '', `the environment variable ${keyEnv}`)
  if (keyFile !== undefined) return createSecret(await readKeyFile(keyFile), `the key file ${keyFile}`)
  if (keyCommand !== undefined) return createSecret(await runKeyCommand(keyCommand), `what ${keyCommand[0] ?? ''} prints`)
  return { headers: () => ({}), scrub: (text) => text, scrubber: () => ({ push: (piece) => piece, end: () => '' }) }
}

async function readKeyFile(file: string): Promise<string> {
  const unreadable = (cause: unknown): AgentError => new AgentError('refused', `the key file ${file} cannot be read`, { cause })
  const { mode, uid } = await stat(file).catch((error: unknown) => {
    throw unreadable(error)
  })
  // A file of somebody else (a mounted secret, say) is not ours to lock up.
  if (process.getuid?.() === uid && (mode & 0o077) !== 0) throw new AgentError('refused', `the key file ${file} can be read by others: chmod 600 ${file}`)
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(error)
  })
}

/** Its output is in none of the errors: a program that fails may have printed the key all the same. */
async function runKeyCommand([program, ...args]: readonly string[]): Promise<string> {
  const run = promisify(execFile)
  const { stdout } = await run(program ?? '', args, { timeout: commandMsMax, maxBuffer: 2 * keyLengthMax, windowsHide: true }).catch((error: unknown) => {
    const { code } = error as { code?: unknown }
    throw new AgentError('refused', `the key command ${program ?? ''} fails${typeof code === 'string' || typeof code === 'number' ? ` (${code})` : ''}`)
  })
  return stdout
}

function createSecret(contents: string, place: string): Secret {
  const key = contents.trim()
  if (key === '') throw new AgentError('refused', `${place} holds no key`)
  if (key.length < keyLengthMin || key.length > keyLengthMax || !/^[\x21-\x7e]+$/.test(key)) throw new AgentError('refused', `${place} holds something that cannot be a key`)
  const bytes = Buffer.from(key)
  const forms = [...new Set([key, encodeURIComponent(key), JSON.stringify(key).slice(1, -1), ...base64Forms(bytes), bytes.toString('hex')])]
  const scrub = (text: string): string => forms.reduce((scrubbed, form) => scrubbed.replaceAll(form, replacement), text)
  return { headers: () => ({ authorization: `Bearer ${key}` }), scrub, scrubber: () => createScrubber(forms, scrub) }
}

/** As it may stand in base64 of more than the key: `Bearer KEY` or `user:KEY`; only what no neighbour changes. */
function base64Forms(key: Buffer): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), key]).toString('base64').replace(/=+$/, '')
    const whole = Math.floor(((shift + key.length) * 8) / 6)
    const own = text.slice(shift === 0 ? 0 : shift + 1, whole)
    return own.length < keyLengthMin ? [] : [own, own.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

function createScrubber(forms: readonly string[], scrub: (text: string) => string): Scrubber {
  let held = ''
  return {
    push(piece) {
      const text = scrub(held + piece)
      const keep = Math.max(...forms.map((form) => overlap(text, form)))
      held = text.slice(text.length - keep)
      return text.slice(0, text.length - keep)
    },
    end() {
      const rest = held
      held = ''
      return rest
    },
  }
}

/** The length of the longest end of a text that is a beginning of `form`, but not all of it. */
function overlap(text: string, form: string): number {
  for (let length = Math.min(text.length, form.length - 1); length > 0; length--) {
    if (text.endsWith(form.slice(0, length))) return length
  }
  return 0
}
