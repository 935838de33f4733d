import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { networkLimits } from './limits.ts'
import { createLiveness } from './liveness.ts'
import { createPeerWatch } from './peer-watch.ts'

const { pingIntervalMs, pingFailuresMax, gossipLinkWaitMs } = networkLimits

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

describe('peer watch', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }))
  afterEach(() => vi.useRealTimers())

  function createWatch() {
    const ready = new Set<string>()
    const reports: string[] = []
    const watch = createPeerWatch({ isReady: (peer) => ready.has(peer), onConnected: (peer) => reports.push(`+${peer}`), onDisconnected: (peer) => reports.push(`-${peer}`) })
    return { ready, reports, watch }
  }

  it('reports a peer once, when it is ready', () => {
    const { ready, reports, watch } = createWatch()
    watch.opened('a')
    watch.opened('a')
    expect(reports).toEqual([])
    ready.add('a')
    vi.advanceTimersByTime(20)
    expect(reports).toEqual(['+a'])
    watch.opened('a')
    watch.closed('a')
    watch.closed('a')
    expect(reports).toEqual(['+a', '-a'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not wait for ever for one that is never ready', () => {
    const { reports, watch } = createWatch()
    watch.opened('a')
    vi.advanceTimersByTime(gossipLinkWaitMs - 20)
    expect(reports).toEqual([])
    vi.advanceTimersByTime(40)
    expect(reports).toEqual(['+a'])
  })

  it('says nothing of one that left before it was ready, nor after stop', () => {
    const { ready, reports, watch } = createWatch()
    watch.opened('a')
    watch.closed('a')
    ready.add('b')
    watch.opened('b')
    watch.stop()
    watch.closed('b')
    watch.opened('c')
    vi.advanceTimersByTime(10_000)
    expect(reports).toEqual(['+b'])
  })
})
