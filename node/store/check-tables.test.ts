import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { findDamagedTable, isTableDamaged } from './check-tables.ts'
import { openLevelStore } from './level-store.ts'

let folder: string
let file: string
let table: Buffer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-table-'))
  const store = await openLevelStore(folder)
  // Some values shrink and others don't; the keys are long enough for an index that is packed.
  for (let batch = 0; batch < 40; batch++) {
    await store.write(
      Array.from({ length: 20 }, (_, entry) => ({
        key: `own/${'abcdef'.repeat(8)}/${batch}/${entry}`,
        value: Uint8Array.from({ length: 300 }, (_, index) => (entry % 2 === 0 ? 7 : (index * (batch + 31) * (entry + 17) * 2_654_435_761) >>> 11)),
      })),
    )
  }
  await store.close()
  // Opening turns the log into a table.
  await (await openLevelStore(folder)).close()
  file = join(folder, (await readdir(folder)).find((name) => name.endsWith('.ldb')) as string)
  table = await readFile(file)
})
afterAll(() => rm(folder, { recursive: true }))

const turned = (at: number, bit: number): Buffer => {
  const copy = Buffer.from(table)
  copy[at] = (copy[at] as number) ^ (1 << bit)
  return copy
}

describe('a table', () => {
  it('is sound as LevelDB wrote it', async () => {
    expect(table.length).toBeGreaterThan(100_000)
    expect(isTableDamaged(table)).toBe(false)
    expect(await findDamagedTable(folder)).toBeNull()
  })

  it('is damaged if any one bit before the mark at its end is turned', () => {
    const bit = fc.integer({ min: 0, max: 7 })
    const anywhere = fc.integer({ min: 0, max: table.length - 9 })
    const towardsTheEnd = fc.integer({ min: table.length - 3_000, max: table.length - 9 })
    fc.assert(fc.property(fc.oneof(anywhere, towardsTheEnd), bit, (at, which) => isTableDamaged(turned(at, which))), { numRuns: 150 })
  })

  it('without the mark at its end is not finished: LevelDB does not read it', () => {
    expect(isTableDamaged(turned(table.length - 1, 3))).toBe(false)
    expect(isTableDamaged(table.subarray(0, 50_000))).toBe(false)
    expect(isTableDamaged(Buffer.alloc(0))).toBe(false)
  })

  it('that is damaged keeps its store from opening', async () => {
    await writeFile(file, turned(1_000, 2))
    await expect(openLevelStore(folder)).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining('table') })
    await writeFile(file, table)
    await (await openLevelStore(folder)).close()
  })
})
