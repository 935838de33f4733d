import type { Context } from './context.ts'

/** Micro-units as a decimal: 742_000 is 0.742. */
export function formatMicro(micro: number): string {
  const sign = micro < 0 ? '-' : ''
  const thousandths = Math.round(Math.abs(micro) / 1_000)
  return `${thousandths === 0 ? '' : sign}${Math.floor(thousandths / 1_000)}.${String(thousandths % 1_000).padStart(3, '0')}`
}

/** Like formatMicro with a plus sign before what is not negative. */
export function formatSigned(micro: number): string {
  const text = formatMicro(micro)
  return text.startsWith('-') ? text : `+${text}`
}

/** A count with its noun: `1 peer`, `2 peers`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Text from elsewhere made safe to show: control characters, which could steer a terminal, become spaces. Newlines stay. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, ' ')
}

/** Text on one line, cut to `width` where a person watches; whole where it is piped. */
export function oneLine(text: string, context: Context, width: number): string {
  const line = printable(text).replace(/\s+/g, ' ').trim()
  return context.interactive && line.length > width ? `${line.slice(0, Math.max(1, width - 1))}…` : line
}

/** A long id, shortened where a person watches; whole where it is piped. */
export function formatId(id: string, context: Context): string {
  return context.interactive && id.length > 16 ? `…${id.slice(-8)}` : id
}

/** Columns two spaces apart, as wide as their widest cell; the last column is not padded. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[], context: Context): string {
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()
  return `${[bold(line(headings), context), ...rows.map(line)].join('\n')}\n`
}

export function bold(text: string, context: Context): string {
  return context.colour ? `\u001b[1m${text}\u001b[22m` : text
}

export function dim(text: string, context: Context): string {
  return context.colour ? `\u001b[2m${text}\u001b[22m` : text
}
