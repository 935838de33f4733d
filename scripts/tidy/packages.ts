import type { Finding, Source, Tree } from './source.ts'
import { isTestCode, topOf } from './source.ts'

export interface Manifest {
  name: string
  /** What other programs import, each under the conditions that lead to a file. */
  exports: Readonly<Record<string, Readonly<Record<string, string>>>>
  bin: Readonly<Record<string, string>>
  scripts: Readonly<Record<string, string>>
  dependencies: Readonly<Record<string, string>>
  devDependencies: Readonly<Record<string, string>>
  optionalDependencies: Readonly<Record<string, string>>
}

/** The parts of package.json that rules look at; each is empty where it is absent. */
export function readManifest(tree: Tree): Manifest {
  const manifest = JSON.parse(tree.get('package.json') ?? '{}') as Partial<Manifest>
  return { name: '', exports: {}, bin: {}, scripts: {}, dependencies: {}, devDependencies: {}, optionalDependencies: {}, ...manifest }
}

/** What the program imports is a dependency, what tests, scripts and tools import is at least a devDependency, and all versions are pinned. */
export function checkPackages(tree: Tree, sources: readonly Source[]): Finding[] {
  const { name: own, dependencies, devDependencies, optionalDependencies } = readManifest(tree)
  const findings: Finding[] = []
  for (const { path, links } of sources) {
    const isProgram = isPartOfProgram(path)
    for (const { specifier, target, line } of links) {
      if (target !== null || specifier.startsWith('node:')) continue
      const name = packageOf(specifier)
      if (name === own || name in dependencies || (!isProgram && name in devDependencies)) continue
      findings.push({ rule: 'packages', path, line, text: `imports ${name}, which is no ${isProgram ? 'dependency' : 'dependency or devDependency'}` })
    }
  }
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) findings.push(inManifest(`does not pin ${name}: ${version}`))
  }
  return findings
}

/** Dependencies that the program does not import. */
export function findUnusedPackages(tree: Tree, sources: readonly Source[]): Finding[] {
  const program = sources.filter(({ path }) => isPartOfProgram(path))
  const used = new Set(program.flatMap(({ links }) => links.map(({ specifier }) => packageOf(specifier))))
  const unused = Object.keys(readManifest(tree).dependencies).filter((name) => !used.has(name))
  return unused.map((name) => inManifest(`depends on ${name}, which nothing imports`))
}

function isPartOfProgram(path: string): boolean {
  return !isTestCode(path) && !['', 'scripts'].includes(topOf(path))
}

function inManifest(text: string): Finding {
  return { rule: 'packages', path: 'package.json', line: 0, text }
}

function packageOf(specifier: string): string {
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}
