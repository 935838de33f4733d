import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { checkTree, formatFinding } from './tidy.ts'
import { findUnusedExports } from './tidy/exports.ts'
import { checkCycles, checkLayers, LAYERS } from './tidy/layers.ts'
import { checkPackages, findUnusedPackages } from './tidy/packages.ts'
import { checkPurity } from './tidy/purity.ts'
import { checkReach } from './tidy/reach.ts'
import { readTree } from './tidy/read-tree.ts'
import { checkBudgets, checkLengths, countFolder, FILE_LINES_MAX, FUNCTION_LINES_MAX } from './tidy/sizes.ts'
import type { Finding, Source, Tree } from './tidy/source.ts'
import { parseTree } from './tidy/source.ts'
import { checkNames, checkTests, checkTexts } from './tidy/texts.ts'

type Files = Record<string, string>

const treeOf = (files: Files): Tree => new Map(Object.entries(files))
const said = (findings: readonly Finding[]): string[] => findings.map(formatFinding)
/** What a rule says of files that only it looks at. */
const sayOf = (rule: (sources: readonly Source[]) => Finding[], files: Files): string[] => said(rule(parseTree(treeOf(files))))
const sayOfTree = (rule: (tree: Tree, sources: readonly Source[]) => Finding[], files: Files): string[] =>
  said(rule(treeOf(files), parseTree(treeOf(files))))
const lines = (count: number): string => 'let x\n'.repeat(count)

describe('the house', () => {
  it('is tidy', { timeout: 60_000 }, () => {
    expect(said(checkTree(readTree(dirname(import.meta.dirname))).errors)).toEqual([])
  })

  it('reports a tree that breaks one rule of each kind', () => {
    const { errors, warnings } = checkTree(
      treeOf({
        'package.json': JSON.stringify({ scripts: { a: 'node scripts/a.ts' }, dependencies: { zod: '^4.0.0' } }),
        'consensus/index.ts': "import '../node/index.ts'\nexport const now = () => Date.now()\n",
        'node/index.ts': "export const path = '/ro" + "ot/x'\n",
        'node/Big.ts': lines(401),
        'node/a.ts': "import './a.ts'\n",
        'scripts/a.ts': "import '../consensus/index.ts'\n",
        'scripts/a.test.ts': "it.only('runs', () => {})\n",
      }),
      { node: { design: 10, max: 400 } },
    )
    expect([...new Set(errors.map(({ rule }) => rule))].sort()).toEqual(
      ['budgets', 'cycles', 'layers', 'names', 'packages', 'purity', 'reach', 'sizes', 'tests', 'texts'],
    )
    expect([...new Set(warnings.map(({ rule }) => rule))].sort()).toEqual(['budgets', 'exports', 'packages'])
  })
})

describe('layers', () => {
  const steps = Object.fromEntries(LAYERS.map((folder) => [`${folder}/index.ts`, '']))
  const tree = { ...steps, 'protocol/x.ts': '', 'node/y.ts': '', 'package.json': '{}' }
  const importing = (path: string, specifier: string): string[] => sayOfTree(checkLayers, { ...tree, [path]: `import '${specifier}'\n` })

  it.each([
    ['protocol/a.ts', '../credit/index.ts'],
    ['protocol/machine/a.ts', '../x.ts'],
    ['node/cli/a.ts', '../../consensus/index.ts'],
    ['scripts/a.test.ts', '../node/index.ts'],
    ['node/a.ts', '../package.json'],
    ['node/a.ts', 'zod'],
  ])('lets %s import %s', (path, specifier) => {
    expect(importing(path, specifier)).toEqual([])
  })

  it.each([
    ['credit/a.ts', '../protocol/index.ts', 'imports protocol/, which is above credit/'],
    ['node/a.ts', '../scripts/index.ts', 'imports scripts/, which is above node/'],
    ['node/a.ts', '../protocol/x.ts', 'imports protocol/x.ts past protocol/index.ts'],
    ['scripts/a.ts', '../node/y.ts', 'imports node/y.ts past node/index.ts'],
    ['protocol/a.ts', './index.ts', 'imports the index of its own folder: name the file itself'],
    ['protocol/a.ts', './x', 'imports "./x", which is no file: imports carry their .ts'],
    ['protocol/a.ts', '../../x.ts', 'imports "../../x.ts" from outside of the project'],
    ['vitest.config.ts', './node/index.ts', 'imports "./node/index.ts" across the root'],
  ])('reports %s importing %s', (path, specifier, text) => {
    expect(importing(path, specifier)).toEqual([`${path}:1 layers: ${text}`])
  })

  it.each(["import type { A } from 'F'", "export * from 'F'", "const a = await import('F')", "type A = import('F').A"])('sees %s', (code) => {
    const files = { ...tree, 'credit/a.ts': `\n${code.replace('F', '../node/index.ts')}\n` }
    expect(sayOfTree(checkLayers, files)).toEqual(['credit/a.ts:2 layers: imports node/, which is above credit/'])
  })

  it('reports the import of a test', () => {
    const files = { 'node/a.test.ts': '', 'node/b.test.ts': "import './a.test.ts'\n" }
    expect(sayOfTree(checkLayers, files)).toEqual(['node/b.test.ts:1 layers: imports the test "./a.test.ts"'])
  })
})

