import { readFile, rename } from 'node:fs/promises'
import { z } from 'zod'
import { writeFileWhole } from '../../config/config-file.ts'

/** What calls cost: millionths of the owner's currency, tokens in and out together, attempts. */
export interface Amount {
  costMicro: number
  tokens: number
  calls: number
}

/** By provider. */
export type Amounts = Readonly<Record<string, Amount>>

export const NOTHING: Amount = Object.freeze({ costMicro: 0, tokens: 0, calls: 0 })

export function addAmount(a: Amount, b: Amount): Amount {
  return { costMicro: a.costMicro + b.costMicro, tokens: a.tokens + b.tokens, calls: a.calls + b.calls }
}

export function subtractAmount(a: Amount, b: Amount): Amount {
  return { costMicro: a.costMicro - b.costMicro, tokens: a.tokens - b.tokens, calls: a.calls - b.calls }
}

const amountSchema = z.strictObject({ costMicro: z.int().min(0), tokens: z.int().min(0), calls: z.int().min(0) })

const recordSchema = z.strictObject({
  schema: z.literal('peerage.spending/v1'),
  /** The UTC day that the amounts are of. */
  day: z.iso.date(),
  /** Whether more may have been spent on that day than is written here: the record of it was lost. */
  isUnknown: z.boolean(),
  /** By provider; what is under way counts with its most. */
  providers: z.record(z.string(), amountSchema),
  /** The part of that which rounds asked by others have used. */
  others: amountSchema,
  /** By round, with the time of its first call. */
  rounds: z.record(z.string(), z.strictObject({ atMs: z.number(), amount: amountSchema })),
})

/** What a node has spent today, and in the rounds of late. */
export type SpendingRecord = z.infer<typeof recordSchema>

export function emptyRecord(day: string, isUnknown = false): SpendingRecord {
  return { schema: 'peerage.spending/v1', day, isUnknown, providers: {}, others: NOTHING, rounds: {} }
}

/**
 * Reads a record. Where there is none, nothing was spent. A damaged one is set aside, and `damaged` names where: nobody knows what was
 * spent on that day, so that until the next one all limits per day count as used up.
 */
export async function loadRecord(file: string, day: string, nowMs: number): Promise<{ record: SpendingRecord; damaged: string | null }> {
  const record = await readRecord(file)
  if (record === 'missing') return { record: emptyRecord(day), damaged: null }
  if (record !== 'damaged') return { record, damaged: null }
  const damaged = `${file}.damaged-${nowMs}`
  await rename(file, damaged)
  return { record: emptyRecord(day, true), damaged }
}

async function readRecord(file: string): Promise<SpendingRecord | 'missing' | 'damaged'> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'damaged'
  }
}

/** What another process of this home has written down for that day. One that cannot be read has its own process to care for it. */
export async function readToday(file: string, day: string): Promise<Amounts> {
  const record = await readRecord(file)
  return typeof record === 'string' || record.day !== day ? {} : record.providers
}

/** Writes a record down, one write at a time; whoever asks while one is under way shares the next. */
export function createRecordWriter(file: string, record: SpendingRecord): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | null = null
  return () =>
    (next ??= running
      .catch(() => undefined)
      .then(() => {
        next = null
        running = writeFileWhole(file, `${JSON.stringify(record)}\n`, 0o600)
        return running
      }))
}
