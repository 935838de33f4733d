import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientOf, createRateLimiter } from './rate-limit.ts'

describe('createRateLimiter', () => {
  it('never lets more through in a time than the burst and what was refilled in it', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 200 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 50 }), (waits, burst, perSecond) => {
        let nowMs = 0
        const limiter = createRateLimiter({ burst, perSecond }, () => nowMs)
        let taken = 0
        for (const wait of waits) {
          nowMs += wait
          if (limiter.take('a') === 0) taken++
          expect(taken).toBeLessThanOrEqual(burst + (nowMs * perSecond) / 1_000 + 1e-6)
        }
      }),
    )
  })
  it('lets a client through again after the time it was told', () => {
    let nowMs = 0
    const limiter = createRateLimiter({ burst: 2, perSecond: 0.25 }, () => nowMs)
    expect([limiter.take('a'), limiter.take('a'), limiter.take('a')]).toEqual([0, 0, 4])
    nowMs = 3_999
    expect(limiter.take('a')).toBe(1)
    nowMs = 4_000
    expect(limiter.take('a')).toBe(0)
  })
  it('counts clients apart', () => {
    const limiter = createRateLimiter({ burst: 1, perSecond: 1 }, () => 0)
    expect([limiter.take('a'), limiter.take('b'), limiter.take('a')]).toEqual([0, 0, 1])
  })
})

describe('clientOf', () => {
  it('leaves addresses of IPv4 as they are, also as IPv6 writes them', () => {
    for (const address of ['127.0.0.1', '203.0.113.7', '::ffff:203.0.113.7', '']) expect(clientOf(address)).toBe(address)
  })
  it('is the same for two addresses of IPv6 if, and only if, their first 64 bits are', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 })
    /** As the system writes it: the first longest row of zeros is left out. */
    const write = (all: readonly number[]): string => new URL(`http://[${all.map((group) => group.toString(16)).join(':')}]`).hostname.slice(1, -1)
    fc.assert(
      fc.property(groups, groups, (a, b) => {
        expect(clientOf(write(a)) === clientOf(write(b))).toBe(a.slice(0, 4).join() === b.slice(0, 4).join())
      }),
    )
  })
})
