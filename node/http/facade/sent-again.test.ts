import { beforeEach, describe, expect, it } from 'vitest'
import { closeLast, openFacade, untilAsked, type Facade } from './facade-fixture.ts'

let facade: Facade
beforeEach(() => {
  facade = openFacade()
})

const keyed = async (content: string, key: string): Promise<Response> => {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key }
  return facade.app.request('/v1/chat/completions', { method: 'POST', headers, body: JSON.stringify({ model: 'peerage', messages: [{ role: 'user', content }] }) })
}

describe('a request that is sent again', () => {
  it('gets the answer of the same round, and another with its key is refused', async () => {
    const first = keyed('hello', 'one')
    await untilAsked(facade)
    await closeLast(facade, 'hi')
    const bodies = await Promise.all([first, keyed('hello', 'one')].map(async (reply) => (await (await reply).json()) as { id: string }))
    expect([bodies[0]?.id, facade.fixture.asked.length]).toEqual([bodies[1]?.id, 1])
    const other = await keyed('goodbye', 'one')
    expect([other.status, await other.json()]).toMatchObject([400, { error: { code: 'key_reused' } }])
  })

  it.each(['', 'two words', 'x'.repeat(256)])('has a key as the API has it, not "%s"', async (key) => {
    const reply = await keyed('hello', key)
    expect([reply.status, await reply.json()]).toMatchObject([400, { error: { code: 'invalid_value', param: 'idempotency-key' } }])
    expect(facade.fixture.asked).toEqual([])
  })
})
