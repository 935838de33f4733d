import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { existsSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isProcessAlive } from './run-file.ts'

const bin = fileURLToPath(new URL('../bin.js', import.meta.url))
const OLD_NODE = '/usr/bin/node'
const hasOldNode = existsSync(OLD_NODE) && /^v(1[4-9]|2[01])\./.test(spawnSync(OLD_NODE, ['--version'], { encoding: 'utf8' }).stdout)

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-bin-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** A bin.js in a folder of its own with this Node installed beside it and `main` as what it runs. */
async function installBin(main: string): Promise<string> {
  await mkdir(join(folder, 'node', 'cli'), { recursive: true })
  await mkdir(join(folder, 'node_modules', '.bin'), { recursive: true })
  await copyFile(bin, join(folder, 'node', 'bin.js'))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(join(folder, 'node', 'cli', 'main.ts'), main)
  symlinkSync(process.execPath, join(folder, 'node_modules', '.bin', 'node'))
  return join(folder, 'node', 'bin.js')
}

describe('bin.js', () => {
  it('runs the command line and ends with its exit code', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'frobnicate'], { encoding: 'utf8' })
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain('frobnicate')
  })
})

describe.skipIf(!hasOldNode)('bin.js on an older Node', () => {
  it('runs the same on the one npm installed beside it', () => {
    const { status, stdout } = spawnSync(OLD_NODE, [bin, '--version'], { encoding: 'utf8' })
    expect([status, stdout]).toEqual([0, '0.1.0\n'])
  })
  it('passes arguments, streams and the exit code on', async () => {
    const installed = await installBin(`
      import { readFileSync } from 'node:fs'
      export async function main(args: string[]) {
        console.log(JSON.stringify([args, readFileSync(0, 'utf8')]))
        process.exit(9)
      }`)
    const { status, stdout } = spawnSync(OLD_NODE, [installed, 'a b', '--c'], { encoding: 'utf8', input: 'typed' })
    expect([status, JSON.parse(stdout)]).toEqual([9, [['a b', '--c'], 'typed']])
  })
  it('passes signals on and waits for the end', async () => {
    const installed = await installBin(`
      export async function main() {
        process.on('SIGINT', () => setTimeout(() => { console.log('ended in order'); process.exit(130) }, 50))
        setInterval(() => {}, 1000)
        process.kill(process.ppid, 'SIGINT')
      }`)
    const { status, stdout } = spawnSync(OLD_NODE, [installed], { encoding: 'utf8', timeout: 10_000 })
    expect([status, stdout]).toEqual([130, 'ended in order\n'])
  })
  it('takes the node with it when it is killed outright', async () => {
    const fixture = new URL('./fixture-node.ts', import.meta.url).href
    const installed = await installBin(`export const main = () => import(${JSON.stringify(fixture)})`)
    const home = join(folder, 'home')
    expect(spawnSync(process.execPath, [bin, 'init', '--home', home]).status).toBe(0)
    const wrapper = spawn(OLD_NODE, [installed, 'start', '--home', home, '--http-port', '0', '--json'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const [line] = (await once(wrapper.stdout, 'data')) as [Buffer]
    const { pid } = JSON.parse(line.toString()) as { pid: number }
    expect([pid === wrapper.pid, isProcessAlive(pid)]).toEqual([false, true])
    wrapper.kill('SIGKILL')
    await vi.waitFor(() => expect(isProcessAlive(pid)).toBe(false), { timeout: 5_000, interval: 20 })
  })
  it('says what is needed where there is no newer one', async () => {
    await copyFile(bin, join(folder, 'bin.mjs'))
    const { status, stdout, stderr } = spawnSync(OLD_NODE, [join(folder, 'bin.mjs'), 'status'], { encoding: 'utf8' })
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/needs Node\.js 22\.18 or newer/)
  })
})
