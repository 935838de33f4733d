import type { Finding, Source, Tree } from './source.ts'
import { isTest, isTestCode } from './source.ts'
import { readManifest } from './packages.ts'

/**
 * No dead files: all code is reached by imports and URLs from a program (the bin, a script named in package.json, a tool's
 * configuration at the root) or, if its name says that it is for tests, from a test. Programs that package.json names exist.
 */
export function checkReach(tree: Tree, sources: readonly Source[]): Finding[] {
  const named = programsOf(tree)
  const missing = named.filter((path) => !tree.has(path)).map((path) => at('package.json', `names ${path}, which is no file`))
  const configs = sources.map(({ path }) => path).filter((path) => /^[\w-]+\.config\.[jt]s$/.test(path))
  const live = reachFrom(sources, [...named, ...configs])
  const tested = reachFrom(sources, sources.map(({ path }) => path).filter(isTest))
  const dead = sources.flatMap(({ path }) => {
    if (live.has(path)) return isTestCode(path) ? [at(path, 'is named as a thing of tests, but a program uses it')] : []
    if (!tested.has(path)) return [at(path, 'is used by nothing')]
    return isTestCode(path) ? [] : [at(path, 'is used by tests only: remove it, or name it x-fixture.ts or move it to a test folder')]
  })
  return [...missing, ...dead]
}

function at(path: string, text: string): Finding {
  return { rule: 'reach', path, line: 0, text }
}

/** The files that package.json runs: its bins, the sources of its exports, and in its scripts every word that looks like a source file. */
function programsOf(tree: Tree): string[] {
  const { bin, exports, scripts } = readManifest(tree)
  const sources = Object.values(exports).flatMap((conditions) => Object.values(conditions)).filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
  const words = Object.values(scripts).flatMap((command) => command.split(/\s+/)).filter((word) => /^[\w./-]+\.[cm]?[jt]s$/.test(word))
  return [...new Set([...Object.values(bin), ...sources, ...words].map((path) => path.replace(/^\.\//, '')))]
}

function reachFrom(sources: readonly Source[], starts: readonly string[]): Set<string> {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const reached = new Set<string>()
  const next = [...starts]
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    for (const { target } of byPath.get(path)?.links ?? []) if (target !== null) next.push(target)
  }
  return reached
}
