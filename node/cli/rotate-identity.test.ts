import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadIdentity } from '../identity.ts'
import { runToEnd, type VerbRun } from './context-fixture.ts'

let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'peerage-rotate-'))
})
afterEach(() => rm(home, { recursive: true }))

const rotate = (): Promise<VerbRun> => runToEnd(['identity', 'rotate', '--home', home, '--json'])
const keys = async (): Promise<string[]> => (await readdir(home)).filter((file) => file.startsWith('identity.key')).sort()
const stepOf = ({ out }: VerbRun) => JSON.parse(out) as { step: string; from: string; to: string; why: string }

describe('identity rotate', () => {
  it('makes nothing where there is no identity', async () => {
    expect((await rotate()).code).toBe(3)
    expect(await keys()).toEqual([])
  })

  it('changes nothing but for the next key before the network knows of it, however often it is said', async () => {
    expect((await runToEnd(['init', '--home', home])).code).toBe(0)
    const { memberId } = await loadIdentity(join(home, 'identity.key'))
    const first = stepOf(await rotate())
    expect(first).toMatchObject({ step: 'waiting', from: memberId, why: expect.stringContaining('does not know of the new key') })
    expect(stepOf(await rotate())).toEqual(first)
    expect(await keys()).toEqual(['identity.key', 'identity.key.next'])
    expect((await loadIdentity(join(home, 'identity.key'))).memberId).toBe(memberId)
  })

  it('goes on where it was interrupted between the two names', async () => {
    await runToEnd(['init', '--home', home])
    const { to } = stepOf(await rotate())
    await rename(join(home, 'identity.key'), join(home, 'identity.key.aside.old'))
    expect(stepOf(await rotate())).toMatchObject({ step: 'done', to })
    expect(await keys()).toEqual(['identity.key', 'identity.key.aside.old'])
    expect((await loadIdentity(join(home, 'identity.key'))).memberId).toBe(to)
  })
})
