import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sayEvents, sayJson, sayModels, sayStatus, startChatServer } from '../openai-fixture.ts'
import type { ChatServer, Respond } from '../openai-fixture.ts'
import { limitsSchema } from './limits.ts'
import type { Limits } from './limits.ts'
import type { CallPurpose, Model, ModelCall, ModelReply } from './model.ts'
import { createModelPool } from './model-pool.ts'
import type { ModelPool } from './model-pool.ts'
import type { ProviderConfig } from './provider-config.ts'
import { createSpending, unsavedRecord } from './spending.ts'

let local: ChatServer
let cloud: ChatServer
let pools: ModelPool[]
beforeAll(async () => {
  ;[local, cloud] = [await startChatServer(), await startChatServer()]
})
afterAll(async () => {
  await Promise.all([local.close(), cloud.close()])
})
beforeEach(() => {
  pools = []
  local.behave(sayJson('local', [10, 5]))
  cloud.behave(sayJson('cloud', [10, 5]))
  for (const server of [local, cloud]) server.behaveAsked(sayModels(['m']))
})
afterEach(() => pools.forEach((pool) => pool.close()))

const never = (): AbortSignal => new AbortController().signal
const callFor = (purpose: Partial<CallPurpose> = {}, content = 'hello'): ModelCall => ({ messages: [{ role: 'user', content }], purpose: { job: 'answer', round: 'r', isOwn: false, ...purpose } })

async function createPool(providers: Partial<ProviderConfig>[], limits: Partial<Limits> = {}): Promise<ModelPool & { answering: Model }> {
  const checked = limitsSchema.parse(limits)
  const configs = providers.map((provider, index) => ({ id: `p${index}`, baseUrl: index === 0 ? local.baseUrl : cloud.baseUrl, model: 'm', retryMs: 1, ...provider }))
  const pool = await createModelPool({ providers: configs, limits: checked, spending: createSpending({ limits: checked, ...unsavedRecord() }), probeMs: 20 })
  pools.push(pool)
  return pool as ModelPool & { answering: Model }
}
const ask = ({ answering }: { answering: Model }, purpose?: Partial<CallPurpose>, content?: string): Promise<ModelReply> => answering.complete(callFor(purpose, content), never())

describe('a pool of providers', () => {
  it('replies with text, usage and cost', async () => {
    const pool = await createPool([{ price: { input: 2, output: 10 } }])
    expect(await ask(pool)).toEqual({ text: 'local', finish: 'stop', usage: { inputTokens: 10, outputTokens: 5 }, costMicro: 70 })
    expect(pool.health.providers()[0]?.today).toEqual({ costMicro: 70, tokens: 15, calls: 1 })
  })

  it('has each provider do what it is there for', async () => {
    const pool = await createPool([{ roles: ['judge'] }, { roles: ['answer'], model: 'big' }])
    expect((await ask(pool)).text).toBe('cloud')
    expect((await pool.judging?.complete(callFor({ job: 'judge' }), never()))?.text).toBe('local')
    expect(pool.answering.name).toBe('big')
    expect((await createPool([{ roles: ['judge'] }])).answering).toBeNull()
  })

  it.each<[string, Respond]>([
    ['is down', sayStatus(503, 'gone fishing')],
    ['limits its rate', sayStatus(429, 'slowly', { 'retry-after': '30' })],
    ['takes the key no more', sayStatus(401, 'who are you?')],
    ['talks nonsense', sayStatus(200, 'nonsense')],
    ['breaks off', sayEvents('partial', { done: false })],
  ])('goes on to the next one where the first %s', async (_, say) => {
    local.behave(say)
    const pool = await createPool([{}, {}])
    expect((await ask(pool)).text).toBe('cloud')
    expect(local.seen.length).toBeLessThanOrEqual(2)
  })

  it('streams from the next one too, unless text has been shown', async () => {
    const pool = await createPool([{}, {}])
    cloud.behave(sayEvents('from the cloud', { usage: [3, 4] }))
    const gather = async (): Promise<unknown[]> => {
      const events: unknown[] = []
      for await (const event of pool.answering.stream(callFor({ job: 'chat', round: null, isOwn: true }), never())) events.push(event)
      return events
    }
    local.behave(sayStatus(500))
    expect((await gather()).at(-1)).toEqual({ type: 'end', finish: 'stop', usage: { inputTokens: 3, outputTokens: 4 } })
    await expect.poll(() => pool.health.providers()[0]?.state).toBe('ok')
    local.behave(sayEvents('shown and broken', { done: false }))
    await expect(gather()).rejects.toMatchObject({ code: 'unreachable' })
  })

  it('says what each of them said, and blames limits only where nothing else is to blame', async () => {
    local.behave(sayStatus(400, 'too long'))
    cloud.behave(sayStatus(403, 'no'))
    const both = await createPool([{}, {}])
    await expect(ask(both)).rejects.toMatchObject({ code: 'refused', message: 'p0: the endpoint answers 400: too long; p1: the endpoint answers 403: no' })
    const broke = await createPool([{ perDay: { calls: 0 } }, { perDay: { calls: 0 } }])
    await expect(ask(broke)).rejects.toMatchObject({ code: 'budget-refused' })
    const mixed = await createPool([{ perDay: { calls: 0 } }, {}])
    await expect(ask(mixed)).rejects.toMatchObject({ code: 'refused' })
  })
})

