import { hash } from 'node:crypto'
import { StrictNoSign } from '@libp2p/gossipsub'
import type { GossipsubOpts } from '@libp2p/gossipsub'
import type { TopicScoreParams } from '@libp2p/gossipsub/score'
import { networkLimits } from './limits.ts'

/**
 * The id of a message: SHA-256 of its data. On topics other than ours the topic goes in too: otherwise a copy sent
 * there first would count as seen and keep the message from us.
 */
export function messageId(topic: string, data: Uint8Array, ownTopic: string | null): Uint8Array {
  const digest = hash('sha256', data, 'buffer')
  return topic === ownTopic ? digest : hash('sha256', Buffer.concat([Buffer.from(topic), digest]), 'buffer')
}

/** @param ownTopic - the topic joined, or null before that */
export function createGossipOptions(ownTopic: () => string | null): Partial<GossipsubOpts> {
  const idOf = (topic: string, data: Uint8Array | undefined): Uint8Array => messageId(topic, data ?? new Uint8Array(0), ownTopic())
  return {
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: ({ topic, data }) => idOf(topic, data),
    fastMsgIdFn: ({ topic, data }) => toText(idOf(topic, data)),
    msgIdToStrFn: toText,
    asyncValidation: true,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    emitSelf: false,
    fallbackToFloodsub: false,
    doPX: false,

    // A publisher sends to everybody it knows: one hop, encoded once. The mesh only fills gaps, so it is thin where all are
    // connected (a thick one costs up to half as much again in duplicates), yet a hub keeps up to 24 who know only it.
    floodPublish: true,
    batchPublish: true,
    D: 5,
    Dlo: 4,
    Dhi: 24,
    Dscore: 4,
    Dout: 2,
    pruneBackoff: 10_000,
    idontwantMinDataSize: 16 * 1024,
    // A message whose validation takes longer than this many heartbeats (seconds) is not forwarded.
    mcacheLength: 10,
    // An event-loop stall must not look like a broken promise.
    gossipsubIWantFollowupMs: 10_000,

    maxInboundDataLength: networkLimits.gossipFrameBytesMax,
    maxOutboundBufferSize: networkLimits.gossipUnsentBytesMax,
    maxTopicBytesPerPeer: 64 * 1024,

    scoreParams: {
      // Peers on one machine share its address.
      IPColocationFactorWhitelist: new Set(['127.0.0.1', '::1']),
      behaviourPenaltyWeight: -1,
      behaviourPenaltyThreshold: 6,
      topicScoreCap: 10,
      retainScore: 600_000,
    },
  }
}

/**
 * What counts in our topic: only invalid messages can cost a peer its links (one takes it out of the mesh, three silence
 * it for some seconds). Quiet peers are not punished, and good deliveries cannot pay for more than part of one bad one.
 */
export const topicScore: TopicScoreParams = {
  topicWeight: 1,
  timeInMeshWeight: 0.1,
  timeInMeshQuantum: 60_000,
  timeInMeshCap: 10,
  firstMessageDeliveriesWeight: 0.5,
  firstMessageDeliveriesDecay: 0.9,
  firstMessageDeliveriesCap: 10,
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.5,
  meshMessageDeliveriesCap: 100,
  meshMessageDeliveriesThreshold: 20,
  meshMessageDeliveriesWindow: 10,
  meshMessageDeliveriesActivation: 5000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.5,
  invalidMessageDeliveriesWeight: -20,
  invalidMessageDeliveriesDecay: 0.95,
}

function toText(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('base64')
}
