/** Between the network's bytes and the machine's events: opens what arrives and counts what is refused. */
import {
  decodeBundle,
  decodeRequest,
  openEnvelope,
  reachesEverybody,
  serve,
  type Event,
  type Machine,
  type Request,
  type Verdict,
  type Verify,
} from '../../protocol/index.ts'
import type { GossipVerdict, Network } from '../network/network.ts'
import type { Store } from '../store/store.ts'
import { createOpener } from './open-frames.ts'
import { drive } from './reading.ts'
import { createSender, type Outgoing } from './sender.ts'

export interface Wire {
  onGossip: (bytes: Uint8Array, from: string) => Promise<GossipVerdict>
  onRequest: (bytes: Uint8Array, from: string) => Promise<Uint8Array[]>
  perform: (effect: Outgoing) => void
  /** How many frames were refused, by code. */
  refusals: () => Record<string, number>
}

export function createWire(init: {
  machine: Machine
  store: Store
  network: Network
  verify: Verify
  /** The same without holding up the event loop, for history: absent, that is checked like everything else. */
  verifySoon?: (...check: Parameters<Verify>) => Promise<boolean>
  dispatch: (event: Event) => void
  judge: (event: Extract<Event, { type: 'message' }>) => Promise<Verdict>
  onTrouble: (message: string, fields: Record<string, unknown>) => void
}): Wire {
  const { machine, store, network, verify, dispatch, judge, onTrouble } = init
  const refused = new Map<string, number>()
  const count = (code: string, from: string): void => {
    refused.set(code, (refused.get(code) ?? 0) + 1)
    onTrouble('frame refused', { code, from })
  }

  const { openAll, openHistory } = createOpener({ network: machine.rules.network, verify, verifySoon: init.verifySoon, count })

  const judgeEnvelope = async (envelope: Uint8Array, from: string): Promise<GossipVerdict> => {
    const opened = openEnvelope(envelope, machine.rules.network, verify)
    if (!opened.ok) {
      count(opened.code, from)
      return 'reject'
    }
    const verdict = await judge({ type: 'message', message: opened.message, from })
    if (verdict.verdict !== 'accept') count(verdict.code, from)
    // Whoever passed it on may have been a block behind; only an author answers for what its message says.
    if (verdict.verdict === 'reject' && from !== opened.message.author) return 'ignore'
    // `ignore` only means that gossip does not forward it: its author has sent it to everybody already.
    const needless = from === opened.message.author && reachesEverybody(machine, from)
    return verdict.verdict === 'accept' && needless ? 'ignore' : verdict.verdict
  }

  const onReply = async (frames: readonly Uint8Array[], from: string, request: Request): Promise<void> => {
    const isHistory = request.type === 'chain' || request.type === 'boundaries' || request.type === 'snapshot'
    const { opened, fault } = isHistory ? await openHistory(frames, from) : openAll(frames, from)
    const asked = request.type
    if (asked === 'chain') return dispatch({ type: 'frames', frames: opened, from, asked, fromHeight: request.fromHeight, fault })
    if (isHistory) return dispatch({ type: 'frames', frames: opened, from, asked, fault })
    // That there is nothing is an answer, too, to this.
    if (opened.length > 0 || asked === 'said') dispatch({ type: 'frames', frames: opened, from, asked })
  }

  return {
    async onGossip(bytes, from) {
      const envelopes = decodeBundle(bytes)
      if (envelopes === null) {
        count('malformed', from)
        return 'reject'
      }
      return strictest(await Promise.all(envelopes.map((envelope) => judgeEnvelope(envelope, from))))
    },
    async onRequest(bytes, from) {
      const decoded = decodeRequest(bytes)
      if (decoded === null) {
        count('malformed-request', from)
        return []
      }
      if (decoded.type !== 'deliver') return drive(store, serve(decoded, machine, from))
      const frames = openAll(decoded.frames, from).opened
      if (frames.length > 0) dispatch({ type: 'frames', frames, from, asked: null })
      return []
    },
    perform: createSender({ network, onReply, onTrouble }),
    refusals: () => Object.fromEntries([...refused].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

// One bad envelope condemns the message; one that should be passed on carries the others with it.
function strictest(verdicts: readonly GossipVerdict[]): GossipVerdict {
  if (verdicts.includes('reject')) return 'reject'
  return verdicts.includes('accept') ? 'accept' : 'ignore'
}
