import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApi, type Api } from '../../http/api.ts'
import { closeRound, createServiceFixture, type ServiceFixture } from '../../http/service-fixture.ts'
import type { RoundDetail } from '../../service.ts'
import { runToEnd } from '../context-fixture.ts'

let fixture: ServiceFixture
let api: Api
let folder: string
let out: string

beforeEach(async () => {
  fixture = createServiceFixture()
  api = await createApi(fixture.service, { host: '127.0.0.1', port: 0 })
  folder = await mkdtemp(join(tmpdir(), 'peerage-export-'))
  out = join(folder, 'out.ndjson')
  for (const text of ['41', '42']) {
    const { round } = await fixture.service.ask({ prompt: 'a\nb', kind: 'number' })
    fixture.setRound(closeRound((await fixture.service.round(round)) as RoundDetail, text))
  }
})
afterEach(async () => {
  await api.close()
  await rm(folder, { recursive: true })
})

const run = (...args: string[]): ReturnType<typeof runToEnd> => runToEnd(['export', ...args, '--node', api.url])

describe('export', () => {
  it.each([['rounds', 2], ['preferences', 1], ['reputation', 3], ['rewards', 3]])('writes %s, byte for byte as the API gives them', async (kind, documents) => {
    for (const format of ['ndjson', 'json']) {
      const { code, out: printed } = await run(kind, '--out', out, '--format', format, '--json')
      const text = await (await fetch(`${api.url}/api/v1/exports/${kind}?format=${format}`)).text()
      expect([code, await readFile(out, 'utf8')]).toEqual([0, text])
      expect(JSON.parse(printed)).toEqual({ schema: 'peerage.export/v1', kind, out, format, after: 0, documents, bytes: text.length })
    }
    expect(await readdir(folder)).toEqual(['out.ndjson'])
  })
  it('says how many of what it has written', async () => {
    const said = await Promise.all(['preferences', 'rewards'].map(async (kind) => (await run(kind, '--out', `${out}.${kind}`)).err))
    expect(said).toEqual([`1 preference in ${out}.preferences\n`, `3 members in ${out}.rewards\n`])
  })
  it('writes only what came above a height', async () => {
    expect(await run('rounds', '--out', out, '--after', '1000')).toMatchObject({ code: 0, err: `0 rounds in ${out}\n` })
    expect(await readFile(out, 'utf8')).toBe('')
  })
  it('keeps what was there and leaves nothing behind where the node breaks off', async () => {
    await writeFile(out, 'kept')
    fixture.service.exportRounds = async function* () {
      for (let count = 0; count < 50; count++) yield (await fixture.service.round('round-1')) as RoundDetail
      throw new Error('the disk is gone')
    }
    const text = await fetch(`${api.url}/api/v1/exports/rounds`).then((response) => response.text()).catch((error: Error) => error.name)
    expect(text).toBe('TypeError')
    expect(await run('rounds', '--out', out)).toMatchObject({ code: 1, err: expect.stringContaining('broke off') })
    expect([await readdir(folder), await readFile(out, 'utf8')]).toEqual([['out.ndjson'], 'kept'])
  })
  it('follows no link that somebody has put where it writes first', async () => {
    const victim = join(folder, 'victim')
    await writeFile(victim, 'kept')
    await symlink(victim, `${out}.${process.pid}.tmp`)
    expect((await run('rounds', '--out', out)).code).toBe(1)
    expect(await readFile(victim, 'utf8')).toBe('kept')
  })
  it('names the file that cannot be written', async () => {
    const file = join(folder, 'no', 'such', 'folder')
    expect(await run('rounds', '--out', file)).toMatchObject({ code: 1, err: expect.stringContaining(file) })
  })
  it('needs a kind that there is, and a file', async () => {
    expect((await run('secrets', '--out', out)).code).toBe(2)
    expect((await run('rounds')).code).toBe(2)
  })
})
