import ts from 'typescript'
import type { Finding, Source } from './source.ts'
import { isTestCode, lineOf, walk } from './source.ts'

/** Exported values that no other program file names: by name alone, so it may miss one. Types are left out, since they describe what others hold. */
export function findUnusedExports(sources: readonly Source[]): Finding[] {
  const users = new Map<string, Set<string>>()
  for (const { path, ast } of sources) {
    walk(ast, (node) => {
      if (ts.isIdentifier(node)) users.set(node.text, (users.get(node.text) ?? new Set()).add(path))
    })
  }
  const programs = sources.filter(({ path }) => !isTestCode(path))
  return programs.flatMap(({ path, ast }) =>
    exportedValues(ast).flatMap((name) => {
      const others = [...(users.get(name.text) ?? [])].filter((user) => user !== path)
      if (others.some((user) => !isTestCode(user))) return []
      const text = `exports ${name.text}, which ${others.length > 0 ? 'only tests use' : 'no other file uses'}`
      return [{ rule: 'exports', path, line: lineOf(name), text }]
    }),
  )
}

function exportedValues(ast: ts.SourceFile): ts.Identifier[] {
  return ast.statements.flatMap((statement) => {
    const isExported = ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    if (isExported !== true) return []
    if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name).filter(ts.isIdentifier)
    const isValue = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)
    return isValue && statement.name !== undefined ? [statement.name] : []
  })
}
