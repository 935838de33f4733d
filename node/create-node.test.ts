import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Agent } from './agents/agent.ts'
import { ConfigError } from './config/config-error.ts'
import { createNode } from './create-node.ts'
import { followRound } from './runtime/follow-round.ts'
import type { RoundDetail, RunningNode } from './service.ts'
import { createScriptedAgent } from './test/memory-network.ts'

const LOOPBACK = { network: { host: '127.0.0.1', port: 0 }, http: { port: 0 } }

let folder: string
const temporary = process.env['TMPDIR']
const running: RunningNode[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-library-'))
  process.env['TMPDIR'] = folder
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((node) => node.stop()))
})
afterAll(async () => {
  if (temporary === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = temporary
  await rm(folder, { recursive: true })
})

const start = async (...given: Parameters<typeof createNode>): Promise<RunningNode> => {
  const node = await createNode(...given)
  running.push(node)
  return node
}

const answerOf = async ({ service }: RunningNode): Promise<RoundDetail> => {
  const { round } = await service.ask({ kind: 'number', prompt: 'six times seven' })
  return followRound(service, round, { signal: AbortSignal.timeout(20_000), timeoutMs: 20_000 })
}

describe('createNode', () => {
  it('refuses what is no agent before anything is made, naming the field', async () => {
    await expect(createNode({ agent: { model: 'm', canAnswer: true, canJudge: true, answer: async () => null, judge: async () => [] } as unknown as Agent })).rejects.toThrow('agent.close must be a function')
    expect(await readdir(folder)).toEqual([])
  })

  it('founds a network of its own in a folder that is gone after the stop, and closes rounds with the given agent', async () => {
    let closed = 0
    const node = await start({ agent: { ...createScriptedAgent('42'), close: async () => void closed++ }, networkName: 'garden' })
    expect(node.service.status()).toMatchObject({ networkName: 'garden', role: 'founder', model: 'says 42' })
    expect(new URL(node.apiUrl).hostname).toBe('127.0.0.1')
    expect(await temporaryFolders()).toHaveLength(1)
    expect(await answerOf(node)).toMatchObject({ status: 'closed', rated: false, winner: { text: 'It is 42.', value: '42' } })
    await node.stop()
    await node.stop()
    expect([closed, await temporaryFolders()]).toEqual([1, []])
  })

  it('ends whole, and says so, where the agent does not end', async () => {
    const stubborn = { ...createScriptedAgent('42'), close: () => Promise.reject(new Error('I stay')) }
    const brief = await createNode({ agent: stubborn })
    await expect(brief.stop()).rejects.toThrow('I stay')
    expect(await temporaryFolders()).toEqual([])
    const home = join(folder, 'stubborn')
    const first = await createNode({ home, agent: stubborn, config: LOOPBACK })
    await expect(first.stop()).rejects.toThrow('I stay')
    expect((await start({ home, agent: createScriptedAgent('42'), config: LOOPBACK })).service.status().role).toBe('founder')
  })

  it('changes nothing in the settings that it is given', async () => {
    const config = { network: Object.freeze({ host: '127.0.0.1', port: 0 }), http: Object.freeze({ port: 0 }), agent: Object.freeze({ type: 'solver' as const, strategy: 'hasty' as const }) }
    expect((await start({ home: join(folder, 'frozen'), config })).service.status().role).toBe('founder')
  })

  it('keeps key, network and record in a home', async () => {
    const home = join(folder, 'kept')
    const first = await start({ home, agent: createScriptedAgent('42'), config: LOOPBACK })
    const { memberId, networkId } = first.service.status()
    const { round } = await answerOf(first)
    await first.stop()
    const again = await start({ home, agent: createScriptedAgent('41'), config: LOOPBACK })
    expect(again.service.status()).toMatchObject({ memberId, networkId, model: 'says 41' })
    expect(await again.service.round(round)).toMatchObject({ status: 'closed' })
    expect((await readdir(home)).sort()).toEqual(['genesis.json', 'identity.key', 'notes', 'store'])
  })

  it('lays settings over those of config.toml, field by field, and takes its agent as a whole', async () => {
    const home = join(folder, 'file')
    const first = await start({ home, config: LOOPBACK })
    await first.stop()
    await writeFile(join(home, 'config.toml'), '[agent]\ntype = "solver"\nstrategy = "searching"\n\n[network]\nhost = "127.0.0.1"\nport = 1\n\n[http]\nport = 0\n')
    const node = await start({ home, config: { agent: { type: 'solver', strategy: 'greedy' }, network: { port: 0 } } })
    expect(node.service.status().model).toBe('solver:greedy')
    expect(node.service.status().addresses.join()).not.toContain('/tcp/1/')
  })

  it('rejects settings that are none and a start that is called off, and leaves nothing behind', async () => {
    await expect(createNode({ config: { logLevel: 'loud' as 'info' } })).rejects.toThrow(ConfigError)
    await expect(createNode({ config: { http: { host: '0.0.0.0', port: 0 } } })).rejects.toMatchObject({ code: 'token-required' })
    await expect(createNode({ signal: AbortSignal.abort(new Error('changed my mind')) })).rejects.toThrow('changed my mind')
    expect(await temporaryFolders()).toEqual([])
  })
})

/** Folders that nodes without a home make. */
async function temporaryFolders(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('peerage-'))
}
