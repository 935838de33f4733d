import type { NodeService } from '../../service.ts'
import { recogniseBackground } from './background.ts'
import type { Call } from './call.ts'
import type { Generation } from './generation.ts'
import { answerByRound } from './round.ts'
import { answerSolo } from './solo.ts'

/**
 * Begins to answer: by a round, or by the own agent if that was asked for or the request is a chore it can do. Resolves once the round
 * is handed to the network. Rejects with FacadeError or ServiceError; `events` says what else can fail.
 */
export async function generate(service: NodeService, call: Call, signal: AbortSignal, idempotencyKey?: string): Promise<Generation> {
  if (call.model === 'peerage/solo') return answerSolo(service, call, null, signal)
  const background = service.solo.means === 'chat' ? recogniseBackground(call) : null
  if (background !== null) return answerSolo(service, call, background, signal)
  return answerByRound(service, call, signal, idempotencyKey)
}
