/** Source files as the rules see them: text, syntax tree, and links to other files and packages. */
import { posix } from 'node:path'
import ts from 'typescript'

/** Every text file of the project: path from its root, with `/`, to its text. */
export type Tree = ReadonlyMap<string, string>

/** What a rule has to say about one place; `line` counts from 1, 0 means the file as a whole. */
export interface Finding {
  rule: string
  path: string
  line: number
  text: string
}

/** `import` covers `export ... from` and `import()`; `url` is `new URL('...', import.meta.url)`, how workers and programs are named. */
export interface Link {
  how: 'import' | 'url'
  specifier: string
  /** The file it leads to, whether or not it exists; null for packages. */
  target: string | null
  line: number
}

export interface Source {
  path: string
  text: string
  ast: ts.SourceFile
  links: readonly Link[]
}

/** The folder below the root that holds the file; '' for files at the root. */
export function topOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

/** Tests and what only tests use: folders named test, fixtures, and the conformance suites of interfaces. */
export function isTestCode(path: string): boolean {
  return isTest(path) || /(^|\/)test\//.test(path) || /(^|\/)fixture-[^/]*$|-(fixture|conformance)\.ts$/.test(path)
}

/** Parses the TypeScript and JavaScript of a tree, in the order of their paths. */
export function parseTree(tree: Tree): Source[] {
  return [...tree]
    .filter(([path]) => /\.[cm]?[jt]s$/.test(path))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, text]) => {
      const ast = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
      return { path, text, ast, links: findLinks(path, ast) }
    })
}

/** Calls `see` for a node and everything below it, parents first. */
export function walk(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node)
  ts.forEachChild(node, (child) => walk(child, see))
}

export function lineOf(node: ts.Node): number {
  const file = node.getSourceFile()
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
}

function findLinks(path: string, ast: ts.SourceFile): Link[] {
  const links: Link[] = []
  walk(ast, (node) => {
    const found = linkIn(node)
    if (found === null) return
    const specifier = found.literal.text
    const isFile = specifier.startsWith('.') || found.how === 'url'
    const target = isFile ? posix.join(posix.dirname(path), specifier) : null
    links.push({ how: found.how, specifier, target, line: lineOf(node) })
  })
  return links
}

function linkIn(node: ts.Node): { how: Link['how']; literal: ts.StringLiteralLike } | null {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
    return asLink('import', node.moduleSpecifier)
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return asLink('import', node.argument.literal)
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return asLink('import', node.arguments[0])
  if (ts.isNewExpression(node) && node.expression.getText() === 'URL' && node.arguments?.[1]?.getText() === 'import.meta.url') {
    return asLink('url', node.arguments[0])
  }
  return null
}

function asLink(how: Link['how'], node: ts.Node | undefined): { how: Link['how']; literal: ts.StringLiteralLike } | null {
  return node !== undefined && ts.isStringLiteralLike(node) ? { how, literal: node } : null
}
