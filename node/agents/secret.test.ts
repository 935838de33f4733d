import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadSecret } from './secret.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secret-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('reads a key from a file, without the space around it', async () => {
  const keyFile = join(folder, 'good')
  await writeFile(keyFile, 'sk-abc/+1\n')
  const secret = await loadSecret({ keyFile })
  expect(secret.headers()).toEqual({ authorization: 'Bearer sk-abc/+1' })
  expect(secret.scrub(`sk-abc/+1 ${encodeURIComponent('sk-abc/+1')} ${Buffer.from('sk-abc/+1').toString('base64')} x`)).toBe('[key] [key] [key] x')
  expect(inspect(secret, { depth: 9, showHidden: true })).not.toContain('sk-abc')
})

it('names the place, never the contents, of what cannot be a key', async () => {
  for (const contents of ['', ' \n', 'abc', 'two words', 'two\nlines', 'schlüssel', 'x'.repeat(10_001)]) {
    const keyFile = join(folder, 'bad')
    await writeFile(keyFile, contents)
    const error: unknown = await loadSecret({ keyFile }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'refused' })
    expect((error as Error).message).toContain(keyFile)
    if (contents.trim() !== '') expect((error as Error).message.replace(keyFile, '')).not.toContain(contents)
  }
  await expect(loadSecret({ keyFile: join(folder, 'missing') })).rejects.toMatchObject({ code: 'refused' })
  await expect(loadSecret({ keyEnv: 'NO_SUCH_VARIABLE_HERE' })).rejects.toMatchObject({ code: 'refused' })
})

it('sends and hides nothing where there is no key', async () => {
  const secret = await loadSecret({})
  expect([secret.headers(), secret.scrub('a')]).toEqual([{}, 'a'])
})
