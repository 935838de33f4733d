import ts from 'typescript'
import type { Finding, Source, Tree } from './source.ts'
import { isTest, lineOf, walk } from './source.ts'

/** What no text of the project holds. The patterns are written so that they do not find themselves. */
const FORBIDDEN_TEXTS: readonly { pattern: RegExp; text: string }[] = [
  { pattern: /\b(?:TO[D]O|FIX[M]E)\b/, text: 'leaves something to do: do it, or open an issue' },
  { pattern: /(?<![\w.~-])\/(?:work|root|home|Users)\/\w/, text: 'holds a path of one machine' },
  { pattern: /\/\/registry\.|\bregistry\.npmjs\b/, text: 'holds the address of a registry' },
]

/** No notes of unfinished work, no paths of a machine, no registries in any text file. */
export function checkTexts(tree: Tree): Finding[] {
  const findings: Finding[] = []
  for (const [path, whole] of tree) {
    for (const [index, line] of whole.split('\n').entries()) {
      for (const { pattern, text } of FORBIDDEN_TEXTS) {
        if (pattern.test(line)) findings.push({ rule: 'texts', path, line: index + 1, text })
      }
      if (path === 'package-lock.json' && /^\s*"resolved": "[a-z+]+:/.test(line)) {
        findings.push({ rule: 'texts', path, line: index + 1, text: 'holds a download address' })
      }
    }
  }
  return findings
}

/** Files and folders of code are kebab-case, and only a top-level folder has an index. */
export function checkNames(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path }) => {
    const parts = path.split('/')
    const stem = (parts.pop() as string).replace(/(\.(test|config))?\.[cm]?[jt]s$/, '')
    const odd = [...parts, stem].find((part) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part))
    if (odd !== undefined) return [{ rule: 'names', path, line: 0, text: `"${odd}" is not kebab-case` }]
    const isDeepIndex = stem === 'index' && parts.length !== 1
    return isDeepIndex ? [{ rule: 'names', path, line: 0, text: 'only a top-level folder has an index' }] : []
  })
}

/** Every test runs: none is singled out, skipped or put off. `skipIf` stays allowed, for what a machine may lack. */
export function checkTests(sources: readonly Source[]): Finding[] {
  const findings: Finding[] = []
  for (const { path, ast } of sources) {
    if (!isTest(path)) continue
    walk(ast, (node) => {
      if (!ts.isPropertyAccessExpression(node) || !['only', 'skip', 'todo', 'fails'].includes(node.name.text)) return
      if (!/^(describe|it|suite|test)\b/.test(node.getText())) return
      findings.push({ rule: 'tests', path, line: lineOf(node), text: `uses ${node.getText()}` })
    })
  }
  return findings
}
