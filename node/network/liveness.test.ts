import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { networkLimits } from './limits.ts'
import { createLiveness } from './liveness.ts'

const { pingIntervalMs, pingFailuresMax } = networkLimits

function createWatched() {
  const state = { answers: true, gossips: true, pings: 0, aborted: [] as string[] }
  const liveness = createLiveness({
    peers: () => ['peer'],
    async ping() {
      state.pings++
      if (!state.answers) throw new Error('timeout')
      return 7
    },
    hasGossipStream: () => state.gossips,
    abort: (_, reason) => void state.aborted.push(reason),
    random: () => 0.5,
  })
  return { state, liveness, rounds: (count: number) => vi.advanceTimersByTimeAsync(count * (pingIntervalMs + 500)) }
}

describe('liveness', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('measures the round trip, regularly and when asked', async () => {
    const { state, liveness, rounds } = createWatched()
    expect(liveness.latencyMs('peer')).toBeNull()
    liveness.measure('peer')
    await rounds(0)
    expect(liveness.latencyMs('peer')).toBe(7)
    await rounds(5)
    expect(state.pings).toBe(6)
    liveness.stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('forgives lost pings in between, and closes the link when the last ones are all lost', async () => {
    const { state, liveness, rounds } = createWatched()
    for (let time = 0; time < 3; time++) {
      state.answers = false
      await rounds(pingFailuresMax - 1)
      state.answers = true
      await rounds(1)
    }
    expect(state.aborted).toEqual([])
    state.answers = false
    await rounds(pingFailuresMax + 1)
    expect(state.aborted[0]).toBe('no answer to pings')
    liveness.stop()
  })

  it('closes a link on which gossip broke', async () => {
    const { state, liveness, rounds } = createWatched()
    await rounds(2)
    state.gossips = false
    await rounds(1)
    expect(state.aborted).toEqual([])
    await rounds(2)
    expect(state.aborted[0]).toBe('no gossip stream')
    liveness.stop()
  })
})
