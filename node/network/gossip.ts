import { gossipsub } from '@libp2p/gossipsub'
import type { GossipSub, GossipSubComponents, GossipsubMessage, TopicValidatorResult } from '@libp2p/gossipsub'
import { createFairQueue } from './fair-queue.ts'
import { createGossipOptions, topicScore } from './gossip-options.ts'
import { networkLimits } from './limits.ts'
import type { NetworkLogger } from './logger.ts'
import type { GossipVerdict, NetworkHandlers } from './network.ts'
import { assertRouter, offerRecent } from './router.ts'
import type { Router } from './router.ts'

export interface Gossip {
  readonly service: (components: GossipSubComponents) => GossipSub
  readonly topic: () => string | null
  join(topic: string): void
  publish(message: Uint8Array): Promise<void>
  /**
   * Whether messages pass from us to this peer in our topic. Makes the best of the link: a peer whose subscription came
   * before our stream to it was open is taken into the mesh here (gossipsub would wait for its next heartbeat).
   */
  link(peer: string): boolean
  /** Whether we have a stream to this peer to gossip on, whatever its topics. */
  hasStream(peer: string): boolean
  /** To be called before the host stops. */
  stop(): void
}

interface Arrival {
  id: string
  from: string
  data: Uint8Array
}

/** Gossip in one topic over libp2p's gossipsub, each message passed on only after the owner's verdict. */
export function createGossip(handlers: Pick<NetworkHandlers, 'onGossip'>, logger: NetworkLogger): Gossip {
  let topic: string | null = null
  let router: Router | null = null
  let stopped = false
  const current = (): Router => {
    if (router === null) throw new TypeError('gossip was not started')
    return router
  }
  const validator = createValidator(handlers, logger, ({ id, from }, verdict) => {
    if (!stopped) current().reportMessageValidationResult(id, from, verdict as TopicValidatorResult)
  })
  const onMessage = ({ msgId: id, msg, propagationSource }: GossipsubMessage): void => {
    // A copy: what is passed on must stay as it came.
    if (!stopped && msg.topic === topic) validator.offer({ id, from: propagationSource.toString(), data: Uint8Array.from(msg.data) })
  }

  return {
    service(components) {
      const made = gossipsub(createGossipOptions(() => topic))(components)
      assertRouter(made)
      made.addEventListener('gossipsub:message', ({ detail }) => onMessage(detail))
      made.addEventListener('gossipsub:graft', ({ detail }) => {
        if (detail.topic === topic) offerRecent(made, detail.peerId, topic, networkLimits.offeredMessagesMax)
      })
      router = made
      return made
    },
    topic: () => topic,
    join(name) {
      if (topic === name) return
      if (topic !== null) throw new TypeError(`already in topic ${topic}`)
      topic = name
      current().score.params.topics[name] = topicScore
      current().subscribe(name)
    },
    async publish(message) {
      if (topic === null) throw new TypeError('publish before joinTopic')
      await current().publish(topic, message)
    },
    link(peer) {
      if (topic === null || !current().streamsOutbound.has(peer)) return false
      if (!current().getSubscribers(topic).some((id) => id.toString() === peer)) return false
      if (current().graftOnSubscribe(peer, topic)) current().sendGraft(peer, [topic])
      else offerRecent(current(), peer, topic, networkLimits.offeredMessagesMax)
      return true
    },
    hasStream: (peer) => current().streamsOutbound.has(peer),
    stop() {
      stopped = true
      validator.clear()
      // Gossipsub leaves this timer behind, which would keep the process for another second.
      clearTimeout(router?.status.heartbeatTimeout)
    },
  }
}

/** Asks the owner for verdicts, a bounded number at a time, and reports each. */
function createValidator(
  handlers: Pick<NetworkHandlers, 'onGossip'>,
  logger: NetworkLogger,
  report: (arrival: Arrival, verdict: GossipVerdict) => void,
): { offer: (arrival: Arrival) => void; clear: () => void } {
  const validate = async (arrival: Arrival): Promise<void> => {
    try {
      report(arrival, await handlers.onGossip(arrival.data, arrival.from))
    } catch (error) {
      logger.warn({ err: error, peer: arrival.from }, 'the gossip handler failed; message ignored')
      report(arrival, 'ignore')
    }
  }
  const queue = createFairQueue(
    {
      inFlightMax: networkLimits.validationsInFlightMax,
      queuedMax: networkLimits.validationsQueuedMax,
      queuedPerKeyMax: networkLimits.validationsQueuedPerPeerMax,
      queuedBytesMax: networkLimits.validationQueueBytesMax,
    },
    validate,
  )
  return {
    offer(arrival) {
      if (arrival.data.length > networkLimits.gossipBytesMax) return report(arrival, 'reject')
      if (queue.offer(arrival.from, arrival.data.length, arrival)) return
      logger.debug({ peer: arrival.from }, 'too many gossip messages wait for validation; message ignored')
      report(arrival, 'ignore')
    },
    clear: queue.clear,
  }
}
