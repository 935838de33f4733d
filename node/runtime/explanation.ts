import { roundCredit } from '../../credit/index.ts'
import { decodeCanonical, gatherTranscript, KEYS, openEnvelope, readResult, type ClosedEntry, type Explanation, type Machine, type Marginal, type Message, type RoundResult, type Transcript } from '../../protocol/index.ts'
import { nameOf } from '../names.ts'
import { ServiceError, type CreditExplanation, type ExplainedMarginal, type RoundGrading } from '../service.ts'
import type { Store } from '../store/store.ts'
import { drive } from './reading.ts'

export interface ExplainInit {
  machine: Machine
  store: Store
  /** Looks at coalitions of the round, off the main thread. */
  explain: (transcript: Transcript, member: string) => Promise<Explanation>
}

/** Why a member has the credit that a closed round gave it. Rejects with ServiceError. */
export async function explanationOf({ machine, store, explain }: ExplainInit, round: string, member: string): Promise<CreditExplanation> {
  const { entry, transcript } = await readTranscript(machine, store, round)
  const result = await drive(store, readResult(entry.hash))
  const player = transcript.frozen.players.indexOf(member)
  if (result === null || result.credit === null) throw new ServiceError('no-credit', `Round ${round} gave no credit: it was not rated.`)
  if (player < 0) throw new ServiceError('no-credit', `${member} was no player of round ${round}.`)
  const explanation = await explain(transcript, member)
  const name = (index: number): { member: string; name: string } => ({ member: result.players[index] as string, name: nameOf(result.players[index] as string) })
  const marginal = ({ value, members }: Marginal): ExplainedMarginal => ({ valueMicro: value, with: members.map(name) })
  const { bestSingle, method, standardError, grandValue } = result.credit
  const picked = explanation.pickWithout === null ? undefined : transcript.answers[explanation.pickWithout]
  return {
    schema: 'peerage.explanation/v1',
    round,
    member,
    name: nameOf(member),
    height: entry.height,
    creditMicro: roundCredit(result.credit)[player] as number,
    standardErrorMicro: method === 'exact' ? null : (standardError?.[player] ?? null),
    points: result.points[player] as number,
    method,
    grandValueMicro: grandValue,
    bestSingle: bestSingle === null ? null : { ...name(bestSingle.player), valueMicro: bestSingle.value },
    without: {
      valueMicro: explanation.valueWithout,
      pick: picked === undefined ? null : { member: picked.author, name: nameOf(picked.author), text: picked.content.text, value: picked.content.value },
    },
    best: marginal(explanation.best),
    worst: marginal(explanation.worst),
    grading: gradingOf(result),
    gradingErrorMicro: result.grading?.outcome?.creditError?.[player] ?? null,
    coalitions: explanation.coalitions,
    complete: explanation.complete,
    recompute: `GET /api/v1/rounds/${round} holds the answers, the comparisons and the result; SPEC.md, "Credit", says how one follows from the other.`,
  }
}

function gradingOf({ grading, players }: RoundResult): RoundGrading {
  if (grading === undefined) return null
  const { draws, graders, weight, outcome } = grading
  const named = graders.map((index) => ({ member: players[index] as string, name: nameOf(players[index] as string) }))
  return { draws, graders: named, weightMicro: weight, counts: outcome !== null, drawNoiseMicro: outcome?.drawNoise ?? null, graderNoiseMicro: outcome?.graderNoise ?? null }
}

/** A closed round as it was said and agreed. Rejects with ServiceError. */
export async function readTranscript(machine: Machine, store: Store, round: string): Promise<{ entry: ClosedEntry; transcript: Transcript }> {
  const saved = await store.get(KEYS.round(round))
  if (saved === null) throw new ServiceError('unknown-round', `This node knows no closed round ${round.slice(0, 128)}.`)
  const entry = decodeCanonical(saved) as ClosedEntry
  const items = new Map<string, Message>()
  for (const id of [round, ...Object.values(entry.round.cuts).flat().map(([, item]) => item)]) {
    const bytes = await store.get(KEYS.item(id))
    // What is in the own store was checked when it came.
    const opened = bytes === null ? null : openEnvelope(bytes, machine.rules.network, () => true)
    if (opened?.ok !== true) throw new ServiceError('pruned', `This node does not keep the texts of round ${round} any more; a node with a full archive explains it.`)
    items.set(id, opened.message)
  }
  const open = items.get(round)
  if (open?.kind !== 'open' || entry.round.frozen === null) throw new ServiceError('no-credit', `Round ${round} gave no credit: nobody took part.`)
  return { entry, transcript: gatherTranscript(round, entry.round, open.body.task, (id) => items.get(id)) }
}
