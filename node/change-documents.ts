/** What owners ask of a node about the network itself, as plain JSON. */

/** Leaving, or going over to another key, which has signed its consent (hex). */
export type MembershipChange = { kind: 'leave' } | { kind: 'rotate'; to: string; consent: string }

/** The state after the last final block: its name as a genesis gives it, and the proof from the genesis on (base64). */
export interface CheckpointDocument {
  schema: 'peerage.checkpoint/v1'
  network: string
  epoch: number
  height: number
  stateRoot: string
  record: string
  proof: string
}