describe('limits', () => {
  it('refuse a call before it is made; the next provider may have room', async () => {
    const pool = await createPool([{ perDay: { calls: 1 } }, {}])
    expect([(await ask(pool)).text, (await ask(pool)).text]).toEqual(['local', 'cloud'])
    expect([local.seen.length, cloud.seen.length]).toEqual([1, 1])
  })

  it('count the worst case: a long prompt is refused where a short one is not', async () => {
    const pool = await createPool([{ maxTokens: 50 }], { perRound: { tokens: 1_000 } })
    await expect(ask(pool, {}, 'x'.repeat(1_000))).rejects.toMatchObject({ code: 'budget-refused' })
    expect(local.seen.length).toBe(0)
    await ask(pool)
    expect(local.seen[0]?.body).toMatchObject({ max_tokens: 50 })
  })

  it('bound the reply of a provider that has no limit of its own, and only then', async () => {
    await ask(await createPool([{}], { perDay: { tokens: 100_000 } }))
    expect(local.seen[0]?.body).toMatchObject({ max_tokens: 8_192 })
    await ask(await createPool([{}], { perDay: { calls: 9 } }))
    expect('max_tokens' in (local.seen[1]?.body ?? {})).toBe(false)
  })

  it('charge what the model says it took; its most where it does not say, or breaks off; nothing but the call where it was not at work', async () => {
    const price = { input: 1, output: 1 }
    const spentOn = async (say: Respond): Promise<unknown> => {
      local.behave(say)
      const pool = await createPool([{ price, maxTokens: 100, attemptsMax: 1 }])
      await ask(pool).catch(() => undefined)
      return pool.health.providers()[0]?.today
    }
    const most = 'hello'.length + 2 * 16 + 100
    expect(await spentOn(sayJson('x', [10, 5]))).toEqual({ costMicro: 15, tokens: 15, calls: 1 })
    expect(await spentOn(sayJson('x'))).toEqual({ costMicro: most, tokens: most, calls: 1 })
    expect(await spentOn(sayEvents('x', { done: false }))).toEqual({ costMicro: most, tokens: most, calls: 1 })
    expect(await spentOn(sayStatus(500))).toEqual({ costMicro: 0, tokens: 0, calls: 1 })
  })

  it('leave a pool able while the last call that they allow is under way', async () => {
    const pool = await createPool([{}], { perDay: { calls: 1 } })
    local.behave((seen, response, count) => {
      expect(pool.health.ability()).toEqual({ canAnswer: true, canJudge: true })
      expect(pool.health.providers()[0]).toMatchObject({ state: 'over-limit', running: 1 })
      sayJson('local')(seen, response, count)
    })
    expect((await ask(pool)).text).toBe('local')
    expect(pool.health.ability()).toEqual({ canAnswer: false, canJudge: false })
  })

  it('keep a pool from counting as able where not even a new round has room for a usual call', async () => {
    for (const [cost, isAble] of [[0.01, true], [0.001, false]] as const) {
      const pool = await createPool([{ price: { input: 0.1, output: 1 }, maxTokens: 5_000 }], { perRound: { cost } })
      expect(pool.health.ability()).toEqual({ canAnswer: isAble, canJudge: isAble })
    }
  })

  it('count every attempt', async () => {
    local.behave(sayStatus(500))
    const pool = await createPool([{ attemptsMax: 3 }], { perRound: { calls: 2 } })
    await expect(ask(pool)).rejects.toMatchObject({ code: 'budget-refused' })
    expect(local.seen.length).toBe(2)
  })

  it("leave the owner's own calls what others may not have", async () => {
    const pool = await createPool([{}], { othersPerDay: { calls: 1 } })
    await ask(pool)
    await expect(ask(pool, { round: 'other' })).rejects.toMatchObject({ code: 'budget-refused' })
    expect([pool.health.ability(), pool.health.providers()[0]?.state]).toEqual([{ canAnswer: true, canJudge: true }, 'over-limit'])
    expect((await ask(pool, { isOwn: true, job: 'chat', round: null })).text).toBe('local')
  })
})

describe("a provider at the limit for others' rounds", () => {
  const hold = (): (() => void)[] => {
    const open: (() => void)[] = []
    local.behave((seen, response, count) => void open.push(() => sayJson('local', [1, 1])(seen, response, count)))
    return open
  }

  it('says so at once, though its places are taken by its owner', async () => {
    const open = hold()
    const pool = await createPool([{ concurrency: 1 }], { othersPerDay: { calls: 0 } })
    const own = ask(pool, { isOwn: true })
    await expect.poll(() => open.length).toBe(1)
    await expect(ask(pool)).rejects.toMatchObject({ code: 'budget-refused' })
    expect(pool.health.providers()[0]).toMatchObject({ running: 1, waiting: 0 })
    open[0]?.()
    expect((await own).text).toBe('local')
  })

  it('has others wait for what is set aside for them', async () => {
    const open = hold()
    const pool = await createPool([{ concurrency: 1, maxTokens: 100 }], { othersPerDay: { tokens: 200 } })
    const calls = [ask(pool), ask(pool)]
    await expect.poll(() => open.length).toBe(1)
    expect(pool.health.providers()[0]).toMatchObject({ running: 1, waiting: 1 })
    open.shift()?.()
    await expect.poll(() => open.length).toBe(1)
    open.shift()?.()
    expect((await Promise.all(calls)).map(({ text }) => text)).toEqual(['local', 'local'])
  })
})

