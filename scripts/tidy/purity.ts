import ts from 'typescript'
import type { Finding, Link, Source } from './source.ts'
import { isTestCode, lineOf, topOf, walk } from './source.ts'

/** The folders of pure code, each with the packages it may use. */
const PURE_PACKAGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['consensus', []],
  ['credit', []],
  ['protocol', ['zod', '@ipld/dag-cbor', 'uint8arrays/concat', 'uint8arrays/equals']],
])
const HASH_FILE = 'consensus/hash.ts'

/** Names that reach the clock, chance, the outside, or a later turn. */
const IMPURE_NAMES: ReadonlySet<string> = new Set(
  `Date Intl Promise Temporal console process performance Buffer crypto globalThis global window navigator document require
  fetch WebSocket EventSource Worker MessageChannel BroadcastChannel localStorage SharedArrayBuffer Atomics WeakRef FinalizationRegistry
  setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask`.split(/\s+/),
)
/** What of Math every engine computes to the same bits. */
const EXACT_MATH: ReadonlySet<string> = new Set(['abs', 'ceil', 'clz32', 'floor', 'fround', 'imul', 'max', 'min', 'round', 'sign', 'trunc'])
const LOCALE_METHOD = /^(localeCompare|toLocale[A-Z]\w*)$/

/** Pure folders compute: no I/O, clock, chance or promises, and no arithmetic in which two machines may differ. Tests are free. */
export function checkPurity(sources: readonly Source[]): Finding[] {
  const findings: Finding[] = []
  for (const { path, ast, links } of sources) {
    const packages = PURE_PACKAGES.get(topOf(path))
    if (packages === undefined || isTestCode(path)) continue
    const add = (line: number, text: string): void => void findings.push({ rule: 'purity', path, line, text })
    for (const link of links) if (!isPureLink(path, link, packages)) add(link.line, `uses "${link.specifier}" in a pure folder`)
    walk(ast, (node) => {
      const fault = asyncFault(node) ?? nameFault(node) ?? arithmeticFault(node)
      if (fault !== null) add(lineOf(node), `uses ${fault} in a pure folder`)
    })
  }
  return findings
}

function isPureLink(path: string, { how, specifier, target }: Link, packages: readonly string[]): boolean {
  if (how === 'url') return false
  return target !== null || packages.includes(specifier) || (path === HASH_FILE && specifier === 'node:crypto')
}

function asyncFault(node: ts.Node): string | null {
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return 'async'
  if (node.kind === ts.SyntaxKind.AwaitExpression || node.kind === ts.SyntaxKind.AwaitKeyword) return 'await'
  return node.kind === ts.SyntaxKind.ImportKeyword && ts.isCallExpression(node.parent) ? 'import()' : null
}

function nameFault(node: ts.Node): string | null {
  if (!ts.isIdentifier(node)) return null
  const isMember = ts.isPropertyAccessExpression(node.parent) && node.parent.name === node
  if (isMember) return LOCALE_METHOD.test(node.text) ? node.text : null
  return IMPURE_NAMES.has(node.text) && !isLabel(node) ? node.text : null
}

/** Whether a name only labels a property, which says nothing of where its value comes from. */
function isLabel(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodSignature(parent)) return parent.name === node
  if (ts.isPropertyDeclaration(parent) || ts.isMethodDeclaration(parent)) return parent.name === node
  if (ts.isBindingElement(parent)) return parent.propertyName === node
  return ts.isQualifiedName(parent) && parent.right === node
}

function arithmeticFault(node: ts.Node): string | null {
  if (ts.isIdentifier(node) && node.text === 'Math' && !isLabel(node) && !isMemberName(node)) {
    const { parent } = node
    if (!ts.isPropertyAccessExpression(parent)) return 'Math as a value'
    return EXACT_MATH.has(parent.name.text) ? null : `Math.${parent.name.text}`
  }
  const operators = [ts.SyntaxKind.AsteriskAsteriskToken, ts.SyntaxKind.AsteriskAsteriskEqualsToken]
  if (!ts.isBinaryExpression(node) || !operators.includes(node.operatorToken.kind)) return null
  const { left, right } = node
  const isExact = ts.isBigIntLiteral(left) || ts.isBigIntLiteral(right) || (ts.isNumericLiteral(left) && ts.isNumericLiteral(right))
  return isExact ? null : '** on numbers that are not written out'
}

function isMemberName(node: ts.Identifier): boolean {
  return ts.isPropertyAccessExpression(node.parent) && node.parent.name === node
}
