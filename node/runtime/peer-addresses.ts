/** Remembers where the members are, so that a node finds its network again although nobody it was told of is there. */
import { decodeCanonical, encode } from '../../protocol/index.ts'
import type { Network } from '../network/network.ts'
import type { Store } from '../store/store.ts'

const PREFIX = 'peer/'

/** Keeps connections to all peers remembered, this node left out. */
export async function dialRemembered(store: Store, network: Pick<Network, 'peerId' | 'keepConnected'>): Promise<void> {
  for await (const [key, value] of store.range(PREFIX)) {
    if (key !== PREFIX + network.peerId) for (const address of decodeCanonical(value) as string[]) network.keepConnected(address)
  }
}

/** Remembers what a peer announces now, in place of what it announced before; of one that announces nothing, what it did. */
export async function rememberPeer(store: Store, network: Pick<Network, 'announcedBy'>, peer: string): Promise<void> {
  const addresses = await network.announcedBy(peer)
  const value = encode(addresses)
  const held = await store.get(PREFIX + peer)
  if (addresses.length > 0 && (held === null || !Buffer.from(value).equals(held))) await store.write([{ key: PREFIX + peer, value }])
}
