import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveHome } from './home.ts'
import type { NodeHome } from './home.ts'
import { resolveConfig } from './resolve-config.ts'
import { SETTINGS } from './settings.ts'

const AGENT = '[agent]\ntype = "solver"\nstrategy = "greedy"\n'
const PEER = '/ip4/192.0.2.7/tcp/4747/p2p/12D3KooWGRUzLFnHqVd3EhTGeUXTcXZ7Yz7vHjFYtVQG5kdjzbSx'
let folder: string
let home: NodeHome

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-config-'))
  home = resolveHome(folder, {})
})
afterEach(() => rm(folder, { recursive: true }))

const write = (text: string): Promise<void> => writeFile(home.configFile, text)

describe('a configuration', () => {
  it('needs no more than an agent: the rest has defaults, and the API is on loopback', async () => {
    await write(AGENT)
    const { config } = await resolveConfig(home, {})
    expect(config).toMatchObject({
      name: null,
      agent: { type: 'solver', strategy: 'greedy' },
      genesisFile: join(folder, 'genesis.json'),
      listen: ['/ip4/0.0.0.0/tcp/4747'],
      bootstrap: [],
      http: { host: '127.0.0.1', port: 4748, token: null },
    })
  })
  it('comes from flag before environment before file before default, and says which', async () => {
    await write(`${AGENT}[network]\nport = 1\n[http]\nport = 2\nhost = "::1"\n`)
    const env = { PEERAGE_PORT: '3', PEERAGE_HTTP_PORT: '4' }
    const { config, origins } = await resolveConfig(home, env, { 'http.port': '5' })
    expect([config.listen, config.http]).toEqual([['/ip4/0.0.0.0/tcp/3'], { host: '::1', port: 5, token: null }])
    expect(origins).toMatchObject({ 'network.port': 'env', 'http.port': 'flag', 'http.host': 'file', 'network.host': 'default' })
  })
  it('takes lists from the environment with commas, and from flags as they are', async () => {
    await write(AGENT)
    expect((await resolveConfig(home, { PEERAGE_BOOTSTRAP: `${PEER}, ${PEER}` })).config.bootstrap).toEqual([PEER, PEER])
    expect((await resolveConfig(home, {}, { 'network.listen': ['/ip6/::1/tcp/9'] })).config.listen).toEqual(['/ip6/::1/tcp/9'])
  })
  it('takes an empty variable for an absent one', async () => {
    await write(AGENT)
    expect((await resolveConfig(home, { PEERAGE_PORT: '' })).origins['network.port']).toBe('default')
  })
  it('reads the token of the API from its variable or its file, never from itself', async () => {
    await write(`${AGENT}[http]\ntokenFile = "token"\n`)
    await writeFile(join(folder, 'token'), 'from-file\n')
    expect((await resolveConfig(home, {})).config.http.token).toBe('from-file')
    expect((await resolveConfig(home, { PEERAGE_HTTP_TOKEN: 'from-env' })).config.http.token).toBe('from-env')
    await write(`${AGENT}[http]\ntoken = "inline"\n`)
    await expect(resolveConfig(home, {})).rejects.toMatchObject({ field: 'http.token' })
  })
})

describe('a faulty configuration', () => {
  it.each([
    ['[agent\n', 'syntax', null],
    ['', 'invalid', 'agent'],
    [`${AGENT}colour = "red"\n`, 'invalid', 'agent.colour'],
    [`colour = "red"\n${AGENT}`, 'invalid', 'colour'],
    [`${AGENT}[network]\nport = "4747"\n`, 'invalid', 'network.port'],
    [`${AGENT}[network]\nport = 70000\n`, 'invalid', 'network.port'],
    [`${AGENT}[network]\nbootstrap = ["/ip4/127.0.0.1/tcp/1"]\n`, 'invalid', 'network.bootstrap.0'],
    [`network = 1\n${AGENT}`, 'invalid', 'network'],
  ])('%j is refused with the file and the field', async (text, code, field) => {
    await write(text)
    await expect(resolveConfig(home, {})).rejects.toMatchObject({ name: 'ConfigError', code, field, source: home.configFile })
    await expect(resolveConfig(home, {})).rejects.toThrow(home.configFile)
  })
  it('is told by the variable or flag that is to blame', async () => {
    await write(AGENT)
    await expect(resolveConfig(home, { PEERAGE_HTTP_PORT: 'eighty' })).rejects.toMatchObject({ code: 'invalid', source: 'PEERAGE_HTTP_PORT' })
    await expect(resolveConfig(home, {}, { 'network.port': '-1' })).rejects.toMatchObject({ code: 'invalid-flag', source: '--port' })
    await expect(resolveConfig(home, {}, { 'network.bootstrap': ['nowhere'] })).rejects.toMatchObject({ code: 'invalid-flag', source: '--bootstrap' })
  })
  it('says what to do where there is none', async () => {
    await expect(resolveConfig(home, {})).rejects.toMatchObject({ code: 'missing', hint: expect.stringContaining('peerage init') })
  })
})

describe('settings', () => {
  it('have one variable, one flag and one path each', () => {
    for (const key of ['path', 'env', 'flag'] as const) expect(new Set(SETTINGS.map((setting) => setting[key])).size).toBe(SETTINGS.length)
  })
})
