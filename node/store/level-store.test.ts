import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLevelStore } from './level-store.ts'
import { describeStore } from './store-conformance.ts'

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'peerage-store-'))

describeStore('level', async () => {
  const folder = await newFolder()
  const open = () => openLevelStore(join(folder, 'data'))
  return { open, reopen: open, cleanUp: () => rm(folder, { recursive: true }) }
})

describe('level store', () => {
  let folder: string
  beforeEach(async () => {
    folder = await newFolder()
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('refuses as `locked` to open what is open', async () => {
    const store = await openLevelStore(folder)
    await expect(openLevelStore(folder)).rejects.toMatchObject({ name: 'StoreError', code: 'locked' })
    await store.close()
    await (await openLevelStore(folder)).close()
  })

  it('refuses as `locked` what another process holds, and holds the writes of a process that was killed', async () => {
    const script = `
      import { openLevelStore } from ${JSON.stringify(join(import.meta.dirname, 'level-store.ts'))}
      const store = await openLevelStore(process.argv[1])
      await store.write([{ key: 'a', value: new Uint8Array([1]) }])
      console.log('written')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    await expect(openLevelStore(folder)).rejects.toMatchObject({ code: 'locked' })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const store = await openLevelStore(folder)
    expect(await store.get('a')).toEqual(new Uint8Array([1]))
    await store.close()
  })

  it('says `corrupt` when the files are damaged', async () => {
    const store = await openLevelStore(folder)
    await store.write([{ key: 'a', value: new Uint8Array([1]) }])
    await store.close()
    const manifest = (await readdir(folder)).find((name) => name.startsWith('MANIFEST')) as string
    await writeFile(join(folder, manifest), 'not a manifest, but long enough to have a broken checksum')
    await expect(openLevelStore(folder)).rejects.toMatchObject({ name: 'StoreError', code: 'corrupt' })
  })

  it('says `io` when the disk refuses a write, and takes no write after it', async () => {
    const script = `
      import { openLevelStore } from ${JSON.stringify(join(import.meta.dirname, 'level-store.ts'))}
      const store = await openLevelStore(process.argv[1])
      const code = (size) => store.write([{ key: 'a', value: new Uint8Array(size) }]).then(() => 'written', (error) => error.code)
      console.log([await code(1000), await code(1_000_000), await code(1)].join())`
    const child = spawn('sh', ['-c', `ulimit -f 64; exec "$0" --input-type=module-typescript --eval "$1" "$2"`, process.execPath, script, folder])
    const [output] = await once(child.stdout, 'data')
    expect(String(output).trim()).toBe('written,io,io')
  })

  it('says `io` when the folder cannot be made', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    await expect(openLevelStore(join(file, 'data'))).rejects.toMatchObject({ name: 'StoreError', code: 'io' })
  })
})
