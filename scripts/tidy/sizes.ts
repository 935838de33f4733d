import ts from 'typescript'
import type { Finding, Source } from './source.ts'
import { isTestCode, lineOf, walk } from './source.ts'

export const FILE_LINES_MAX = 400
export const FUNCTION_LINES_MAX = 70

/** Lines of a folder without its tests: past `design` is a warning to look at the design again, past `max` an error. */
export interface Budget {
  design: number
  max: number
}

export type Budgets = Readonly<Record<string, Budget>>

/** Files and functions are short; tests may hold long functions, since a suite is one. */
export function checkLengths(sources: readonly Source[]): Finding[] {
  const findings: Finding[] = []
  for (const { path, text, ast } of sources) {
    const lines = countLines(text)
    if (lines > FILE_LINES_MAX) findings.push({ rule: 'sizes', path, line: 0, text: `has ${lines} lines, more than ${FILE_LINES_MAX}` })
    if (isTestCode(path)) continue
    walk(ast, (node) => {
      if (!ts.isFunctionLike(node)) return
      const length = ast.getLineAndCharacterOfPosition(node.end).line + 2 - lineOf(node)
      if (length <= FUNCTION_LINES_MAX) return
      findings.push({ rule: 'sizes', path, line: lineOf(node), text: `${functionName(node)} has ${length} lines, more than ${FUNCTION_LINES_MAX}` })
    })
  }
  return findings
}

/** Compares the folders with their budgets, for errors (`max`) or for warnings (`design`). */
export function checkBudgets(sources: readonly Source[], budgets: Budgets, bound: keyof Budget): Finding[] {
  return Object.entries(budgets).flatMap(([folder, budget]) => {
    const inside = Object.keys(budgets).filter((other) => other.startsWith(`${folder}/`))
    const lines = countFolder(sources, folder, inside)
    if (lines <= budget[bound]) return []
    return [{ rule: 'budgets', path: folder, line: 0, text: `has ${lines} lines without tests, ${lines - budget[bound]} more than ${budget[bound]}` }]
  })
}

/** Lines of a folder's code; tests, what only tests use, and folders with a budget of their own left out. */
export function countFolder(sources: readonly Source[], folder: string, except: readonly string[] = []): number {
  const isIn = (path: string, within: string): boolean => path.startsWith(`${within}/`)
  return sources
    .filter(({ path }) => isIn(path, folder) && !except.some((other) => isIn(path, other)) && !isTestCode(path))
    .reduce((sum, { text }) => sum + countLines(text), 0)
}

function countLines(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

function functionName(node: ts.SignatureDeclaration): string {
  const named = node.name ?? ((ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent)) ? node.parent.name : null)
  return named === null ? 'a function' : named.getText()
}
