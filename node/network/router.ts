import type { GossipSub, TopicValidatorResult } from '@libp2p/gossipsub'
import type { RPC } from '@libp2p/gossipsub/message'
import type { TopicScoreParams } from '@libp2p/gossipsub/score'

/** The parts of gossipsub's router that its public type leaves out; `assertRouter` makes sure they are there. */
export interface Router extends GossipSub {
  reportMessageValidationResult(messageId: string, from: string, verdict: TopicValidatorResult): void
  /** Takes a subscribed peer into the mesh where that has room; true where the peer must be told. */
  graftOnSubscribe(peer: string, topic: string): boolean
  sendGraft(peer: string, topics: string[]): void
  sendRpc(peer: string, rpc: RPC): boolean
  readonly mcache: { getGossipIDs(topics: Set<string>): Map<string, Uint8Array[]> }
  readonly score: { readonly params: { readonly topics: Record<string, TopicScoreParams> } }
  readonly streamsOutbound: ReadonlyMap<string, unknown>
  readonly status: { readonly heartbeatTimeout?: NodeJS.Timeout }
}

export function assertRouter(made: GossipSub): asserts made is Router {
  const { reportMessageValidationResult, graftOnSubscribe, sendGraft, sendRpc, mcache, score, streamsOutbound, status } = made as Partial<Router>
  const methods = [reportMessageValidationResult, graftOnSubscribe, sendGraft, sendRpc, mcache?.getGossipIDs]
  const fields = [score?.params.topics, streamsOutbound?.has, status]
  if (methods.some((method) => typeof method !== 'function') || fields.includes(undefined)) {
    throw new TypeError('this version of @libp2p/gossipsub lacks router parts that are needed here')
  }
}

/**
 * Offers a neighbour the accepted messages of the last seconds; it asks for those it has not seen. Gossipsub offers them
 * only to peers outside its mesh: what came by just before a peer was taken in would never reach it.
 */
export function offerRecent(router: Router, peer: string, topic: string, messagesMax: number): void {
  const messageIDs = (router.mcache.getGossipIDs(new Set([topic])).get(topic) ?? []).slice(0, messagesMax)
  if (messageIDs.length === 0 || !router.streamsOutbound.has(peer)) return
  const control = { ihave: [{ topicID: topic, messageIDs }], iwant: [], graft: [], prune: [], idontwant: [] }
  router.sendRpc(peer, { subscriptions: [], messages: [], control })
}
