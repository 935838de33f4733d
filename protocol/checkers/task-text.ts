/** Longest prompt a checker reads, in UTF-16 code units; the largest legal task (100 vertices, all edges) stays below. */
export const promptLengthMax = 48_000

/** Longest answer a checker reads, in UTF-16 code units; only its last line counts. */
export const answerLengthMax = 65_536

/** A task's prompt: a sentence for people, and below it the data as one line of JSON. */
export function formatTaskText(instruction: string, data: unknown): string {
  return `${instruction}\n${JSON.stringify(data)}`
}

/**
 * The data of a prompt: its last line, which must be canonical JSON (exactly what JSON.stringify makes of it).
 * Whatever stands above that line is for people and decides nothing. Never throws; `undefined` if there is no such line.
 */
export function parseTaskData(prompt: string): unknown {
  if (prompt.length > promptLengthMax) return undefined
  const line = prompt.slice(prompt.lastIndexOf('\n') + 1)
  return parseJson(line, (data) => JSON.stringify(data) === line)
}

/**
 * The last line of an answer that is not blank, without an optional `FINAL ANSWER:` before it; all else is explanation.
 * Null if the answer is too long or has no such line.
 */
export function lastAnswerLine(answer: string): string | null {
  if (answer.length > answerLengthMax) return null
  const text = answer.trimEnd()
  const line = text.slice(text.lastIndexOf('\n') + 1).trimStart()
  const marker = 'FINAL ANSWER:'
  const rest = line.startsWith(marker) ? line.slice(marker.length).trimStart() : line
  return rest === '' ? null : rest
}

/** A list of integers in 0..below-1 of exactly `length` entries, or null. */
export function parseIndexList(line: string, length: number, below: number): number[] | null {
  const list = parseJson(line, Array.isArray)
  if (!Array.isArray(list) || list.length !== length) return null
  return list.every((entry) => isIntegerIn(entry, 0, below - 1)) ? list : null
}

/** True for integers from `low` to `high`, both included; negative zero is no such integer. */
export function isIntegerIn(value: unknown, low: number, high: number): value is number {
  return Number.isInteger(value) && !Object.is(value, -0) && (value as number) >= low && (value as number) <= high
}

/** True for a plain object with exactly these keys in this order. */
export function hasExactKeys<K extends string>(value: unknown, keys: readonly K[]): value is Record<K, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const own = Object.keys(value)
  return own.length === keys.length && keys.every((key, index) => own[index] === key)
}

/** Undefined where the text is no JSON or not accepted; very deep nesting, which overflows the stack, counts as neither. */
function parseJson(text: string, accept: (data: unknown) => boolean): unknown {
  try {
    const data: unknown = JSON.parse(text)
    return accept(data) ? data : undefined
  } catch {
    return undefined
  }
}
