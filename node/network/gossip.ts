import { TopicValidatorResult, gossipsub } from '@libp2p/gossipsub'
import type { GossipSub, GossipSubComponents, GossipsubMessage } from '@libp2p/gossipsub'
import type { TopicScoreParams } from '@libp2p/gossipsub/score'
import { createFairQueue } from './fair-queue.ts'
import { createGossipOptions, topicScore } from './gossip-options.ts'
import { networkLimits } from './limits.ts'
import type { NetworkLogger } from './logger.ts'
import type { GossipVerdict, NetworkHandlers } from './network.ts'

/** The parts of gossipsub's router that its public type leaves out; `assertRouter` makes sure they are there. */
interface Router extends GossipSub {
  reportMessageValidationResult(messageId: string, from: string, verdict: TopicValidatorResult): void
  readonly score: { readonly params: { readonly topics: Record<string, TopicScoreParams> } }
  readonly streamsOutbound: ReadonlyMap<string, unknown>
  readonly status: { readonly heartbeatTimeout?: NodeJS.Timeout }
  /** Takes a subscribed peer into the mesh where that has room; true where the peer must be told. */
  graftOnSubscribe(peer: string, topic: string): boolean
  sendGraft(peer: string, topics: string[]): void
}

export interface Gossip {
  readonly service: (components: GossipSubComponents) => GossipSub
  readonly topic: () => string | null
  join(topic: string): void
  publish(message: Uint8Array): Promise<void>
  /**
   * Whether messages pass from us to this peer in our topic, published or forwarded; a peer whose subscription came before
   * our stream to it was open is taken into the mesh here, since gossipsub would wait for its next heartbeat.
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

  const report = ({ id, from }: Arrival, verdict: GossipVerdict): void => {
    if (!stopped) current().reportMessageValidationResult(id, from, verdict as TopicValidatorResult)
  }

  const validate = async (arrival: Arrival): Promise<void> => {
    try {
      report(arrival, await handlers.onGossip(arrival.data, arrival.from))
    } catch (error) {
      logger.warn({ err: error, peer: arrival.from }, 'the gossip handler failed; message ignored')
      report(arrival, 'ignore')
    }
  }

  const validations = createFairQueue(
    {
      inFlightMax: networkLimits.validationsInFlightMax,
      queuedMax: networkLimits.validationsQueuedMax,
      queuedPerKeyMax: networkLimits.validationsQueuedPerPeerMax,
      queuedBytesMax: networkLimits.validationQueueBytesMax,
    },
    validate,
  )

  const onMessage = ({ msgId: id, msg, propagationSource }: GossipsubMessage): void => {
    if (stopped || msg.topic !== topic) return
    // A copy: what is passed on must stay as it came.
    const arrival = { id, from: propagationSource.toString(), data: Uint8Array.from(msg.data) }
    if (msg.data.length > networkLimits.gossipBytesMax) report(arrival, 'reject')
    else if (!validations.offer(arrival.from, msg.data.length, arrival)) {
      logger.debug({ peer: arrival.from }, 'too many gossip messages wait for validation; message ignored')
      report(arrival, 'ignore')
    }
  }

  return {
    service(components) {
      const made = gossipsub(createGossipOptions(() => topic))(components)
      assertRouter(made)
      made.addEventListener('gossipsub:message', ({ detail }) => onMessage(detail))
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
      return true
    },
    hasStream: (peer) => current().streamsOutbound.has(peer),
    stop() {
      stopped = true
      validations.clear()
      // Gossipsub leaves this timer behind, which would keep the process for another second.
      clearTimeout(router?.status.heartbeatTimeout)
    },
  }
}

function assertRouter(made: GossipSub): asserts made is Router {
  const { reportMessageValidationResult, graftOnSubscribe, sendGraft, score, streamsOutbound, status } = made as Partial<Router>
  const methods = [reportMessageValidationResult, graftOnSubscribe, sendGraft].every((method) => typeof method === 'function')
  if (!methods || score?.params.topics === undefined || status === undefined || !(streamsOutbound instanceof Map)) throw new TypeError('this version of @libp2p/gossipsub lacks the router parts that validation and scoring need')
}