describe('cycles', () => {
  it('lets two ways lead to one file', () => {
    expect(sayOf(checkCycles, { 'node/a.ts': "import './b.ts'\nimport './c.ts'", 'node/b.ts': "import './c.ts'", 'node/c.ts': '' })).toEqual([])
  })

  it('reports a file that imports itself by way of others, types included', () => {
    const files = { 'node/a.ts': "import './b.ts'", 'node/b.ts': "import type { C } from './c.ts'", 'node/c.ts': "import './b.ts'" }
    expect(sayOf(checkCycles, files)).toEqual(['node/b.ts cycles: imports itself: node/b.ts -> node/c.ts -> node/b.ts'])
  })
})

describe('purity', () => {
  const pure = (code: string, path = 'protocol/a.ts'): string[] => sayOf(checkPurity, { [path]: code })

  it.each([
    "import { z } from 'zod'",
    'const x = Math.floor(Math.max(1, 2)) + 2 ** 53',
    'const big = 10n ** exponent',
    'const body = { process: 1, Date: 2 }; const y = body.process',
    'const { process: step } = body',
    'interface Timed { performance: number; fetch(): void }',
    'function* steps() { yield 1 }',
  ])('lets a pure file say %s', (code) => {
    expect(pure(code)).toEqual([])
  })

  it.each([
    ["import 'node:fs'", '"node:fs"'],
    ["import { createHash } from 'node:crypto'", '"node:crypto"'],
    ["import { createLibp2p } from 'libp2p'", '"libp2p"'],
    ["export * from 'fs'", '"fs"'],
    ['const x = Date.now()', 'Date'],
    ['const x = { at: new Date() }', 'Date'],
    ['const x = { Date }', 'Date'],
    ['setTimeout(f, 1)', 'setTimeout'],
    ['console.log(1)', 'console'],
    ['const x = process.env', 'process'],
    ['const x = Buffer.from([])', 'Buffer'],
    ['const x = performance.now()', 'performance'],
    ['let x: Promise<void>', 'Promise'],
    ['async function f() {}', 'async'],
    ['const f = async () => {}', 'async'],
    ['const x = await f()', 'await'],
    ['for await (const x of y) {}', 'await'],
    ["const x = import(name)", 'import()'],
    ['const x = Math.random()', 'Math.random'],
    ['const x = Math.exp(1)', 'Math.exp'],
    ['const x = Math.sqrt(2)', 'Math.sqrt'],
    ['const { pow } = Math', 'Math as a value'],
    ['const x = Math[name](1)', 'Math as a value'],
    ['const x = y ** 2', '** on numbers that are not written out'],
    ['x **= 2', '** on numbers that are not written out'],
    ['names.sort((a, b) => a.localeCompare(b))', 'localeCompare'],
    ['const x = y.toLocaleUpperCase()', 'toLocaleUpperCase'],
    ['const x = new Intl.Collator()', 'Intl'],
    ["const x = new URL('./worker.ts', import.meta.url)", '"./worker.ts"'],
  ])('reports %s', (code, what) => {
    expect(pure(`\n${code}\n`)).toEqual([`protocol/a.ts:2 purity: uses ${what} in a pure folder`])
  })

  it('lets only the hash file hash, only the protocol use a schema, and tests do all', () => {
    expect(pure("import 'node:crypto'", 'consensus/hash.ts')).toEqual([])
    expect(pure("import 'zod'", 'credit/a.ts')).toEqual(['credit/a.ts:1 purity: uses "zod" in a pure folder'])
    expect(pure('const x = Math.random()', 'credit/a.test.ts')).toEqual([])
    expect(pure('const x = Math.random()', 'credit/test/a.ts')).toEqual([])
    expect(pure('const x = Math.random()', 'node/a.ts')).toEqual([])
  })
})

