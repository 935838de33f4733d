import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Argument, Option, type Command } from 'commander'
import { findNode } from '../client.ts'
import type { NodeOptions } from '../client.ts'
import { note, printJson } from '../context.ts'
import type { Context } from '../context.ts'
import { CliError } from '../exit.ts'
import { formatCount } from '../format.ts'
import { addNodeOptions, integerWithin } from './options.ts'

interface ExportOptions extends NodeOptions {
  out: string
  after: number
  format: 'ndjson' | 'json'
  json?: boolean
}

const KINDS = ['rounds', 'preferences', 'reputation', 'rewards'] as const
/** What each document is about. */
const NOUNS = { rounds: 'round', preferences: 'preference', reputation: 'member', rewards: 'member' } as const
const NEWLINE = 0x0a

export function addExport(program: Command, context: Context): void {
  const command = program
    .command('export')
    .description('write all rounds, preferences, reputations or rewards to a file')
    .addArgument(new Argument('<kind>', 'what to export; preferences are pairs of answers and which of them is better').choices(KINDS))
    .requiredOption('--out <file>', 'where to write it; a file that exists is replaced once all is there')
    .option('--after <height>', 'only what came above this height', integerWithin(0, 999_999_999_999_999), 0)
    .addOption(new Option('--format <format>', 'one document per line, or one array').choices(['ndjson', 'json']).default('ndjson'))
  addNodeOptions(command).action(async (kind: (typeof KINDS)[number], options: ExportOptions) => {
    const { out, after, format } = options
    const client = await findNode(options, context)
    const { lines, bytes } = await writeStream(client.stream(`exports/${kind}?format=${format}&after=${after}`), out)
    // An array ends with a line of its own.
    const documents = format === 'json' ? lines - 1 : lines
    if (options.json === true) printJson(context, 'peerage.export/v1', { kind, out, format, after, documents, bytes })
    else note(context, `${formatCount(documents, NOUNS[kind])} in ${out}`)
  })
}

/** Writes chunk by chunk; what was there before stays until everything is written. */
async function writeStream(chunks: AsyncIterable<Uint8Array>, out: string): Promise<{ lines: number; bytes: number }> {
  const target = await stat(out).catch(() => null)
  // A pipe or a terminal is written to as it is.
  const file = target === null || target.isFile() ? `${out}.${process.pid}.tmp` : out
  const written = { lines: 0, bytes: 0 }
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      written.bytes += chunk.length
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) written.lines++
      done(null, chunk)
    },
  })
  try {
    await pipeline(Readable.from(chunks), counter, createWriteStream(file, { flags: file === out ? 'w' : 'wx' }))
    if (file !== out) await rename(file, out)
  } catch (cause) {
    if (file !== out) await rm(file, { force: true })
    if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause
    throw new CliError('failure', `${out}: cannot be written: ${(cause as Error).message}`, '', { cause })
  }
  return written
}
