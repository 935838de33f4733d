/**
 * JSON text with the keys of every object in code-unit order, so that equal documents are equal bytes on every node.
 * For plain data: undefined fields are left out. Ends with a newline.
 */
export function canonicalJson(value: unknown): string {
  return `${JSON.stringify(value, (_key, nested: unknown) => (isRecord(nested) ? sortKeys(nested) : nested))}\n`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sortKeys(record: Record<string, unknown>): Record<string, unknown> {
  const sorted: [string, unknown][] = Object.keys(record).sort((a, b) => (a < b ? -1 : 1)).map((key) => [key, record[key]])
  return Object.fromEntries(sorted)
}