describe('sizes', () => {
  const functionOf = (count: number): string => `/** What it does. */\nconst grow = () => {\n${'  x()\n'.repeat(count - 2)}}\n`

  it('reports files that are too long, tests too', () => {
    const files = { 'node/a.ts': lines(FILE_LINES_MAX), 'node/b.ts': lines(FILE_LINES_MAX + 1), 'node/c.test.ts': lines(FILE_LINES_MAX + 1) }
    expect(sayOf(checkLengths, files)).toEqual([
      'node/b.ts sizes: has 401 lines, more than 400',
      'node/c.test.ts sizes: has 401 lines, more than 400',
    ])
  })

  it('reports functions that are too long, except in tests; what stands above them does not count', () => {
    const [long, longer] = [functionOf(FUNCTION_LINES_MAX), functionOf(FUNCTION_LINES_MAX + 1)]
    const files = { 'node/a.ts': long, 'node/b.ts': longer, 'node/b.test.ts': longer, 'node/b-conformance.ts': longer }
    expect(sayOf(checkLengths, files)).toEqual(['node/b.ts:2 sizes: grow has 71 lines, more than 70'])
  })

  it('compares folders with their budgets, without tests and fixtures', () => {
    const sources = parseTree(treeOf({
      'node/a.ts': lines(10), 'node/b/c.ts': lines(5), 'node/a.test.ts': lines(90), 'node/a-fixture.ts': lines(90), 'credit/a.ts': lines(90),
    }))
    expect(countFolder(sources, 'node')).toBe(15)
    const budgets = { node: { design: 14, max: 15 } }
    expect(checkBudgets(sources, budgets, 'max')).toEqual([])
    expect(said(checkBudgets(sources, budgets, 'design'))).toEqual(['node budgets: has 15 lines without tests, 1 more than 14'])
  })
})

describe('reach', () => {
  const manifest = JSON.stringify({
    exports: { '.': { source: './node/library.ts', types: './dist/node/library.d.ts', default: './dist/node/library.js' } },
    bin: { peerage: 'node/bin.js' },
    scripts: { sim: 'node scripts/sim.ts --fast' },
  })
  const alive: Files = {
    'package.json': manifest,
    'vitest.config.ts': '',
    'node/bin.js': "await import('./main.ts')",
    'node/library.ts': '',
    'node/main.ts': "new Piscina({ filename: new URL('./worker.ts', import.meta.url).href })",
    'node/worker.ts': "import '../credit/index.ts'",
    'credit/index.ts': "export * from './exact.ts'",
    'credit/exact.ts': '',
    'credit/exact.test.ts': "import './exact.ts'\nimport './test/games.ts'",
    'credit/test/games.ts': '',
    'scripts/sim.ts': '',
  }

  it('follows imports and URLs from programs and tests', () => {
    expect(sayOfTree(checkReach, alive)).toEqual([])
  })

  it.each([
    [{ 'node/lost.ts': '' }, 'node/lost.ts reach: is used by nothing'],
    [{ 'node/index.ts': '' }, 'node/index.ts reach: is used by nothing'],
    [{ 'credit/test/lost.ts': '' }, 'credit/test/lost.ts reach: is used by nothing'],
    [{ 'node/a.ts': '', 'node/a.test.ts': "import './a.ts'" }, 'node/a.ts reach: is used by tests only: remove it, or name it x-fixture.ts or move it to a test folder'],
    [{ 'scripts/sim.ts': "import './a-fixture.ts'", 'scripts/a-fixture.ts': '' }, 'scripts/a-fixture.ts reach: is named as a thing of tests, but a program uses it'],
  ])('reports %o', (files, text) => {
    expect(sayOfTree(checkReach, { ...alive, ...files })).toEqual([text])
  })

  it('reports a program that package.json names and nobody wrote', () => {
    const { 'scripts/sim.ts': _, ...others } = alive
    expect(sayOfTree(checkReach, others)).toEqual(['package.json reach: names scripts/sim.ts, which is no file'])
  })
})

describe('packages', () => {
  const manifest = JSON.stringify({ name: 'self', dependencies: { zod: '4.6.7', '@libp2p/tcp': '11.0.28' }, devDependencies: { vitest: '5.1.0' } })
  const importing = (path: string, specifier: string): string[] =>
    sayOfTree(checkPackages, { 'package.json': manifest, [path]: `import '${specifier}'\n` })

  it.each([['node/a.ts', 'zod/v4'], ['node/a.ts', '@libp2p/tcp'], ['node/a.ts', 'node:fs'], ['node/a.test.ts', 'vitest'], ['scripts/a.ts', 'vitest'], ['node/a.ts', 'self']])(
    'lets %s import %s',
    (path, specifier) => {
      expect(importing(path, specifier)).toEqual([])
    },
  )

  it.each([
    ['node/a.ts', 'vitest', 'dependency'],
    ['node/a.ts', 'fs', 'dependency'],
    ['node/a.test.ts', '@libp2p/mdns/x', 'dependency or devDependency'],
  ])('reports %s importing %s', (path, specifier, needed) => {
    const name = specifier.replace('/x', '')
    expect(importing(path, specifier)).toEqual([`${path}:1 packages: imports ${name}, which is no ${needed}`])
  })

  it('reports versions that are not pinned, and warns of packages that the program does not import', () => {
    const files = { 'package.json': JSON.stringify({ dependencies: { zod: '^4.6.7' } }), 'node/a.test.ts': "import 'zod'" }
    expect(sayOfTree(checkPackages, files)).toEqual(['package.json packages: does not pin zod: ^4.6.7'])
    expect(sayOfTree(findUnusedPackages, files)).toEqual(['package.json packages: depends on zod, which nothing imports'])
  })
})

