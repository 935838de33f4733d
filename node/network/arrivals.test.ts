import { describe, expect, it } from 'vitest'
import { createArrivals } from './arrivals.ts'
import { networkLimits } from './limits.ts'

describe('arrivals', () => {
  it('keep coming from accept until some time after open, and are forgotten when they never open', () => {
    let nowMs = 0
    const arrivals = createArrivals(() => nowMs)
    expect(arrivals.keepComing()).toBe(false)
    arrivals.accepted()
    arrivals.accepted()
    arrivals.opened()
    nowMs += networkLimits.arrivalsQuietMs
    expect(arrivals.keepComing()).toBe(true)
    arrivals.opened()
    expect(arrivals.keepComing()).toBe(true)
    nowMs += networkLimits.arrivalsQuietMs
    expect(arrivals.keepComing()).toBe(false)
    arrivals.accepted()
    nowMs += networkLimits.yieldDialMsMax
    expect(arrivals.keepComing()).toBe(false)
  })
})
