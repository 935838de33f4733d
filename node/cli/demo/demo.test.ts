import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isProcessAlive } from '../run-file.ts'

const fixtureNode = fileURLToPath(new URL('../fixture-node.ts', import.meta.url))
let folder: string
let launched: ChildProcess[]
let nodes: number[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-demo-test-'))
  launched = []
  nodes = []
})
afterEach(async () => {
  for (const child of launched) child.kill('SIGKILL')
  for (const pid of nodes.filter(isProcessAlive)) process.kill(pid, 'SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

interface Demo {
  child: ChildProcess
  printed: { out: string; err: string }
  ended: Promise<number | string>
}

/** The demo with nodes that are test fixtures, in processes of their own; temporary folders go below `folder`. */
function launchDemo(...args: string[]): Demo {
  const child = spawn(process.execPath, [fixtureNode, 'demo', '--nodes', '3', '--pause', '0.01', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
    detached: true,
  })
  launched.push(child)
  const printed = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (printed.out += chunk))
  child.stderr.on('data', (chunk) => (printed.err += chunk))
  return { child, printed, ended: new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code ?? 0))) }
}

const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 25_000, interval: 20 })

async function untilRunning(demo: Demo): Promise<void> {
  await until(() => expect(demo.printed.out).toMatch(/^round 1 closed/m))
  nodes = [...demo.printed.err.matchAll(/process (\d+)$/gm)].map((match) => Number(match[1]))
  expect(nodes).toHaveLength(3)
  expect(nodes.every(isProcessAlive)).toBe(true)
}

describe('demo', () => {
  it('prints a line per closed round with winner, credit and points, ends with 0 and leaves nothing', async () => {
    const demo = launchDemo('--rounds', '2')
    expect(await demo.ended).toBe(0)
    const lines = demo.printed.out.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    for (const line of lines) expect(line).toMatch(/^round \d closed: .*winner quiet-red-fox.*credit quiet-red-fox \+1\.000.*points quiet-red-fox 1000/)
    expect(demo.printed.err).toMatch(/npx peerage reputation --node http:\/\/127\.0\.0\.1:\d+/)
    expect(await readdir(folder)).toEqual([])
  })
  it('prints NDJSON with --json, keeps the nodes with --dir and goes on with them', async () => {
    const dir = join(folder, 'kept')
    const members: unknown[] = []
    for (const attempt of [1, 2]) {
      const demo = launchDemo('--rounds', '1', '--json', '--dir', dir)
      expect(await demo.ended, `attempt ${attempt}`).toBe(0)
      const documents = demo.printed.out.trimEnd().split('\n').map((line) => JSON.parse(line) as { schema: string; type: string; nodes?: { memberId: string }[] })
      expect(documents.every(({ schema }) => schema === 'peerage.demo/v1')).toBe(true)
      expect(documents.map(({ type }) => type)).toEqual(['ready', 'asked', 'round-closed'])
      members.push(documents[0]?.nodes?.map(({ memberId }) => memberId))
    }
    expect(members[0]).toEqual(members[1])
  })
  it.each(['SIGINT', 'SIGTERM'] as const)('ends all its nodes within 3 s of a %s to itself, with 130', async (signal) => {
    const demo = launchDemo()
    await untilRunning(demo)
    const begun = performance.now()
    demo.child.kill(signal)
    expect(await demo.ended).toBe(130)
    expect(performance.now() - begun).toBeLessThan(3_000)
    expect(nodes.some(isProcessAlive)).toBe(false)
    expect(await readdir(folder)).toEqual([])
  })
  it('ends in order when a terminal interrupts the whole group', async () => {
    const demo = launchDemo()
    await untilRunning(demo)
    process.kill(-(demo.child.pid as number), 'SIGINT')
    expect(await demo.ended).toBe(130)
    expect(demo.printed.err).not.toContain('ended:')
    expect(nodes.some(isProcessAlive)).toBe(false)
  })
  it('takes its nodes with it when it is killed outright', async () => {
    const demo = launchDemo()
    await untilRunning(demo)
    demo.child.kill('SIGKILL')
    await until(() => expect(nodes.some(isProcessAlive)).toBe(false))
  })
  it('reports a node that dies and ends with 5 when too few are left', async () => {
    const demo = launchDemo()
    await untilRunning(demo)
    process.kill(nodes[2] as number, 'SIGKILL')
    expect(await demo.ended).toBe(5)
    expect(demo.printed.err).toMatch(/\(process \d+\) ended: SIGKILL/)
    expect(existsSync(folder) && (await readdir(folder)).length).toBe(0)
  })
})
