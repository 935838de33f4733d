/** What an owner may change of a network: its own membership, and what another network can begin with. */
import { setTimeout as sleep } from 'node:timers/promises'
import { makeCheckpoint, openCheckpoint, type Event, type Machine, type Notice } from '../../protocol/index.ts'
import type { CheckpointDocument, MembershipChange } from '../change-documents.ts'
import { verify } from '../crypto.ts'
import { ServiceError } from '../service.ts'
import type { Store } from '../store/store.ts'
import { drive } from './reading.ts'

/** A block that has just become final may still be on its way to the disk. */
const ATTEMPTS = 20
const ATTEMPT_MS = 50

export interface Changes {
  /** Resolves once the request is handed to the network. Rejects with ServiceError `not-possible`. */
  membership: (change: MembershipChange) => Promise<void>
  /** Rejects with ServiceError `not-possible` before the first final block. */
  checkpoint: () => Promise<CheckpointDocument>
  onRequested: (notice: Extract<Notice, { type: 'requested' }>) => void
}

export function createChanges(machine: Machine, store: Store, dispatch: (event: Event) => void): Changes {
  const waiting = new Map<number, { resolve: () => void; reject: (error: ServiceError) => void }>()
  let lastTicket = 0
  return {
    membership(change) {
      const ticket = ++lastTicket
      const request = change.kind === 'leave' ? change : { ...change, consent: new Uint8Array(Buffer.from(change.consent, 'hex')) }
      return new Promise((resolve, reject) => {
        waiting.set(ticket, { resolve, reject })
        dispatch({ type: 'membership', ticket, request })
      })
    },
    async checkpoint() {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const proof = await drive(store, makeCheckpoint(machine))
        const opened = proof === null ? null : openCheckpoint(proof, verify)
        if (opened?.ok === true) return { schema: 'peerage.checkpoint/v1', ...opened.checkpoint.name, proof: Buffer.from(proof as Uint8Array).toString('base64') }
        await sleep(ATTEMPT_MS)
      }
      throw new ServiceError('not-possible', 'There is no final block whose state could be proven.')
    },
    onRequested({ ticket, code }) {
      const request = waiting.get(ticket)
      waiting.delete(ticket)
      if (code === null) request?.resolve()
      else request?.reject(new ServiceError('not-possible', reasonOf(code)))
    },
  }
}

function reasonOf(code: string): string {
  switch (code) {
    case 'not-a-member':
      return 'This node is not a member of the network.'
    case 'rounds-open':
      return 'A round that this node has asked is still open.'
    case 'last-validator':
      return 'This node is the only one with voting weight.'
    case 'already-a-member':
      return 'The new key belongs to a member already, or did so once.'
    default:
      return `The network does not allow it now (${code}).`
  }
}
