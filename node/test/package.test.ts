/** What `npm pack` makes is installed in an empty folder, as npm would, and used: as a program, as a library, by the compiler. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startChild } from '../cli/demo/child-node.ts'
import { resolveHome } from '../config/home.ts'
import { configure } from './testnet-processes.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const EXAMPLE = fileURLToPath(new URL('../examples/embed.ts', import.meta.url))
const PACKED = ['consensus', 'credit', 'protocol', 'node', 'package.json', 'tsconfig.json', 'tsconfig.package.json', 'README.md', 'LICENSE']

let folder: string
let app: string
let files: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-package-'))
  app = join(folder, 'app')
  const tarball = await pack(join(folder, 'source'))
  await install(tarball)
}, 120_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Packs a copy of the sources: a build in place would change what other tests see. */
async function pack(source: string): Promise<string> {
  await Promise.all(PACKED.map((path) => cp(join(ROOT, path), join(source, path), { recursive: true })))
  await symlink(join(ROOT, 'node_modules'), join(source, 'node_modules'))
  const env = { ...process.env, npm_config_offline: 'true', npm_config_update_notifier: 'false', npm_config_json: 'true' }
  const { stdout } = await run('npm', ['pack', '--pack-destination', folder], { cwd: source, env, maxBuffer: 16_000_000 })
  const listed: unknown = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)))
  const [packed] = Object.values(listed as Record<string, { filename: string; files: { path: string }[] }>)
  files = packed?.files.map(({ path }) => path) ?? []
  return join(folder, packed?.filename ?? '')
}

/** Unpacks it into node_modules, with the dependencies it names and no others beside it. */
async function install(tarball: string): Promise<void> {
  const modules = join(app, 'node_modules')
  await mkdir(join(modules, 'peerage'), { recursive: true })
  await mkdir(join(modules, '.bin'))
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, 'peerage')])
  for (const name of Object.keys((await manifest()).dependencies)) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(join(ROOT, 'node_modules', name), join(modules, name))
  }
  await symlink('../peerage/node/bin.js', join(modules, '.bin', 'peerage'))
  await writeFile(join(app, 'package.json'), '{"type":"module"}')
}

interface Manifest {
  version: string
  dependencies: Record<string, string>
}

const manifest = async (): Promise<Manifest> => JSON.parse(await readFile(join(app, 'node_modules', 'peerage', 'package.json'), 'utf8')) as Manifest

const peerage = async (...args: string[]): Promise<string> => {
  const { stdout } = await run(process.execPath, [join(app, 'node_modules', '.bin', 'peerage'), ...args], { cwd: app, env: { PATH: process.env['PATH'] } })
  return stdout
}

describe('the published package', () => {
  it('holds compiled code with its types, and neither tests nor another Node', async () => {
    expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'node/bin.js', 'dist/node/library.js', 'dist/node/library.d.ts', 'dist/node/runtime/compute-worker.js']))
    expect(files.filter((path) => /\.test\.|fixture|conformance|(^|\/)test\/|^scripts/.test(path))).toEqual([])
    expect(files.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))).toEqual([])
    expect(await manifest()).not.toHaveProperty('optionalDependencies')
  })

  it('runs as a program: a node is made, started, asked and stopped', async () => {
    const { version } = await manifest()
    const home = join(folder, 'home')
    expect(await peerage('--version')).toBe(`${version}\n`)
    expect(JSON.parse(await peerage('init', '--home', home, '--json'))).toMatchObject({ schema: 'peerage.init/v1' })
    await configure(join(home, 'config.toml'), { network: { host: '127.0.0.1', port: 0 }, http: { port: 0 } })
    const selfCommand: [string, string] = [process.execPath, join(app, 'node_modules', '.bin', 'peerage')]
    const node = startChild({ home: resolveHome(home, {}), memberId: '', name: 'the node' }, { env: process.env, selfCommand })
    await node.ready
    expect(JSON.parse(await peerage('status', '--home', home, '--json'))).toMatchObject({ networkName: 'home', role: 'founder' })
    expect(await peerage('ask', '--kind', 'countdown', '{"numbers":[75,50,2,3,8,7],"target":812}', '--home', home)).toMatch(/812/)
    await node.stop()
    expect(await node.ended).toBe('exit code 0')
  }, 60_000)

  it('runs as a library: the example closes a round among three nodes with an agent of its own', async () => {
    await cp(EXAMPLE, join(app, 'embed.ts'))
    const { stdout } = await run(process.execPath, ['embed.ts'], { cwd: app })
    expect(stdout).toContain('The sum is 100.')
    expect([...stdout.matchAll(/'[a-z-]+ (\d+)'/g)].map(([, points]) => Number(points)).sort((a, b) => a - b)).toEqual([0, 500, 500])
  }, 60_000)

  it('has types that the compiler takes', async () => {
    await cp(EXAMPLE, join(app, 'embed.ts'))
    await writeFile(join(app, 'wrong.ts'), "import { createNode } from 'peerage'\nawait createNode({ agent: { model: 1 } })\n")
    const compilerOptions = { noEmit: true, strict: true, skipLibCheck: true, module: 'nodenext', target: 'es2024', lib: ['es2024', 'dom'], types: [] }
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['embed.ts', 'wrong.ts'] }))
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
    const { stdout } = await run(process.execPath, [compiler, '-p', app]).catch((error: { stdout: string }) => error)
    expect(stdout).toMatch(/^\S*wrong\.ts\(2,29\): error TS2322.*\n$/)
  }, 60_000)
})
