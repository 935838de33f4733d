import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../script.ts'
import type { Selection } from './panel.ts'

/** A recorded set with its usual selection. */
export interface RecordedSet extends Selection {
  name: string
}

/** Recorded rounds are outside the project: PEERAGE_RECORDINGS names their folder. */
const FOLDER = join(process.env['PEERAGE_RECORDINGS'] ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'data'), 'recorded')

function recorded(name: string, path: string, selection: Omit<Selection, 'file'> = {}): RecordedSet {
  return { name, file: join(FOLDER, `${path}.jsonl.gz`), ...selection }
}

/** What every method is measured on. */
export const STANDARD_SETS: readonly RecordedSet[] = [
  recorded('hle A contested', 'hle-council/panel-A', { kind: 'contested' }),
  recorded('hle B contested', 'hle-council/panel-B', { kind: 'contested' }),
  recorded('sp mmlu direct', 'llm-sp/mmlu', { mode: 'direct' }),
  recorded('sp math500 direct', 'llm-sp/math500', { mode: 'direct' }),
  recorded('sp mbpp-plus direct', 'llm-sp/mbpp-plus', { mode: 'direct' }),
  recorded('llmbar adversarial Vanilla', 'judge-pairs/llmbar', { mode: 'Vanilla', category: 'Adversarial' }),
  recorded('judgebench gpt-4o pairs', 'judge-pairs/judgebench', { category: 'gpt' }),
]

/** Many answers without ballots: whether reputation alone finds the best members. */
export const LONG_SETS: readonly RecordedSet[] = [recorded('mmlu-pro-letters', 'mmlu-pro-letters/mmlu-pro'), recorded('math-l5', 'math-l5/math-l5')]

/** What attacks are measured on. */
export const ATTACKED_SETS: readonly RecordedSet[] = [
  recorded('hle A', 'hle-council/panel-A'),
  recorded('hle B', 'hle-council/panel-B'),
  recorded('sp mmlu', 'llm-sp/mmlu', { mode: 'direct' }),
  recorded('sp math500', 'llm-sp/math500', { mode: 'direct' }),
]

/** @throws UsageError if a recording is absent */
export function assertAtHand(sets: readonly RecordedSet[]): void {
  const absent = sets.find(({ file }) => !existsSync(file))
  if (absent !== undefined) throw new UsageError(`PEERAGE_RECORDINGS: there is no ${absent.file}`)
}
