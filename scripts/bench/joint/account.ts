import { createWork, evaluateUnits, planCredit, type SampledPlan, type Work } from '../../../credit/index.ts'
import { openLevelStore } from '../../../node/index.ts'
import {
  CHECKS_PER_BLOCK,
  computeShare,
  decodeVouched,
  gameOf,
  gatherTranscript,
  KEYS,
  openEnvelope,
  type ClosedEntry,
  type Message,
  type RoundResult,
  type Rules,
  type Transcript,
} from '../../../protocol/index.ts'

/** A closed round as a node's store has it. */
export interface StoredRound {
  transcript: Transcript
  result: RoundResult
}

/** Reads the rated rounds of a store that no node has open, in the order in which they closed. */
export async function readRounds(path: string, network: string): Promise<StoredRound[]> {
  const store = await openLevelStore(path)
  const read = async (key: string): Promise<Uint8Array> => {
    const value = await store.get(key)
    if (value === null) throw new Error(`the store lacks ${key}`)
    return value
  }
  try {
    const rounds: StoredRound[] = []
    for await (const [key] of store.range(KEYS.allClosed)) {
      const id = key.split('/')[2] as string
      const { hash, round } = decodeVouched(await read(KEYS.round(id))) as ClosedEntry
      const items = new Map<string, Message>()
      for (const item of [id, ...Object.values(round.cuts).flat().map(([, message]) => message)]) {
        const opened = openEnvelope(await read(KEYS.item(item)), network, () => true)
        if (opened.ok) items.set(item, opened.message)
      }
      const open = items.get(id)
      const result = decodeVouched(await read(KEYS.result(hash))) as RoundResult
      if (open?.kind === 'open' && result.credit !== null) rounds.push({ result, transcript: gatherTranscript(id, round, open.body.task, (item) => items.get(item)) })
    }
    return rounds
  } finally {
    await store.close()
  }
}

/** The credit work of one round: by whom, and what it takes on an otherwise idle thread of this process. */
export interface RoundAccount {
  /** Evaluations that one node alone would need, and that members sent. */
  alone: number
  sent: { member: string; evaluations: number; phase: string; blocks: number }[]
  /** Evaluations that each node repeats at closing to check the others. */
  checks: number
  aloneMs: number
  /** Time that the first share of each player takes. */
  shareMs: Map<string, number>
}

export function accountOf({ transcript }: StoredRound, rules: Rules): RoundAccount {
  const { players } = transcript.frozen
  const plan = planOf(players.length, rules)
  const sent = transcript.shares.map(({ author, phase, blocks }) => ({
    member: author,
    phase,
    blocks: blocks.length,
    evaluations: blocks.reduce((sum, { values }) => sum + values.flat().length, 0),
  }))
  const draw = (): Work => createWork({ plan, seed: transcript.creditSeed, players: players.length })
  const aloneMs = time(() => void evaluateUnits(gameOf(transcript, rules).game, draw(), 0, plan.units))
  const first: Transcript = { ...transcript, phase: 'credit', shares: [] }
  const shareMs = new Map(players.map((player) => [player, time(() => computeShare(first, rules, player, new Uint8Array(32)))]))
  return { alone: plan.units * draw().leaves, sent, checks: CHECKS_PER_BLOCK * plan.blocks, aloneMs, shareMs }
}

function planOf(players: number, { parameters }: Rules): SampledPlan {
  const { exactPlayersMax, creditPairs: pairs, creditPlan: rule, creditCost: cost } = parameters
  const plan = planCredit({ players, exactPlayersMax, pairs, rule, ...(cost === null ? {} : { cost }) })
  if (plan.kind === 'exact') throw new Error('a round was too small for its credit to be shared')
  return plan
}

function time(work: () => void): number {
  const startedMs = performance.now()
  work()
  return performance.now() - startedMs
}
