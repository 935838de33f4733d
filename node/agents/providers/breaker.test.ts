import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createBreaker } from './breaker.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a breaker', () => {
  it('leaves a provider alone that is down, and looks at it ever more rarely', async () => {
    const probes: number[] = []
    let isBack = false
    const breaker = createBreaker({ probe: async () => probes.push(Date.now()) > 0 && isBack, pauseMs: 1_000, pauseMsMax: 4_000 })
    const start = Date.now()
    breaker.fail('down', 'gone', 0)
    expect(breaker.trouble).toEqual({ kind: 'down', message: 'gone' })
    await vi.advanceTimersByTimeAsync(12_000)
    expect(probes.map((at) => at - start)).toEqual([1_000, 3_000, 7_000, 11_000])
    isBack = true
    await vi.advanceTimersByTimeAsync(4_000)
    expect(breaker.trouble).toBeNull()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(probes).toHaveLength(5)
  })

  it('goes on from the last pause if it fails again, and from the first once a call has succeeded', async () => {
    let probes = 0
    const breaker = createBreaker({ probe: async () => ++probes > 0, pauseMs: 1_000, pauseMsMax: 60_000 })
    for (const pause of [1_000, 2_000, 4_000]) {
      breaker.fail('down', 'gone', 0)
      await vi.advanceTimersByTimeAsync(pause - 1)
      expect(breaker.trouble).not.toBeNull()
      await vi.advanceTimersByTimeAsync(1)
      expect(breaker.trouble).toBeNull()
    }
    breaker.succeed()
    breaker.fail('down', 'gone', 0)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(breaker.trouble).toBeNull()
  })

  it('waits as long as a provider asks that limits its rate, and does not look', async () => {
    const breaker = createBreaker({ probe: () => Promise.reject(new Error('looked')), pauseMs: 1_000, pauseMsMax: 60_000 })
    breaker.fail('rate-limited', 'slowly', 9_000)
    await vi.advanceTimersByTimeAsync(8_999)
    expect(breaker.trouble?.kind).toBe('rate-limited')
    await vi.advanceTimersByTimeAsync(1)
    expect(breaker.trouble).toBeNull()
  })

  it('looks no more once it is closed', async () => {
    let probes = 0
    const breaker = createBreaker({ probe: async () => ++probes > 9, pauseMs: 10, pauseMsMax: 10 })
    breaker.fail('down', 'gone', 0)
    await vi.advanceTimersByTimeAsync(15)
    breaker.close()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(probes).toBe(1)
  })
})
