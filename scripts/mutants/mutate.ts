import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Edit, Mutant } from './list.ts'

/** The folders that a simulation needs. */
const FOLDERS = ['consensus', 'credit', 'protocol']

/** A file's text with the one place replaced. Throws RangeError unless there is exactly one. */
export function mutateText(text: string, { file, find, replace }: Edit): string {
  const [before, after, ...more] = text.split(find)
  if (after === undefined || more.length > 0) throw new RangeError(`${file} has ${after === undefined ? 'no place' : `${more.length + 1} places`} that read "${find}"`)
  return `${before as string}${replace}${after}`
}

export function editsOf(mutant: Mutant): Edit[] {
  return mutant.also === undefined ? [mutant] : [mutant, mutant.also]
}

/** Copies the sources of a simulation into a folder of their own and breaks one rule there. */
export function writeMutant(root: string, target: string, mutant: Mutant): void {
  mkdirSync(target, { recursive: true })
  for (const folder of FOLDERS) cpSync(join(root, folder), join(target, folder), { recursive: true, filter: (path) => !path.endsWith('.test.ts') })
  cpSync(join(root, 'package.json'), join(target, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(target, 'node_modules'), 'dir')
  for (const edit of editsOf(mutant)) {
    const path = join(target, edit.file)
    writeFileSync(path, mutateText(readFileSync(path, 'utf8'), edit))
  }
}
