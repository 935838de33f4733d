import type { NodeStatus } from './node.ts'

/** What a node may lack of being able to ask and to answer. */
export interface ReadinessReason {
  code: 'not-member' | 'not-signing' | 'no-peers' | 'no-quorum' | 'agent-unable'
  message: string
}

/** What keeps a node from asking and answering, as its status shows; nothing if it can do both. */
export function unreadyReasons(status: NodeStatus): ReadinessReason[] {
  const { role, signing, members, peersConnected, quorumPresent, canAnswer } = status
  const reasons: ReadinessReason[] = []
  if (role === 'joining') reasons.push({ code: 'not-member', message: 'This node has asked to join and is not a member yet.' })
  if (signing.mode !== 'active') reasons.push({ code: 'not-signing', message: `This node does not sign at present${signing.reason === null ? '' : `: ${signing.reason}`}.` })
  if (members > 1 && peersConnected === 0) reasons.push({ code: 'no-peers', message: 'No peer is connected.' })
  else if (!quorumPresent) reasons.push({ code: 'no-quorum', message: 'More than a third of the voting weight is missing.' })
  if (!canAnswer) reasons.push({ code: 'agent-unable', message: "This node's agent cannot answer at present." })
  return reasons
}
