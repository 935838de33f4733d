import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tree } from './source.ts'

/**
 * Reads every text file below a folder, committed or not, without what its .gitignore leaves out.
 * Of .gitignore it knows names with an optional `/` at the end, and `*.ending`: it throws on a line that says more.
 */
export function readTree(root: string): Tree {
  const isIgnored = parseIgnores(readFileSync(join(root, '.gitignore'), 'utf8'))
  const tree = new Map<string, string>()
  const readFolder = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (entry.name === '.git' || isIgnored(entry.name)) continue
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) readFolder(path)
      if (!entry.isFile()) continue
      const text = readFileSync(join(root, path), 'utf8')
      if (!text.includes('\0')) tree.set(path, text)
    }
  }
  readFolder('')
  return tree
}

function parseIgnores(text: string): (name: string) => boolean {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
  const odd = lines.find((line) => !/^(\*\.)?[\w.-]+\/?$/.test(line))
  if (odd !== undefined) throw new Error(`.gitignore: readTree knows names and *.ending only, not "${odd}"`)
  const names = lines.map((line) => line.replace(/\/$/, ''))
  return (name) => names.some((ignored) => (ignored.startsWith('*') ? name.endsWith(ignored.slice(1)) : name === ignored))
}
