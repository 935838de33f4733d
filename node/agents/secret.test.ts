import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadSecret } from './secret.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secret-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('reads a key from a file, without the space around it', async () => {
  const keyFile = join(folder, 'good')
  await writeFile(keyFile, 'sk-abc/+1\n', { mode: 0o600 })
  const secret = await loadSecret({ keyFile })
  expect(secret.headers()).toEqual({ authorization: 'Bearer sk-abc/+1' })
  expect(secret.scrub(`sk-abc/+1 ${encodeURIComponent('sk-abc/+1')} ${Buffer.from('sk-abc/+1').toString('base64')} x`)).toBe('[key] [key] [key] x')
  expect(inspect(secret, { depth: 9, showHidden: true })).not.toContain('sk-abc')
})

it('names the place, never the contents, of what cannot be a key', async () => {
  for (const contents of ['', ' \n', 'abc', 'two words', 'two\nlines', 'schlüssel', 'x'.repeat(10_001)]) {
    const keyFile = join(folder, 'bad')
    await writeFile(keyFile, contents, { mode: 0o600 })
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

it('takes a key from no file that others can read', async () => {
  const keyFile = join(folder, 'open')
  await writeFile(keyFile, 'sk-abc/+1\n')
  for (const mode of [0o640, 0o604, 0o660]) {
    await chmod(keyFile, mode)
    await expect(loadSecret({ keyFile })).rejects.toMatchObject({ code: 'refused', message: `the key file ${keyFile} can be read by others: chmod 600 ${keyFile}` })
  }
})

it('takes a key from a program, run without a shell, and shows nothing of what a failing one says', async () => {
  const print = (program: string, ...args: string[]): string[] => [process.execPath, '-e', program, ...args]
  const secret = await loadSecret({ keyCommand: print('console.log(process.argv[1])', 'sk-$HOME;`id`') })
  expect(secret.headers()).toEqual({ authorization: 'Bearer sk-$HOME;`id`' })
  const failing = print('console.log("sk-abc/+1"); console.error("sk-abc/+1"); process.exit(3)')
  const error: unknown = await loadSecret({ keyCommand: failing }).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'refused', message: `the key command ${process.execPath} fails (3)` })
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('sk-abc')
  await expect(loadSecret({ keyCommand: ['/no/such/program'] })).rejects.toMatchObject({ code: 'refused', message: 'the key command /no/such/program fails (ENOENT)' })
})

it('hides a key in base64 of more than the key', async () => {
  const keyFile = join(folder, 'good')
  const secret = await loadSecret({ keyFile })
  for (const before of ['', 'a', 'Bearer ', 'user:']) {
    const scrubbed = secret.scrub(Buffer.from(`${before}sk-abc/+1 and more`).toString('base64'))
    expect(Buffer.from(scrubbed.replace('[key]', ''), 'base64').toString()).not.toContain('abc')
    expect(scrubbed).toContain('[key]')
  }
})

it('hides a key wherever the pieces of a text are cut, and changes nothing else', async () => {
  const key = 'sk-aabaab'
  const keyFile = join(folder, 'twice')
  await writeFile(keyFile, key, { mode: 0o600 })
  const secret = await loadSecret({ keyFile })
  const part = fc.oneof(fc.constantFrom(key, encodeURIComponent(key), key.slice(0, 5), key.slice(3), 'sk-', 'a'), fc.string({ maxLength: 4 }))
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 12 }), fc.array(fc.nat({ max: 12 }), { maxLength: 12 }), async (parts, cuts) => {
      const text = parts.join('')
      const scrubber = secret.scrubber()
      let [shown, rest] = ['', text]
      for (const cut of cuts) {
        shown += scrubber.push(rest.slice(0, cut))
        rest = rest.slice(cut)
      }
      expect(shown + scrubber.push(rest) + scrubber.end()).toBe(secret.scrub(text))
      await Promise.resolve()
    }),
  )
})
