import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runScriptFile, type Ended } from './test/run-script-file.ts'

/** Ten rounds in which `a` is right and two others agree on something wrong; judges side with `a`. */
const lines = Array.from({ length: 10 }, (_, index) =>
  JSON.stringify({
    taskId: `task${index}`,
    category: index < 8 ? 'Adversarial/Manual' : 'Natural',
    answers: [
      { agent: 'a', extracted: 'A', correct: true },
      { agent: 'b', extracted: 'B', correct: false },
      { agent: 'c', extracted: 'B', correct: false },
    ],
    ballots: ['a', 'b', 'c'].flatMap((judge) => ['b', 'c'].map((rival) => ({ judge, left: 'a', right: rival, winner: 'left', mode: 'direct' }))),
  }),
)

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-evaluate-'))
  await writeFile(join(folder, 'good.jsonl.gz'), gzipSync(lines.join('\n')))
  await writeFile(join(folder, 'bad.jsonl'), `${lines[0]}\n{"taskId":`)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const evaluate = (...args: string[]): Promise<Ended> => runScriptFile('evaluate.ts', ['--workers', '1', '--out', join(folder, 'report'), ...args], { INIT_CWD: folder })

describe('npm run evaluate', () => {
  it('prints one object for one file, and leaves a report', async () => {
    const { code, stdout } = await evaluate('good.jsonl.gz', '--mode', 'direct', '--category', 'Adversarial', '--order', '1-3', '--truth', 'always', '--json')
    expect(code).toBe(0)
    const found = JSON.parse(stdout) as Record<string, Record<string, unknown>>
    expect(found).toMatchObject({ tasks: 8, agents: 3, judges: 3, ballots: 48, settings: { truth: 'always', kind: null, mode: 'direct', category: 'Adversarial', orders: [1, 2, 3] } })
    expect(found['accuracy']).toMatchObject({ swarm: 1, plurality: 0, bradleyTerry: 1, bradleyTerryPerAnswer: 1, bestSingle: 1, oracle: 1 })
    expect(found['differences']?.['plurality']).toEqual({ mean: 1, low: 1, high: 1 })
    expect((await readdir(join(folder, 'report'))).sort()).toEqual(['good-direct-adversarial-truth-always.svg', 'report.json', 'report.md'])
  })

  it('prints a table, and all files and truths in one document', async () => {
    const table = await evaluate('good.jsonl.gz', '--truth', 'always,0.5,never')
    expect(table.stdout).toContain('| good |    10 |')
    const { stdout } = await evaluate('good.jsonl.gz', '--truth', 'always,never', '--json')
    expect((JSON.parse(stdout) as { sets: { settings: { truth: string } }[] }).sets.map(({ settings }) => settings.truth)).toEqual(['always', 'never'])
  })

  it.each([
    [['bad.jsonl'], /bad\.jsonl.*line 2/],
    [['absent.jsonl'], /absent\.jsonl/],
    [['good.jsonl.gz', '--kind', 'contested'], /--kind/],
    [['good.jsonl.gz', '--truth', 'sometimes'], /--truth.*sometimes/],
    [['good.jsonl.gz', '--order', '3-1'], /--order.*3-1/],
    [['good.jsonl.gz', '--speed', '9'], /--speed/],
  ])('ends with 2 and says what is wrong with %j', async (args, message) => {
    const { code, stderr, stdout } = await evaluate(...args)
    expect(stderr).toMatch(message)
    expect([code, stdout]).toEqual([2, ''])
  })
})
