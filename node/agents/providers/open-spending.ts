import { join } from 'node:path'
import { dayOf } from './counters.ts'
import type { Limits } from './limits.ts'
import { createSpending } from './spending.ts'
import type { Spending } from './spending.ts'
import { createRecordWriter, loadRecord, readToday } from './spending-record.ts'

/** Who writes: the node, or a verb of the command line beside it. Each has a file of its own and reads the other's. */
export type SpendingWriter = 'node' | 'verbs'

export interface OpenSpendingInit {
  dataDir: string
  writer: SpendingWriter
  limits: Limits
  /** Takes what the owner has to know. */
  warn?: ((line: string) => void) | undefined
  /** Milliseconds since 1970. */
  now?: () => number
}

/** What a home has spent, from its data folder. */
export async function openSpending({ dataDir, writer, limits, warn, now = () => Date.now() }: OpenSpendingInit): Promise<Spending> {
  const fileOf = (who: SpendingWriter): string => join(dataDir, who === 'node' ? 'spending.json' : 'spending-verbs.json')
  const file = fileOf(writer)
  const { record, damaged } = await loadRecord(file, dayOf(now()), now())
  if (damaged !== null) warn?.(`The record of what was spent today was damaged and is now ${damaged}. Limits per day count as used up until tomorrow, or until ${file} is deleted and the node started again.`)
  const save = createRecordWriter(file, record)
  // Written at once, so that another start does not take a damaged record for none.
  if (damaged !== null) await save()
  const other = fileOf(writer === 'node' ? 'verbs' : 'node')
  return createSpending({ limits, record, save, now, elsewhere: () => readToday(other, dayOf(now())) })
}
