import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AttackSummary, SetInfluence } from './attack/report.ts'
import { ATTACKED_SETS } from './evaluate/sets.ts'
import { runScriptFile, type Ended } from './test/run-script-file.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-attack-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const attack = (args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> => runScriptFile('attack.ts', ['--workers', '1', '--out', folder, ...args], env)

describe('npm run attack', () => {
  it.each([
    [['--set', 'hle-z'], /--set.*hle-a/],
    [['--share', '2'], /--share/],
  ])('ends with 2 and says what is wrong with %j', async (args, message) => {
    const { code, stderr } = await attack(args)
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })

  it('ends with 2 and names the recording that is absent', async () => {
    const { code, stderr } = await attack([], { PEERAGE_RECORDINGS: folder })
    expect(stderr).toMatch(/PEERAGE_RECORDINGS.*panel-A/)
    expect(code).toBe(2)
  })

  it.skipIf(!existsSync(ATTACKED_SETS[0]?.file ?? ''))('measures one attack, and leaves a report (skipped where the recordings are absent)', async () => {
    const { code, stdout } = await attack(['--set', 'hle-a', '--kind', 'lazy', '--share', '0,0.5', '--seed', '1', '--json'])
    expect(code).toBe(0)
    const { attacks, influences } = JSON.parse(stdout) as { attacks: AttackSummary[]; influences: SetInfluence[] }
    expect(attacks.map(({ share, attackers }) => [share, attackers])).toEqual([[0, 0], [0.5, 2]])
    for (const { accuracy, honestPlurality } of attacks) for (const value of [accuracy, honestPlurality]) expect(value > 0 && value < 1).toBe(true)
    expect(influences).toHaveLength(1)
    expect((await readdir(folder)).sort()).toEqual(['accuracy-hle-a.svg', 'report.json', 'report.md', 'reputation-hle-a-lazy.svg'])
  })
})
