import { describe, expect, it } from 'vitest'
import { createArrivals } from './arrivals.ts'
import { networkLimits } from './limits.ts'

describe('arrivals', () => {
  it('are pending from accept to open, and forgotten when they never open', () => {
    let nowMs = 0
    const arrivals = createArrivals(() => nowMs)
    expect(arrivals.arePending()).toBe(false)
    arrivals.accepted()
    arrivals.accepted()
    arrivals.opened()
    expect(arrivals.arePending()).toBe(true)
    arrivals.opened()
    arrivals.opened()
    expect(arrivals.arePending()).toBe(false)
    arrivals.accepted()
    nowMs = networkLimits.yieldDialMsMax
    expect(arrivals.arePending()).toBe(false)
  })
})
