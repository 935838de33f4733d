/** What disks do to a store while its node is down. */
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DAMAGES, Random } from './plan.ts'

type Damage = (typeof DAMAGES)[number]

/** Where a node keeps its store and its notes, and where a copy from earlier is. */
export interface Disk {
  home: string
  store: string
  backup: string
}

/** Takes the copy that `old-backup` brings back. */
export async function takeBackup({ store, backup }: Disk): Promise<void> {
  await rm(backup, { recursive: true, force: true })
  await cp(store, backup, { recursive: true })
}

/** Damages the store of a node that is not running. Resolves to false where there is nothing to damage that way. */
export async function damage({ home, store, backup }: Disk, how: Damage, random: Random): Promise<boolean> {
  switch (how) {
    case 'flipped-table':
      return flip(store, /\.ldb$/, random)
    case 'flipped-log':
      return flip(store, /\.log$/, random)
    case 'cut-log':
      return cutLog(store)
    case 'old-backup':
      if ((await stat(backup).catch(() => null)) === null) return false
      await rm(store, { recursive: true })
      await cp(backup, store, { recursive: true })
      return true
    case 'lost-store':
      await rm(store, { recursive: true })
      return true
    case 'lost-notes':
      await rm(join(home, 'notes'), { recursive: true })
      return true
  }
}

// In the first half: a turned bit in the last batch of a log looks like a crash while it was written.
async function flip(store: string, kind: RegExp, random: Random): Promise<boolean> {
  const file = await largest(store, kind)
  if (file === null) return false
  const bytes = await readFile(file)
  const at = random.below(Math.floor(bytes.length / 2))
  bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
  await writeFile(file, bytes)
  return true
}

async function cutLog(store: string): Promise<boolean> {
  const file = await largest(store, /\.log$/)
  if (file === null) return false
  await truncate(file, Math.floor((await stat(file)).size / 2))
  return true
}

async function largest(store: string, kind: RegExp): Promise<string | null> {
  const files = (await readdir(store)).filter((name) => kind.test(name)).map((name) => join(store, name))
  const sizes = await Promise.all(files.map(async (file) => ({ file, size: (await stat(file)).size })))
  const [first] = sizes.filter(({ size }) => size > 1_000).sort((a, b) => b.size - a.size)
  return first?.file ?? null
}
