import { canonicalValue, clusterAnswers, decide, sha256, weighBallots, type Comparison, type Decision, type RankingInput, type TaskKind } from '../../consensus/index.ts'
import { check, isCheckable } from '../checkers/checkers.ts'
import type { Rules } from '../ledger/state.ts'
import { pairsFor, type Transcript } from './transcript.ts'

/** A transcript in the form that ranking and credit work on, with the swarm's decision. */
export interface RankedRound {
  input: RankingInput
  decision: Decision
  /** Value of each cluster of equal answers; null for answers that are equal to nothing but themselves. */
  values: (string | null)[]
  source: 'truth' | 'checker' | 'none'
  /** Evaluation of each answer in micro-units, null without truth and checker. */
  quality: number[] | null
}

/** Ranks a round from its agreed transcript. Pure; everybody who holds the transcript gets the same integers. */
export function rankRound(transcript: Transcript, rules: Rules): RankedRound {
  const { answers, task, frozen } = transcript
  const clusters = clusterAnswers(task.kind, answers.map(({ content }) => content.value))
  const ranked = answers.map(({ author }, index) => ({ author: frozen.players.indexOf(author), cluster: clusters[index] as number }))
  const input: RankingInput = {
    answers: ranked,
    comparisons: weighBallots({ answers: ranked, comparisons: usableComparisons(transcript, rules), judgeWeights: frozen.judgeWeights }),
    answerWeights: frozen.answerWeights,
  }
  const values: (string | null)[] = []
  clusters.forEach((cluster, index) => (values[cluster] ??= canonicalValue(task.kind, answers[index]?.content.value ?? null)))
  return { input, decision: decide(input), values, ...evaluateAnswers(transcript) }
}

/** Comparisons that count: answers that exist, and pairs that the judge was asked for. */
function usableComparisons(transcript: Transcript, rules: Rules): Comparison[] {
  const { answers, ballots, frozen, pairSeed } = transcript
  const { pairing, selfBallots } = rules.parameters
  return ballots.flatMap(({ author, content }) => {
    const asked = new Set(pairSeed === null ? [] : pairsFor(author, answers, pairSeed, rules).map(({ left, right }) => pairKey(left, right)))
    const judge = frozen.players.indexOf(author)
    return content.comparisons.flatMap(({ left, right, verdict }) => {
      const exists = left !== right && answers[left] !== undefined && answers[right] !== undefined
      const own = answers[left]?.author === author || answers[right]?.author === author
      const counts = exists && (selfBallots || !own) && (pairing === 'open' || asked.has(pairKey(left, right)))
      return counts ? [{ judge, left, right, verdict }] : []
    })
  })
}

function pairKey(left: number, right: number): string {
  return `${Math.min(left, right)}/${Math.max(left, right)}`
}

// Truth before checker; a truth that was promised and not revealed leaves the answers unevaluated.
function evaluateAnswers({ task, answers, accepted, truthCommitted }: Transcript): Pick<RankedRound, 'source' | 'quality'> {
  if (truthCommitted) {
    if (accepted === null) return { source: 'none', quality: null }
    const values = new Set(accepted.map((value) => canonicalValue(task.kind, value) ?? value))
    const isAccepted = ({ text, value }: { text: string; value: string | null }): boolean => {
      const canonical = canonicalValue(task.kind, value)
      return (canonical !== null && values.has(canonical)) || values.has(acceptedHash(text))
    }
    return { source: 'truth', quality: answers.map(({ content }) => (isAccepted(content) ? 1_000_000 : 0)) }
  }
  if (!isCheckable(task.kind)) return { source: 'none', quality: null }
  const verdicts = answers.map(({ content }) => check(task.kind, task.prompt, content.text))
  if (verdicts.some((verdict) => !verdict.ok && verdict.code === 'malformed-task')) return { source: 'none', quality: null }
  return { source: 'checker', quality: verdicts.map((verdict) => (verdict.ok ? verdict.quality : 0)) }
}

/** Whether a truth can name an answer of this kind by this value: one that answers are compared by, or the hash of a text. */
export function isAcceptable(kind: TaskKind, value: string): boolean {
  return canonicalValue(kind, value) !== null || /^sha256:[0-9a-f]{64}$/.test(value)
}

/** How a free-text answer is accepted by a truth: as the hash of its text. */
export function acceptedHash(text: string): string {
  return `sha256:${sha256(text)}`
}