describe('the queue of a provider', () => {
  it('keeps to its number of calls at a time; beyond its length the provider is busy, and not able', async () => {
    const open: (() => void)[] = []
    local.behave((seen, response, count) => void open.push(() => sayJson('local')(seen, response, count)))
    const pool = await createPool([{ concurrency: 2, waitingMax: 1 }])
    const calls = [ask(pool), ask(pool), ask(pool)]
    await expect.poll(() => open.length).toBe(2)
    await expect(ask(pool)).rejects.toMatchObject({ code: 'busy' })
    expect(pool.health.providers()[0]).toMatchObject({ state: 'busy', running: 2, waiting: 1 })
    expect(pool.health.ability()).toEqual({ canAnswer: false, canJudge: false })
    open.shift()?.()
    await expect.poll(() => open.length).toBe(2)
    open.forEach((end) => end())
    expect((await Promise.all(calls)).map(({ text }) => text)).toEqual(['local', 'local', 'local'])
    expect(pool.health.ability()).toEqual({ canAnswer: true, canJudge: true })
  })

  it('forgets calls that nobody waits for any more', async () => {
    local.behave(() => undefined)
    const pool = await createPool([{ concurrency: 1, waitingMax: 5 }])
    const controller = new AbortController()
    const calls = [1, 2, 3].map(() => pool.answering.complete(callFor(), controller.signal))
    await expect.poll(() => pool.health.providers()[0]).toMatchObject({ running: 1, waiting: 2 })
    controller.abort(new Error('enough'))
    for (const call of calls) await expect(call).rejects.toThrow('enough')
    expect(pool.health.providers()[0]).toMatchObject({ running: 0, waiting: 0 })
  })
})

describe('a provider that is down', () => {
  it('is not called, looked at, and called again when it is back', async () => {
    local.behave(sayStatus(503, 'gone'))
    local.behaveAsked((_, response) => void response.writeHead(503).end())
    const pool = await createPool([{ attemptsMax: 1 }])
    await expect(ask(pool)).rejects.toMatchObject({ code: 'unreachable', message: 'the endpoint answers 503: gone' })
    expect(pool.health.providers()[0]).toMatchObject({ state: 'down', reason: 'the endpoint answers 503: gone' })
    expect(pool.health.ability()).toEqual({ canAnswer: false, canJudge: false })
    await expect(ask(pool)).rejects.toMatchObject({ code: 'unreachable', message: 'not called: the endpoint answers 503: gone' })
    expect(local.seen.length).toBe(1)
    local.behave(sayJson('back'))
    local.behaveAsked(sayModels(['m']))
    await expect.poll(() => pool.health.ability().canAnswer).toBe(true)
    expect((await ask(pool)).text).toBe('back')
  })

  it('is called again when it answers at all, if it was out of order; when it takes calls, if it refused them', async () => {
    const refuseList = (status: number) => (_: string, response: ServerResponse) => void response.writeHead(status).end()
    for (const [said, code] of [[503, 'unreachable'], [401, 'refused']] as const) {
      local.behave(sayStatus(said, 'no'))
      local.behaveAsked(refuseList(502))
      const pool = await createPool([{ attemptsMax: 1 }])
      await expect(ask(pool)).rejects.toMatchObject({ code })
      await expect(ask(pool)).rejects.toMatchObject({ code, message: expect.stringContaining('not called') })
      let looks = 0
      local.behaveAsked((url, response) => {
        looks++
        refuseList(403)(url, response)
      })
      await expect.poll(() => looks > 1 || pool.health.ability().canAnswer).toBe(true)
      expect(pool.health.ability().canAnswer).toBe(said === 503)
      local.behaveAsked(sayModels(['m']))
      await expect.poll(() => pool.health.ability().canAnswer).toBe(true)
    }
  })

  it('does not make the pool unable while another can do its work', async () => {
    local.behave(sayStatus(503))
    const pool = await createPool([{}, { roles: ['answer'] }])
    local.behaveAsked(() => undefined)
    await ask(pool)
    expect(pool.health.ability()).toEqual({ canAnswer: true, canJudge: false })
  })

  it('is not held against it if only the call was at fault', async () => {
    local.behave(sayStatus(400, 'too long'))
    const pool = await createPool([{}])
    await expect(ask(pool)).rejects.toMatchObject({ code: 'refused' })
    expect(pool.health.ability().canAnswer).toBe(true)
  })
})
