import type { AnswerPair } from './agent.ts'

/** Most pairs that one call judges: more than any assignment of the protocol asks for. */
const pairsMax = 500

/** The pairs asked for, without those that name no two different answers; where none are asked for, all pairs. */
export function pairsToJudge(answerCount: number, pairs: readonly AnswerPair[]): AnswerPair[] {
  const isAnswer = (index: number): boolean => Number.isInteger(index) && index >= 0 && index < answerCount
  const wanted = pairs.length > 0 ? pairs : listAllPairs(answerCount)
  return wanted.filter(({ left, right }) => isAnswer(left) && isAnswer(right) && left !== right).slice(0, pairsMax)
}

function listAllPairs(answerCount: number): AnswerPair[] {
  return Array.from({ length: answerCount }, (_, left) => Array.from({ length: answerCount - left - 1 }, (_, step) => ({ left, right: left + 1 + step }))).flat()
}
