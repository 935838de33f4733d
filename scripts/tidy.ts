/** The rules of the house that no tool knows: node scripts/tidy.ts prints what breaks them and then exits with 1. */
import { dirname } from 'node:path'
import { findUnusedExports } from './tidy/exports.ts'
import { checkCycles, checkLayers } from './tidy/layers.ts'
import { checkPackages, findUnusedPackages } from './tidy/packages.ts'
import { checkPurity } from './tidy/purity.ts'
import { checkReach } from './tidy/reach.ts'
import { readTree } from './tidy/read-tree.ts'
import type { Budgets } from './tidy/sizes.ts'
import { checkBudgets, checkLengths } from './tidy/sizes.ts'
import type { Finding, Tree } from './tidy/source.ts'
import { parseTree } from './tidy/source.ts'
import { checkNames, checkTests, checkTexts } from './tidy/texts.ts'

/** `design` is what the architecture allows. A `max` above it is a decision, with a record of why. */
export const BUDGETS: Budgets = {
  consensus: { design: 2000, max: 2000 },
  credit: { design: 1500, max: 2100 },
  protocol: { design: 3500, max: 7150 },
  'protocol/sim': { design: 1000, max: 2600 },
  node: { design: 6000, max: 9700 },
  'node/agents': { design: 2000, max: 4150 },
  'node/http': { design: 1500, max: 3500 },
  scripts: { design: 3000, max: 7600 },
}

/** Checks a tree of files against every rule. Pure; errors fail the tests, warnings are for people to weigh. */
export function checkTree(tree: Tree, budgets: Budgets = BUDGETS): { errors: Finding[]; warnings: Finding[] } {
  const sources = parseTree(tree)
  const errors = [
    ...checkLayers(tree, sources),
    ...checkCycles(sources),
    ...checkPurity(sources),
    ...checkLengths(sources),
    ...checkBudgets(sources, budgets, 'max'),
    ...checkReach(tree, sources),
    ...checkPackages(tree, sources),
    ...checkNames(sources),
    ...checkTests(sources),
    ...checkTexts(tree),
  ]
  const warnings = [...checkBudgets(sources, budgets, 'design'), ...findUnusedPackages(tree, sources), ...findUnusedExports(sources)]
  return { errors, warnings }
}

/** `path:line rule: text`, as editors and terminals link it. */
export function formatFinding({ rule, path, line, text }: Finding): string {
  return `${path}${line > 0 ? `:${line}` : ''} ${rule}: ${text}`
}

if (import.meta.main) {
  const { errors, warnings } = checkTree(readTree(dirname(import.meta.dirname)))
  for (const finding of warnings) console.log(`warning  ${formatFinding(finding)}`)
  for (const finding of errors) console.log(`error    ${formatFinding(finding)}`)
  console.log(`${errors.length} errors, ${warnings.length} warnings`)
  process.exitCode = errors.length === 0 ? 0 : 1
}
