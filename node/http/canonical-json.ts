/**
 * JSON text with the keys of every object in code-unit order, so that equal documents are equal bytes on every node.
 * For plain data: undefined fields are left out. Ends with a newline.
 */
export function canonicalJson(value: unknown): string {
  return `${write(value)}\n`
}

/** So many entries of a list are written in one go. */
const ENTRIES_MAX = 250

/** The same text of an object in pieces, so that others have their turn while a list in it that is very long is written. */
export function* canonicalPieces(document: Readonly<Record<string, unknown>>): Generator<string, void, void> {
  let text = '{'
  for (const [key, value] of Object.entries(sortKeys(document))) {
    if (value === undefined) continue
    text += `${text === '{' ? '' : ','}${JSON.stringify(key)}:`
    if (!Array.isArray(value) || value.length <= ENTRIES_MAX) {
      text += write(value)
      continue
    }
    for (let start = 0; start < value.length; start += ENTRIES_MAX) {
      yield `${text}${start === 0 ? '[' : ','}${write(value.slice(start, start + ENTRIES_MAX)).slice(1, -1)}`
      text = ''
    }
    text = ']'
  }
  yield `${text}}\n`
}

function write(value: unknown): string {
  return JSON.stringify(value, (_key, nested: unknown) => (isRecord(nested) ? sortKeys(nested) : nested))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sortKeys(record: Record<string, unknown>): Record<string, unknown> {
  const sorted: [string, unknown][] = Object.keys(record).sort((a, b) => (a < b ? -1 : 1)).map((key) => [key, record[key]])
  return Object.fromEntries(sorted)
}
