import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTimers } from './timers.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('createTimers', () => {
  it('fires each name once, after its time', () => {
    const fired: string[] = []
    const timers = createTimers((name) => fired.push(name))
    timers.set('late', 20)
    timers.set('soon', 10)
    vi.advanceTimersByTime(15)
    expect(fired).toEqual(['soon'])
    vi.advanceTimersByTime(1_000)
    expect(fired).toEqual(['soon', 'late'])
  })
  it('replaces a timer that is set again', () => {
    const fired: string[] = []
    const timers = createTimers((name) => fired.push(name))
    timers.set('phase', 10)
    vi.advanceTimersByTime(9)
    timers.set('phase', 10)
    vi.advanceTimersByTime(9)
    expect(fired).toEqual([])
    vi.advanceTimersByTime(1)
    expect(fired).toEqual(['phase'])
  })
  it('may be set again from its own firing', () => {
    let count = 0
    const timers = createTimers((name) => {
      if (++count < 3) timers.set(name, 10)
    })
    timers.set('tick', 10)
    vi.advanceTimersByTime(1_000)
    expect(count).toBe(3)
  })
  it('fires nothing after its stop', () => {
    const fired: string[] = []
    const timers = createTimers((name) => fired.push(name))
    timers.set('phase', 10)
    timers.stop()
    vi.advanceTimersByTime(1_000)
    expect([fired, vi.getTimerCount()]).toEqual([[], 0])
  })
  it('does not fire at once where a time is longer than timers can be', () => {
    const fired: string[] = []
    createTimers((name) => fired.push(name)).set('view', 3_600_000 * 2 ** 10)
    vi.advanceTimersByTime(3_600_000)
    expect(fired).toEqual([])
  })
})
