import type { TaskKind } from './types.ts'

/** Longest number that is read or results, and the largest decimal exponent: beyond them a value equals no other. */
const NUMBER_LENGTH_MAX = 200
const EXPONENT_MAX = 200

const CHOICE = /^\(?\s*([A-Za-z])\s*\)?\s*[.:]?$/
const DECIMAL = /^([+-]?)(\d{1,3}(?:,\d{3})+|\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/

/**
 * The form in which two values of a kind are equal exactly if the strings are: a capital letter, a reduced fraction
 * ('-7/2', or '3'), a label as it is. Null where nothing can be compared: texts, solver tasks (their checker scores
 * them), and values that are absent, malformed or beyond the limits. Pure; never throws, bounded work for any input.
 */
export function canonicalValue(kind: TaskKind, value: string | null): string | null {
  if (value === null) return null
  switch (kind) {
    case 'choice':
      return CHOICE.exec(value.trim())?.[1]?.toUpperCase() ?? null
    case 'number':
      return formatNumber(value)
    case 'label':
      return value
    default:
      return null
  }
}

/** Dense cluster ids in order of first appearance, one per value; values without a canonical form stand alone. */
export function clusterAnswers(kind: TaskKind, values: readonly (string | null)[]): number[] {
  const known = new Map<string, number>()
  let clusters = 0
  return values.map((value) => {
    const canonical = canonicalValue(kind, value)
    const found = canonical === null ? undefined : known.get(canonical)
    if (found !== undefined) return found
    if (canonical !== null) known.set(canonical, clusters)
    return clusters++
  })
}

function formatNumber(value: string): string | null {
  if (value.length > NUMBER_LENGTH_MAX) return null
  const parts = value.trim().replaceAll('\u2212', '-').split('/')
  const above = parseDecimal((parts[0] ?? '').trim())
  const below = parts.length === 2 ? parseDecimal((parts[1] ?? '').trim()) : { numerator: 1n, denominator: 1n }
  if (parts.length > 2 || above === null || below === null || below.numerator === 0n) return null
  const sign = below.numerator < 0n ? -1n : 1n
  const numerator = sign * above.numerator * below.denominator
  const denominator = sign * above.denominator * below.numerator
  const common = greatestCommonDivisor(numerator < 0n ? -numerator : numerator, denominator)
  const reduced = denominator === common ? `${numerator / common}` : `${numerator / common}/${denominator / common}`
  return reduced.length > NUMBER_LENGTH_MAX ? null : reduced
}

function parseDecimal(text: string): { numerator: bigint; denominator: bigint } | null {
  const match = DECIMAL.exec(text)
  const [, sign, whole = '', decimals = '', exponent = '0'] = match ?? []
  if (match === null || whole + decimals === '' || Math.abs(Number(exponent)) > EXPONENT_MAX) return null
  const digits = BigInt(whole.replaceAll(',', '') + decimals)
  const shift = Number(exponent) - decimals.length
  const scale = 10n ** BigInt(Math.abs(shift))
  const signed = sign === '-' ? -digits : digits
  return shift < 0 ? { numerator: signed, denominator: scale } : { numerator: signed * scale, denominator: 1n }
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [larger, smaller] = [a, b]
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller]
  return larger
}
