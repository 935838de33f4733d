/** Which rules peers go by: every node says so when it connects. SPEC.md, "Streams". */
import { RULES_VERSION } from '../../protocol/index.ts'
import { nameOf } from '../names.ts'
import type { ConnectedPeer } from '../network/network.ts'

/** What a node says of itself. */
export const PROGRAM = `peerage rules/${RULES_VERSION}`

/** The version of the rules that a peer goes by; null where it has not said, or is something else. */
function rulesOf({ program }: Pick<ConnectedPeer, 'program'>): number | null {
  const found = /^peerage rules\/(\d{1,9})$/.exec(program ?? '')
  return found === null ? null : Number(found[1])
}

/** A sentence that names the peers with other rules than these; null without any. */
export function rulesSentence(peers: readonly Pick<ConnectedPeer, 'id' | 'program'>[]): string | null {
  const others = peers.flatMap((peer) => {
    const version = rulesOf(peer)
    return version === null || version === RULES_VERSION ? [] : [`${nameOf(peer.id)} by version ${version}`]
  })
  return others.length === 0 ? null : `Peers go by other rules than this node's, which are version ${RULES_VERSION}: ${others.join(', ')}. Whoever is behind has to be updated.`
}
