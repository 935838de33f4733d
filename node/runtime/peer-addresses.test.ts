import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../store/memory-store-fixture.ts'
import type { Store } from '../store/store.ts'
import { dialRemembered, rememberPeer } from './peer-addresses.ts'

const announcing = (...addresses: string[]) => ({ announcedBy: async () => addresses })

async function dialled(store: Store, peerId = 'self'): Promise<string[]> {
  const addresses: string[] = []
  await dialRemembered(store, { peerId, keepConnected: (address) => void addresses.push(address) })
  return addresses
}

describe('addresses of peers', () => {
  it('are dialled after a restart: of each peer what it announced last, and never its own', async () => {
    const store = createMemoryStore()
    await rememberPeer(store, announcing('/a/1', '/a/2'), 'ann')
    await rememberPeer(store, announcing('/b/1'), 'bob')
    await rememberPeer(store, announcing('/a/3'), 'ann')
    await rememberPeer(store, announcing('/s/1'), 'self')
    expect(await dialled(store)).toEqual(['/a/3', '/b/1'])
  })

  it('of a peer that announces nothing any more stay', async () => {
    const store = createMemoryStore()
    await rememberPeer(store, announcing('/a/1'), 'ann')
    await rememberPeer(store, announcing(), 'ann')
    expect(await dialled(store)).toEqual(['/a/1'])
  })

  it('are written only when they change', async () => {
    let writes = 0
    const store = createMemoryStore()
    const counting: Store = { ...store, write: (changes) => (writes++, store.write(changes)) }
    await rememberPeer(counting, announcing('/a/1'), 'ann')
    await rememberPeer(counting, announcing('/a/1'), 'ann')
    expect(writes).toBe(1)
  })
})
