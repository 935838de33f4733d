import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findDamage } from './check-files.ts'
import { openLevelStore } from './level-store.ts'

/** Batches of every size that matters: small ones, and one longer than three blocks of the log. */
const SIZES = [10, 1_000, 0, 100_000, 33_000, 20]
let folder: string
let log: string
let whole: Buffer
/** Where in the log each batch ends. */
const ends: number[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-log-'))
  const store = await openLevelStore(folder)
  log = join(folder, (await readdir(folder)).find((name) => name.endsWith('.log')) as string)
  for (const [index, size] of SIZES.entries()) {
    await store.write([{ key: `key-${index}`, value: new Uint8Array(size).fill(index + 1) }])
    ends.push((await readFile(log)).length)
  }
  await store.close()
  whole = await readFile(log)
})
afterAll(() => rm(folder, { recursive: true }))

async function damageOf(bytes: Buffer): Promise<string | null> {
  await writeFile(log, bytes)
  return findDamage(folder).finally(() => writeFile(log, whole))
}

describe('findDamage', () => {
  it('finds none in a folder that is new, empty or intact', async () => {
    expect(await findDamage(join(folder, 'none'))).toBeNull()
    expect(await damageOf(Buffer.alloc(0))).toBeNull()
    expect(await damageOf(whole)).toBeNull()
    expect(ends).toEqual([...ends].sort((a, b) => a - b))
  })

  it('finds a bit that was turned in any batch but the last', async () => {
    const lastBegins = ends.at(-2) as number
    const places = [0, 4, 5, 7, 20, ...ends.slice(0, -2), ...ends.slice(0, -2).map((end) => end + 10), 32_767, 32_768, 65_536, lastBegins - 1]
    for (const place of places) {
      const damaged = Buffer.from(whole)
      damaged[place] = (damaged[place] as number) ^ 4
      expect(await damageOf(damaged), `byte ${place} of ${whole.length}`).not.toBeNull()
    }
  })

  it('takes a log that a crash cut off anywhere in its last batch', async () => {
    for (let length = ends.at(-2) as number; length <= whole.length; length++) expect(await damageOf(whole.subarray(0, length)), `${length} bytes`).toBeNull()
    for (const length of [40_000, 80_000, ends[3] as number]) expect(await damageOf(whole.subarray(0, length)), `${length} bytes`).toBeNull()
  })

  it('takes a last batch of which only some pages were written', async () => {
    const torn = Buffer.from(whole.subarray(0, ends[3] as number))
    torn.fill(0, 40_000, 50_000)
    expect(await damageOf(torn)).toBeNull()
  })

  it('finds a folder without CURRENT', async () => {
    const current = join(folder, 'CURRENT')
    const text = await readFile(current)
    await rm(current)
    expect(await findDamage(folder)).toContain('CURRENT')
    await writeFile(current, text)
  })
})
