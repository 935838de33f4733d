/** Why an answer is worth nothing. */
export type AnswerFault = 'malformed-answer' | 'not-a-permutation' | 'conflict' | 'number-not-available' | 'result-out-of-range'

/** Quality in micro-units, 0..1_000_000, and what was measured: tour length, colours used or value reached. */
export interface AnswerCheck {
  quality: number
  fault: AnswerFault | null
  measure: number | null
}
