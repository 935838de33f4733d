import { describe, expect, it } from 'vitest'
import type { AskRequest } from '../service.ts'
import { createMemoryStore } from '../store/memory-store-fixture.ts'
import { createIdempotency } from './idempotency.ts'

const task: AskRequest = { prompt: 'What is 6 x 7?', kind: 'number', truth: { accepted: ['42'] } }

function counting() {
  let asked = 0
  return { ask: async () => ({ round: `round-${++asked}` }), count: () => asked }
}

describe('createIdempotency', () => {
  it('gives the same round for the same key and task, one after the other and at once', async () => {
    const { once } = createIdempotency(createMemoryStore())
    const { ask, count } = counting()
    const rounds = await Promise.all([once('k', task, ask), once('k', { ...task, reference: undefined }, ask)])
    rounds.push(await once('k', task, ask))
    expect([rounds, count()]).toEqual([Array.from({ length: 3 }, () => ({ round: 'round-1' })), 1])
    expect(await once('other', task, ask)).toEqual({ round: 'round-2' })
  })
  it('remembers what it used after a restart', async () => {
    const store = createMemoryStore()
    const { ask, count } = counting()
    await createIdempotency(store).once('k', task, ask)
    expect(await createIdempotency(store).once('k', task, ask)).toEqual({ round: 'round-1' })
    expect(count()).toBe(1)
  })
  it('refuses another task with a key that was used', async () => {
    const { once } = createIdempotency(createMemoryStore())
    const { ask } = counting()
    const running = once('k', task, ask)
    await expect(once('k', { ...task, kind: 'text' }, ask)).rejects.toMatchObject({ code: 'key-reused' })
    await running
    await expect(once('k', { ...task, prompt: 'else' }, ask)).rejects.toMatchObject({ code: 'key-reused' })
  })
  it('frees the key where asking failed', async () => {
    const { once } = createIdempotency(createMemoryStore())
    const { ask } = counting()
    await expect(once('k', task, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await once('k', { ...task, prompt: 'else' }, ask)).toEqual({ round: 'round-1' })
  })
  it('forgets the oldest of more than a thousand keys, in the store too', async () => {
    const store = createMemoryStore()
    const { once } = createIdempotency(store)
    const { ask, count } = counting()
    for (let key = 0; key <= 1_000; key++) await once(String(key), task, ask)
    let held = 0
    for await (const _ of store.range('idempotency/')) held++
    expect(held).toBe(1_000)
    await once('1000', task, ask)
    await once('0', task, ask)
    expect(count()).toBe(1_002)
  })
})
