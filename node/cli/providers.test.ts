import { chmod, lstat, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sayJson, sayModels, sayStatus, startChatServer } from '../agents/openai-fixture.ts'
import type { ChatServer } from '../agents/openai-fixture.ts'
import { runToEnd } from './context-fixture.ts'
import type { VerbRun } from './context-fixture.ts'

let server: ChatServer
let other: ChatServer
let gone: string
let folder: string
beforeAll(async () => {
  ;[server, other] = [await startChatServer(), await startChatServer()]
  const closed = await startChatServer()
  gone = closed.baseUrl
  await closed.close()
})
afterAll(async () => {
  await Promise.all([server.close(), other.close()])
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-providers-'))
  server.behave(sayJson('ready', [12, 2]))
  server.behaveAsked(sayModels(['embed-it', 'small-model', 'big-model'], 'llamacpp'))
  other.behave(sayJson('ready'))
  other.behaveAsked(sayModels(['another'], 'vllm'))
})
afterEach(() => rm(folder, { recursive: true }))

const lookAt = (...urls: string[]): { env: Record<string, string> } => ({ env: { PEERAGE_DISCOVER: urls.join(',') || 'none' } })
const init = (urls: string[], ...flags: string[]): Promise<VerbRun> => runToEnd(['init', '--home', folder, ...flags], lookAt(...urls))
const providers = (args: string[], ...urls: string[]): Promise<VerbRun> => runToEnd(['providers', ...args, '--home', folder], lookAt(...urls))
const configText = (): Promise<string> => readFile(join(folder, 'config.toml'), 'utf8')
const agentTable = async (): Promise<unknown> => parse(await configText())['agent']

