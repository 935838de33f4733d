import type { Finding, Link, Source, Tree } from './source.ts'
import { isTest, topOf } from './source.ts'

/** The staircase: a folder imports from those before it, never from those after. */
export const LAYERS: readonly string[] = ['consensus', 'credit', 'protocol', 'node', 'scripts']

/** Imports lead to files that exist, down the staircase, and into another folder by its index only. */
export function checkLayers(tree: Tree, sources: readonly Source[]): Finding[] {
  const findings: Finding[] = []
  for (const { path, links } of sources) {
    for (const link of links) {
      const text = link.how === 'import' ? importFault(tree, path, link) : null
      if (text !== null) findings.push({ rule: 'layers', path, line: link.line, text })
    }
  }
  return findings
}

function importFault(tree: Tree, path: string, { specifier, target }: Link): string | null {
  if (target === null) return null
  if (target.startsWith('..')) return `imports "${specifier}" from outside of the project`
  if (!tree.has(target)) return `imports "${specifier}", which is no file: imports carry their .ts`
  if (!/\.[cm]?[jt]s$/.test(target)) return null
  if (isTest(target)) return `imports the test "${specifier}"`
  const [from, to] = [topOf(path), topOf(target)]
  if (from === to) {
    return target === `${from}/index.ts` ? 'imports the index of its own folder: name the file itself' : null
  }
  if (to === '' || from === '') return `imports "${specifier}" across the root`
  if (LAYERS.indexOf(to) > LAYERS.indexOf(from)) return `imports ${to}/, which is above ${from}/`
  return target === `${to}/index.ts` ? null : `imports ${target} past ${to}/index.ts`
}

/** No file imports itself by way of others; one finding for every file from which a way leads back. */
export function checkCycles(sources: readonly Source[]): Finding[] {
  const targets = new Map(sources.map(({ path, links }) => [path, importsOf(links)]))
  const done = new Set<string>()
  const findings: Finding[] = []
  const visit = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path)
    if (start >= 0) {
      const cycle = [...way.slice(start), path]
      findings.push({ rule: 'cycles', path, line: 0, text: `imports itself: ${cycle.join(' -> ')}` })
    }
    if (start >= 0 || done.has(path)) return
    for (const target of targets.get(path) ?? []) visit(target, [...way, path])
    done.add(path)
  }
  for (const path of targets.keys()) visit(path, [])
  return findings
}

function importsOf(links: readonly Link[]): string[] {
  return [...new Set(links.flatMap(({ how, target }) => (how === 'import' && target !== null ? [target] : [])))]
}
