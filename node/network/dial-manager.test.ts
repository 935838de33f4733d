import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDialManager } from './dial-manager.ts'
import { networkLimits } from './limits.ts'

/** A world of peers that are up or down, dialled by one manager; virtual time. */
function createWorld({ ownId = 'a', random = 1 } = {}) {
  const up = new Set<string>()
  const connected = new Set<string>()
  const dials: number[] = []
  const arrivals = { keepComing: false }
  const manager = createDialManager({
    ownId,
    async dial(address) {
      dials.push(Date.now())
      if (!up.has(address)) throw new Error('refused')
      connected.add(address)
      manager.peerConnected(address)
      return address
    },
    isConnected: (peer) => connected.has(peer),
    doArrivalsKeepComing: () => arrivals.keepComing,
    random: () => random,
    nowMs: () => Date.now(),
    onFailure: () => {},
  })
  const lose = (peer: string): void => {
    connected.delete(peer)
    manager.peerDisconnected(peer)
  }
  const gaps = (): number[] => dials.map((at, index) => at - (dials[index - 1] ?? 0)).slice(1)
  return { up, connected, dials, arrivals, manager, lose, gaps }
}

describe('dial manager', () => {
  beforeEach(() => vi.useFakeTimers({ now: 0 }))
  afterEach(() => vi.useRealTimers())

  it('dials at once, then with doubling gaps up to the cap', async () => {
    const { manager, gaps } = createWorld()
    manager.keep('peer', 'peer')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(gaps().slice(0, 8)).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000])
  })

  it('shortens a gap by chance to no less than half', async () => {
    const { manager, gaps } = createWorld({ random: 0 })
    manager.keep('peer', 'peer')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(gaps().slice(0, 4)).toEqual([125, 250, 500, 1000])
  })

  it('makes one attempt at a time for an address, however often it is given', async () => {
    const { manager, dials, up } = createWorld()
    up.add('peer')
    for (let count = 0; count < 5; count++) manager.keep('peer', 'peer')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(dials).toHaveLength(1)
  })

  it('dials again when the peer is lost, quickly after a long life, ever slower when it is lost at once', async () => {
    const { manager, dials, up, lose } = createWorld()
    up.add('peer')
    manager.keep('peer', 'peer')
    await vi.advanceTimersByTimeAsync(networkLimits.stableConnectionMs)
    lose('peer')
    await vi.advanceTimersByTimeAsync(250)
    expect(dials).toHaveLength(2)
    for (const gapMs of [500, 1000, 2000]) {
      lose('peer')
      const before = dials.length
      await vi.advanceTimersByTimeAsync(gapMs - 1)
      expect(dials).toHaveLength(before)
      await vi.advanceTimersByTimeAsync(1)
      expect(dials).toHaveLength(before + 1)
    }
  })

  it('does not dial a peer that is connected already, and does when that connection is lost', async () => {
    const { manager, dials, connected, up, lose } = createWorld()
    connected.add('peer')
    manager.keep('peer', 'peer')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(dials).toEqual([])
    up.add('peer')
    lose('peer')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(dials).toHaveLength(1)
  })

  it('learns who is behind an address without an id', async () => {
    const { manager, dials, up, lose } = createWorld()
    up.add('peer')
    manager.keep('peer', null)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(dials).toHaveLength(1)
    lose('peer')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(dials).toHaveLength(2)
  })

  it('lets the lower id dial first', async () => {
    const lower = createWorld({ ownId: 'a' })
    const higher = createWorld({ ownId: 'z' })
    lower.manager.keep('peer', 'peer')
    higher.manager.keep('peer', 'peer')
    await vi.advanceTimersByTimeAsync(0)
    expect([lower.dials, higher.dials]).toEqual([[0], []])
    await vi.advanceTimersByTimeAsync(networkLimits.yieldDialMs)
    expect(higher.dials).toEqual([networkLimits.yieldDialMs])
  })

  it('lets the higher id wait while somebody is arriving, but not for ever', async () => {
    const lower = createWorld({ ownId: 'a' })
    const higher = createWorld({ ownId: 'z' })
    for (const { manager, arrivals } of [lower, higher]) {
      arrivals.keepComing = true
      manager.keep('peer', 'peer')
    }
    await vi.advanceTimersByTimeAsync(networkLimits.yieldDialMsMax - 1)
    expect(lower.dials[0]).toBe(0)
    expect(higher.dials).toEqual([])
    await vi.advanceTimersByTimeAsync(networkLimits.yieldDialMs)
    expect(higher.dials).toHaveLength(1)
  })

  it('never dials itself, nor more addresses than the limit', async () => {
    const { manager, dials } = createWorld({ ownId: 'self' })
    manager.keep('address', 'self')
    for (let index = 0; index < networkLimits.keptAddressesMax + 10; index++) manager.keep(`a${index}`, null)
    await vi.advanceTimersByTimeAsync(0)
    expect(dials).toHaveLength(networkLimits.keptAddressesMax)
  })

  it('leaves no timer behind when stopped', async () => {
    const { manager, dials } = createWorld()
    manager.keep('peer', 'peer')
    await vi.advanceTimersByTimeAsync(100)
    manager.stop()
    expect(vi.getTimerCount()).toBe(0)
    manager.keep('other', 'other')
    manager.peerDisconnected('peer')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(dials).toHaveLength(1)
  })
})