describe('init', () => {
  it('takes the first model that it finds on this machine, says so, and names the other servers', async () => {
    const { code, out } = await init([gone, server.baseUrl, other.baseUrl])
    expect(code).toBe(0)
    expect(out).toContain(`found llama.cpp at ${server.baseUrl}, with small-model, big-model\n`)
    expect(out).toContain(`agent openai small-model at ${server.baseUrl}\n`)
    expect(out).toContain(`add the other: peerage providers add ${other.baseUrl}\n`)
    expect(await agentTable()).toEqual({ type: 'openai', baseUrl: server.baseUrl, model: 'small-model' })
  })

  it('falls back to the solver where there is no model', async () => {
    other.behaveAsked(sayModels([], 'library'))
    const { code, out } = await init([gone, other.baseUrl], '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ agent: { type: 'solver', model: null, found: [{ baseUrl: other.baseUrl, models: [] }] } })
    expect(await agentTable()).toEqual({ type: 'solver', strategy: 'searching' })
  })

  it('looks for nothing where it is told what answers', async () => {
    await init([server.baseUrl], '--agent', 'solver')
    expect(await agentTable()).toEqual({ type: 'solver', strategy: 'searching' })
  })

  it('completes what a flag leaves open', async () => {
    const root = other.baseUrl.replace('/v1', '')
    expect((await init([server.baseUrl], '--provider', root)).code).toBe(0)
    expect(await agentTable()).toEqual({ type: 'openai', baseUrl: other.baseUrl, model: 'another' })
    await rm(join(folder, 'config.toml'))
    expect((await init([other.baseUrl, server.baseUrl], '--model', 'big-model')).code).toBe(0)
    expect(await agentTable()).toEqual({ type: 'openai', baseUrl: server.baseUrl, model: 'big-model' })
    await rm(join(folder, 'config.toml'))
    expect((await init([], '--base-url', gone, '--model', 'x')).code).toBe(0)
    expect(await agentTable()).toEqual({ type: 'openai', baseUrl: gone, model: 'x' })
  })

  it('writes nothing where that cannot be', async () => {
    expect(await init([], '--provider', gone)).toMatchObject({ code: 6, err: expect.stringContaining('lists no models') })
    expect(await init([server.baseUrl], '--model', 'huge')).toMatchObject({ code: 2, err: expect.stringContaining('No server with the model huge was found') })
    expect(await init([], '--agent', 'openai')).toMatchObject({ code: 2, err: expect.stringContaining('No server with a model was found') })
    expect(await init([], '--provider', 'nonsense')).toMatchObject({ code: 2 })
    expect(await init([], '--provider', gone, '--base-url', gone)).toMatchObject({ code: 2 })
    await expect(configText()).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('providers', () => {
  it('lists what is configured, the place of its key, and what else runs here', async () => {
    await init([], '--base-url', server.baseUrl, '--model', 'small-model', '--key-env', 'SOME_KEY')
    const { code, out } = await providers(['list', '--json'], server.baseUrl.replace('127.0.0.1', 'localhost'), other.baseUrl)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      schema: 'peerage.providers/v1',
      agent: 'openai',
      currency: 'USD',
      providers: [{ id: 'agent', baseUrl: server.baseUrl, model: 'small-model', roles: ['answer', 'judge'], key: 'variable SOME_KEY', price: null, status: null }],
      found: [{ kind: 'vllm', baseUrl: other.baseUrl, models: ['another'] }],
    })
    expect((await providers(['list'], other.baseUrl)).out).toContain(`add it: peerage providers add ${other.baseUrl}`)
  })

  it('adds, tries and removes one; comments stay, and the solver comes back at the end', async () => {
    await init([])
    await writeFile(join(folder, 'config.toml'), `# mine\n${await configText()}# the end\n`)
    const before = await configText()
    expect(await providers(['add', '--price-input', '0.5', '--price-output', '2', '--id', 'quick', '--role', 'answer'], server.baseUrl)).toMatchObject({ code: 0, out: expect.stringContaining('added quick: small-model') })
    expect(await providers(['add'], server.baseUrl, other.baseUrl)).toMatchObject({ code: 0, out: expect.stringContaining('added vllm: another') })
    expect(await agentTable()).toEqual({
      type: 'providers',
      providers: [
        { id: 'quick', baseUrl: server.baseUrl, model: 'small-model', price: { input: 0.5, output: 2 }, roles: ['answer'] },
        { id: 'vllm', baseUrl: other.baseUrl, model: 'another' },
      ],
    })
    const tried = await providers(['test', '--json'])
    expect(JSON.parse(tried.out)).toMatchObject({
      trials: [
        { id: 'quick', model: 'small-model', text: 'ready', usage: { inputTokens: 12, outputTokens: 2 }, costMicro: 10, currency: 'USD' },
        { id: 'vllm', usage: null, costMicro: 0 },
      ],
    })
    expect((await providers(['test', 'quick'])).out).toMatch(/^quick: small-model answers within \d+ ms; 12 tokens in, 2 out; 0\.000010 USD; says "ready"$/m)
    expect(await configText()).toContain('# mine')
    for (const id of ['quick', 'vllm']) expect((await providers(['remove', id])).code).toBe(0)
    expect(parse(await configText())).toEqual(parse(before))
    expect(await configText()).toContain('# the end')
  })

  it('changes the file that a link leads to, and not who may read it', async () => {
    await init([])
    const [link, target] = [join(folder, 'config.toml'), join(folder, 'kept-elsewhere.toml')]
    await rename(link, target)
    await symlink(target, link)
    await chmod(target, 0o600)
    expect((await providers(['add', server.baseUrl])).code).toBe(0)
    expect([(await lstat(link)).isSymbolicLink(), (await stat(target)).mode & 0o777]).toEqual([true, 0o600])
    expect(await agentTable()).toMatchObject({ type: 'providers' })
  })

  it('tells by its exit code why a trial failed: provider, limit, configuration', async () => {
    await init([], '--base-url', server.baseUrl, '--model', 'small-model')
    server.behave(sayStatus(401, 'who are you?'))
    expect(await providers(['test'])).toMatchObject({ code: 6, err: 'peerage: The agent failed (refused): agent: the endpoint answers 401: who are you?\n' })
    await writeFile(join(folder, 'config.toml'), `${await configText()}\n[limits.perDay]\ncalls = 2\n`)
    server.behave(sayJson('ready'))
    expect(await providers(['test'])).toMatchObject({ code: 0 })
    expect(await providers(['test'])).toMatchObject({ code: 9, err: expect.stringContaining('the limit per day of 2 calls would be exceeded') })
    expect(server.seen.length).toBe(1)
    expect(await providers(['test', 'nobody'])).toMatchObject({ code: 3 })
    expect(await providers(['remove', 'nobody'])).toMatchObject({ code: 3 })
    await writeFile(join(folder, 'config.toml'), '[agent]\ntype = "command"\ncommand = "x"\n')
    expect(await providers(['test'])).toMatchObject({ code: 3 })
    expect(await providers(['add', server.baseUrl])).toMatchObject({ code: 3, err: expect.stringContaining('an agent of type command has no providers') })
  })

  it('tries those after one that fails, and ends as that one does', async () => {
    await init([], '--base-url', gone, '--model', 'first')
    await providers(['add', other.baseUrl])
    expect(await providers(['test'])).toMatchObject({ code: 6, out: expect.stringContaining('another answers'), err: expect.stringContaining('(unreachable): agent:') })
  })
  it('adds nothing that would not be valid', async () => {
    await init([])
    const before = await configText()
    expect(await providers(['add', server.baseUrl, '--id', 'Not Good'])).toMatchObject({ code: 2 })
    expect(await providers(['add', server.baseUrl, '--key-env', 'A', '--key-file', 'b'])).toMatchObject({ code: 2 })
    expect(await providers(['add', gone])).toMatchObject({ code: 6 })
    expect(await providers(['add'])).toMatchObject({ code: 2 })
    expect(await configText()).toBe(before)
  })
})
