import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { networkLimits } from './limits.ts'
import { createPeerWatch } from './peer-watch.ts'

const { gossipLinkWaitMs, gossipLinkWatchMs } = networkLimits

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
    vi.advanceTimersByTime(gossipLinkWatchMs)
    expect(reports).toEqual(['+a'])
    expect(vi.getTimerCount()).toBe(0)
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
