import { describe, expect, it } from 'vitest'
import { createFairQueue } from './fair-queue.ts'
import type { FairQueueLimits } from './fair-queue.ts'

function createTest(limits: Partial<FairQueueLimits> = {}) {
  const started: string[] = []
  const endings: (() => void)[] = []
  const queue = createFairQueue<string>({ inFlightMax: 1, queuedMax: 100, queuedPerKeyMax: 100, queuedBytesMax: 1000, ...limits }, (item) => {
    started.push(item)
    return new Promise((resolve) => endings.push(resolve))
  })
  const end = async (): Promise<void> => {
    endings.shift()?.()
    await Promise.resolve()
    await Promise.resolve()
  }
  return { queue, started, end, offer: (item: string, sizeBytes = 1) => queue.offer(item.slice(0, 1), sizeBytes, item) }
}

describe('fair queue', () => {
  it('runs no more at a time than allowed, and everything in the end', async () => {
    const { started, end, offer } = createTest({ inFlightMax: 2 })
    for (const item of ['a1', 'a2', 'a3', 'a4']) expect(offer(item)).toBe(true)
    expect(started).toEqual(['a1', 'a2'])
    await end()
    expect(started).toEqual(['a1', 'a2', 'a3'])
    await end()
    await end()
    await end()
    expect(started).toEqual(['a1', 'a2', 'a3', 'a4'])
  })

  it('gives each key its turn, oldest first within a key, however much one offers', async () => {
    const { started, end, offer } = createTest()
    for (const item of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) offer(item)
    for (let count = 0; count < 7; count++) await end()
    expect(started).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
  })

  it('refuses what exceeds a bound, and has room again afterwards', async () => {
    const perKey = createTest({ queuedPerKeyMax: 1 })
    expect(['a1', 'a2', 'a3', 'b1'].map((item) => perKey.offer(item))).toEqual([true, true, false, true])
    const total = createTest({ queuedMax: 1 })
    expect(['a1', 'a2', 'b1'].map((item) => total.offer(item))).toEqual([true, true, false])
    await total.end()
    expect(total.offer('b1')).toBe(true)
    const bytes = createTest({ queuedBytesMax: 10 })
    expect([bytes.offer('a1', 50), bytes.offer('a2', 10), bytes.offer('b1', 1)]).toEqual([true, true, false])
    await bytes.end()
    expect(bytes.offer('b1', 10)).toBe(true)
  })

  it('forgets what waits when cleared', async () => {
    const { queue, started, end, offer } = createTest()
    offer('a1')
    offer('a2')
    queue.clear()
    await end()
    expect(started).toEqual(['a1'])
    expect(offer('a3')).toBe(true)
    expect(started).toEqual(['a1', 'a3'])
  })
})
