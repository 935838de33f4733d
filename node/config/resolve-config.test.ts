import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
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
      http: { host: '127.0.0.1', port: 4748, token: null, publicUrl: null, requestsPerSecond: 200 },
    })
  })
  it('comes from flag before environment before file before default, and says which', async () => {
    await write(`${AGENT}[network]\nport = 1\n[http]\nport = 2\nhost = "::1"\n`)
    const env = { PEERAGE_PORT: '3', PEERAGE_HTTP_PORT: '4' }
    const { config, origins } = await resolveConfig(home, env, { 'http.port': '5' })
    expect([config.listen, config.http]).toEqual([['/ip4/0.0.0.0/tcp/3'], { host: '::1', port: 5, token: null, publicUrl: null, requestsPerSecond: 200 }])
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
    expect((await resolveConfig(home, { PEERAGE_HTTP_TOKEN: '' })).config.http.token).toBe('from-file')
    await writeFile(join(folder, 'token'), ' \n')
    await expect(resolveConfig(home, {})).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('token file is empty') })
    await write(`${AGENT}[http]\ntoken = "inline"\n`)
    await expect(resolveConfig(home, {})).rejects.toMatchObject({ field: 'http.token' })
  })
})

const OPENAI = '[agent]\ntype = "openai"\nmodel = "m"\n'
const REMOTE = `${OPENAI}baseUrl = "https://models.example/v1"\n`

describe('the examples of node/README.md', () => {
  it('are valid, alone or with what they leave out', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
    const section = /\n## Configuration\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? ''
    const blocks = section.split(/\n(?! {4}|\n)/).flatMap((part) => part.match(/^ {4}.*$/gm)?.map((line) => line.slice(4)).join('\n') ?? []).filter((block) => block.includes('['))
    expect(blocks).toHaveLength(3)
    const [one, providers, limits] = blocks as [string, string, string]
    await writeFile(join(folder, 'token'), 'secret')
    for (const text of [one, providers, `${providers}\n${limits}`, `${AGENT}${limits}`]) {
      await write(text.replaceAll('12D3KooW...', PEER.split('/').at(-1) as string))
      await resolveConfig(home, {})
    }
  })
})

describe('limits', () => {
  it('are none where none are set, and are those that are set', async () => {
    await write(AGENT)
    expect((await resolveConfig(home, {})).config.limits).toEqual({ askers: 'anyone', currency: 'USD', perRound: {}, perDay: {}, othersPerDay: {} })
    await write(`${AGENT}[limits]\naskers = ["12D3"]\ncurrency = "EUR"\nperRound = { calls = 40 }\n[limits.perDay]\ncost = 2.5\n`)
    expect((await resolveConfig(home, {})).config.limits).toMatchObject({ askers: ['12D3'], currency: 'EUR', perRound: { calls: 40 }, perDay: { cost: 2.5 } })
  })
  it('on costs need a price, except of a model on this machine', async () => {
    await write(`${REMOTE}[limits.perDay]\ncost = 1\n`)
    await expect(resolveConfig(home, {})).rejects.toMatchObject({ code: 'invalid', field: 'agent.price', message: expect.stringContaining('price per million tokens') })
    await write(`${REMOTE}price = { input = 0, output = 0 }\n[limits.perDay]\ncost = 1\n`)
    await resolveConfig(home, {})
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      await write(`${OPENAI}baseUrl = "http://${host}:1/v1"\n[limits.perDay]\ncost = 1\n`)
      await resolveConfig(home, {})
    }
    await write(`[agent]\ntype = "providers"\n[[agent.providers]]\nid = "a"\nbaseUrl = "http://127.0.0.1/v1"\nmodel = "m"\n[[agent.providers]]\nid = "b"\nbaseUrl = "https://models.example/v1"\nmodel = "m"\nperDay = { cost = 1 }\n`)
    await expect(resolveConfig(home, {})).rejects.toMatchObject({ field: 'agent.providers.1.price' })
  })
})

describe('a faulty configuration', () => {
  it.each([
    [`${AGENT}[limits]\naskers = "nobody"\n`, 'invalid', 'limits.askers'],
    [`${AGENT}[limits.perDay]\nmoney = 1\n`, 'invalid', 'limits.perDay.money'],
    [`${AGENT}[limits.perRound]\ncalls = 1.5\n`, 'invalid', 'limits.perRound.calls'],
    [`${REMOTE}key = "sk-1"\n`, 'invalid', 'agent.key'],
    [`${REMOTE}keyEnv = "A"\nkeyCommand = ["b"]\n`, 'invalid', 'agent.keyFile'],
    [`${REMOTE}roles = ["answer"]\n`, 'invalid', 'agent.roles'],
    ['[agent]\ntype = "providers"\nproviders = []\n', 'invalid', 'agent.providers'],
    ['[agent]\ntype = "providers"\n[[agent.providers]]\nid = "A b"\nbaseUrl = "http://x/v1"\nmodel = "m"\n', 'invalid', 'agent.providers.0.id'],
    ['[agent]\ntype = "providers"\n[[agent.providers]]\nid = "a"\nbaseUrl = "http://x/v1"\nmodel = "m"\n[[agent.providers]]\nid = "a"\nbaseUrl = "http://x/v1"\nmodel = "m"\n', 'invalid', 'agent.providers'],
    ['[agent\n', 'syntax', null],
    ['', 'invalid', 'agent'],
    [`${AGENT}colour = "red"\n`, 'invalid', 'agent.colour'],
    [`colour = "red"\n${AGENT}`, 'invalid', 'colour'],
    [`${AGENT}[network]\nport = "4747"\n`, 'invalid', 'network.port'],
    [`${AGENT}[network]\nport = 70000\n`, 'invalid', 'network.port'],
    [`${AGENT}[network]\nbootstrap = ["/ip4/127.0.0.1/tcp/1"]\n`, 'invalid', 'network.bootstrap.0'],
    [`network = 1\n${AGENT}`, 'invalid', 'network'],
    [`${AGENT}[http]\npublicUrl = "peerage.example.org"\n`, 'invalid', 'http.publicUrl'],
    [`${AGENT}[http]\npublicUrl = "https://peerage.example.org/api"\n`, 'invalid', 'http.publicUrl'],
    [`${AGENT}[http]\npublicUrl = "https://me@peerage.example.org"\n`, 'invalid', 'http.publicUrl'],
    [`${AGENT}[http]\npublicUrl = "ftp://peerage.example.org"\n`, 'invalid', 'http.publicUrl'],
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