describe('names', () => {
  it.each(['node/a.ts', 'node/cli/run-demo.test.ts', 'vitest.config.ts', 'node/index.ts', 'node/libp2p-host.ts'])('lets a file be called %s', (path) => {
    expect(sayOf(checkNames, { [path]: '' })).toEqual([])
  })

  it.each([
    ['node/runDemo.ts', '"runDemo" is not kebab-case'],
    ['node/CLI/run.ts', '"CLI" is not kebab-case'],
    ['node/run_demo.test.ts', '"run_demo" is not kebab-case'],
    ['node/cli/index.ts', 'only a top-level folder has an index'],
    ['index.ts', 'only a top-level folder has an index'],
  ])('reports %s', (path, text) => {
    expect(sayOf(checkNames, { [path]: '' })).toEqual([`${path} names: ${text}`])
  })
})

describe('tests', () => {
  it.each(["it.only('x', f)", "describe.skip('x', f)", "test.todo('x')", "it.skip.each([1])('x', f)", "it.concurrent.only('x', f)"])('reports %s', (code) => {
    expect(sayOf(checkTests, { 'node/a.test.ts': code })).toHaveLength(1)
  })

  it.each(["it.skipIf(absent)('x', f)", "it.runIf(present)('x', f)", "it.each([1])('x', f)", 'list.skip(1)'])('lets a test say %s', (code) => {
    expect(sayOf(checkTests, { 'node/a.test.ts': code })).toEqual([])
  })
})

describe('texts', () => {
  const textOf = (path: string, text: string): string[] => said(checkTexts(treeOf({ [path]: `first\n${text}\n` })))

  it.each([
    ['// TO' + 'DO: later', 'leaves something to do: do it, or open an issue'],
    ['See /ro' + 'ot/notes.md', 'holds a path of one machine'],
    ["const home = '/ho" + "me/somebody'", 'holds a path of one machine'],
    ['https://reg' + 'istry.npmjs.org/zod', 'holds the address of a registry'],
  ])('reports %s', (text, fault) => {
    expect(textOf('README.md', text)).toEqual([`README.md:2 texts: ${fault}`])
  })

  it('reports download addresses in the lockfile', () => {
    expect(textOf('package-lock.json', '  "resolved": "https://example.org/zod.tgz",')).toEqual(['package-lock.json:2 texts: holds a download address'])
  })

  it.each(["import '../home/x.ts'", 'an array of to-dos', '/api/v1/work/x', 'https://example.org/home/x'])('lets a text say %s', (text) => {
    expect(textOf('node/a.ts', text)).toEqual([])
  })
})

describe('exports', () => {
  it('warns of values that no other program file uses, and says whether tests do', () => {
    const files = {
      'node/a.ts': 'export const used = 1\nexport function tested() {}\nexport class Lonely {}\nexport type Shape = 1\nconst own = tested',
      'node/b.ts': "import { used } from './a.ts'",
      'node/a.test.ts': "import { tested } from './a.ts'",
    }
    expect(sayOf(findUnusedExports, files)).toEqual([
      'node/a.ts:2 exports: exports tested, which only tests use',
      'node/a.ts:3 exports: exports Lonely, which no other file uses',
    ])
  })
})

describe('readTree', () => {
  const folders: string[] = []
  afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })))

  const folderWith = (files: Files): string => {
    const folder = mkdtempSync(join(tmpdir(), 'peerage-tidy-'))
    folders.push(folder)
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return folder
  }

  it('reads every text file except what .gitignore leaves out', () => {
    const folder = folderWith({
      '.gitignore': 'node_modules/\n*.log\n', '.ci/run': 'run', 'node/a.ts': 'a', 'node/b.bin': 'b\0', 'node/c.log': '', 'node/node_modules/d.ts': '', '.git/e': '',
    })
    expect([...readTree(folder)].sort()).toEqual([['.ci/run', 'run'], ['.gitignore', 'node_modules/\n*.log\n'], ['node/a.ts', 'a']])
  })

  it('throws on a line of .gitignore that it does not understand', () => {
    expect(() => readTree(folderWith({ '.gitignore': '!keep/this\n' }))).toThrow('not "!keep/this"')
  })
})
