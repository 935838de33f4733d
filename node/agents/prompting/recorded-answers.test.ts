import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { canonicalValue } from '../../../consensus/index.ts'
import { readAnswer } from './extract-value.ts'
import { findInjectionSigns } from './injection-signs.ts'

const recordings = process.env['PEERAGE_RECORDINGS'] ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url))
const folder = `${recordings}/recorded`

interface RecordedAnswer {
  text?: string
  extracted: string | null
}

async function load(file: string): Promise<RecordedAnswer[]> {
  const lines = gunzipSync(await readFile(`${folder}/${file}`)).toString().trim().split('\n')
  return lines.flatMap((line) => (JSON.parse(line) as { answers: RecordedAnswer[] }).answers)
}

/** How reading what models wrote compares with what the recordings say that they answered. */
async function compare(file: string, kind: 'choice' | 'number'): Promise<{ same: number; different: number; missed: number }> {
  const counts = { same: 0, different: 0, missed: 0 }
  for (const { text, extracted } of await load(file)) {
    const expected = kind === 'choice' && !/^[A-Z]$/.test(extracted ?? '') ? null : canonicalValue(kind, extracted)
    if (text === undefined || expected === null) continue
    const read = canonicalValue(kind, readAnswer({ round: 'r', kind, prompt: 'p', reference: null }, text).value)
    counts[read === null ? 'missed' : read === expected ? 'same' : 'different']++
  }
  return counts
}

describe.skipIf(!existsSync(folder))('what models really wrote (skipped where the recordings are absent)', () => {
  it.each([
    ['llm-sp/mmlu.jsonl.gz', 'choice', 0.92],
    ['hle-council/panel-A.jsonl.gz', 'choice', 0.99],
    ['hle-council/panel-B.jsonl.gz', 'choice', 0.99],
    ['llm-sp/math500.jsonl.gz', 'number', 0.97],
  ] as const)('is read rightly or not at all: %s, as %s', async (file, kind, share) => {
    const { same, different, missed } = await compare(file, kind)
    expect(different / (same + different)).toBeLessThan(0.001)
    expect(same / (same + different + missed)).toBeGreaterThan(share)
  })

  it('seldom shows signs of an attempt to influence the judge', async () => {
    const texts = [...(await load('judge-pairs/llmbar.jsonl.gz')), ...(await load('llm-sp/math500.jsonl.gz'))].flatMap(({ text }) => text ?? [])
    const marked = texts.filter((text) => findInjectionSigns(text).length > 0)
    expect(texts.length).toBeGreaterThan(4_000)
    expect(marked.length / texts.length).toBeLessThan(0.02)
  })
})
