import type { AnswerCheck, AnswerFault } from './answer-check.ts'
import { formatTaskText, hasExactKeys, isIntegerIn, lastAnswerLine, parseTaskData } from './task-text.ts'

/** Reach `target` (1..100000) from 2 to 7 numbers (1..1000), each used at most once. */
export interface CountdownTask {
  numbers: readonly number[]
  target: number
}

/** What an expression comes to, and the numbers it uses in the order written; or why it comes to nothing. */
export type Evaluation = { ok: true; value: number; used: number[] } | { ok: false; fault: AnswerFault }

export type Operator = '+' | '-' | '*' | '/'

const numbersMin = 2
const numbersMax = 7
const numberMax = 1_000
const targetMax = 100_000
const expressionLengthMax = 200

/** No intermediate result may exceed this, so that all arithmetic is exact. */
export const intermediateMax = 1_000_000_000

const instruction =
  'Reach the target with + - * / and brackets from the given numbers, each used at most once. ' +
  'Every intermediate result must be a positive whole number. If the target is out of reach, come as near as possible. ' +
  'The last line of the answer is the expression alone, e.g. (25-3)*4.'

export function formatCountdownTask(task: CountdownTask): string {
  return formatTaskText(instruction, { numbers: task.numbers, target: task.target })
}

/** The task of a prompt, or null if it is none. Never throws. */
export function parseCountdownTask(prompt: string): CountdownTask | null {
  const data = parseTaskData(prompt)
  if (!hasExactKeys(data, ['numbers', 'target'])) return null
  const { numbers, target } = data
  if (!isIntegerIn(target, 1, targetMax) || !Array.isArray(numbers)) return null
  if (numbers.length < numbersMin || numbers.length > numbersMax) return null
  return numbers.every((number) => isIntegerIn(number, 1, numberMax)) ? { numbers, target } : null
}

/** The result of one operation under the game's rule: a positive integer of at most a thousand million, else null. */
export function applyOperator(operator: Operator, left: number, right: number): number | null {
  if (operator === '/') return left % right === 0 ? left / right : null
  const value = operator === '+' ? left + right : operator === '-' ? left - right : left * right
  return value >= 1 && value <= intermediateMax ? value : null
}

/** Reads and evaluates an expression of integers, + - * / and brackets. Usual precedence, left to right. Never throws. */
export function evaluateExpression(text: string): Evaluation {
  const tokens = text.length > expressionLengthMax ? null : tokenise(text)
  if (tokens === null) return { ok: false, fault: 'malformed-answer' }
  const reader: Reader = { tokens, at: 0, used: [], fault: null }
  const value = readSum(reader)
  if (reader.fault === null && reader.at < tokens.length) reader.fault = 'malformed-answer'
  return reader.fault === null ? { ok: true, value, used: reader.used } : { ok: false, fault: reader.fault }
}

/** Evaluates the expression that an answer ends with; with `task`, the numbers used must be among its numbers. */
export function evaluateCountdownAnswer(answer: string, task: CountdownTask | null): Evaluation {
  const line = lastAnswerLine(answer)
  if (line === null) return { ok: false, fault: 'malformed-answer' }
  const evaluation = evaluateExpression(line)
  if (task === null || !evaluation.ok) return evaluation
  const left = [...task.numbers]
  for (const number of evaluation.used) {
    const slot = left.indexOf(number)
    if (slot < 0) return { ok: false, fault: 'number-not-available' }
    left.splice(slot, 1)
  }
  return evaluation
}

/**
 * Quality of an expression: 1_000_000 if it hits the target, else 5 / (5 + distance), so half a million at a distance of five;
 * 0 where a rule is broken. `measure` is the value reached. Pure, bounded.
 */
export function checkCountdown(task: CountdownTask, answer: string): AnswerCheck {
  const evaluation = evaluateCountdownAnswer(answer, task)
  if (!evaluation.ok) return { quality: 0, fault: evaluation.fault, measure: null }
  const distance = Math.abs(evaluation.value - task.target)
  return { quality: Math.floor(5_000_000 / (5 + distance)), fault: null, measure: evaluation.value }
}

interface Reader {
  tokens: readonly string[]
  at: number
  used: number[]
  fault: AnswerFault | null
}

function tokenise(text: string): string[] | null {
  const tokens = text.match(/\d+|[-+*/()]/g) ?? []
  return tokens.join('') === text.replace(/ /g, '') ? tokens : null
}

function readSum(reader: Reader): number {
  let value = readProduct(reader)
  while (reader.fault === null && (reader.tokens[reader.at] === '+' || reader.tokens[reader.at] === '-')) {
    value = combine(reader, reader.tokens[reader.at++] as Operator, value, readProduct)
  }
  return value
}

function readProduct(reader: Reader): number {
  let value = readAtom(reader)
  while (reader.fault === null && (reader.tokens[reader.at] === '*' || reader.tokens[reader.at] === '/')) {
    value = combine(reader, reader.tokens[reader.at++] as Operator, value, readAtom)
  }
  return value
}

function readAtom(reader: Reader): number {
  const token = reader.tokens[reader.at++]
  if (token === '(') {
    const value = readSum(reader)
    if (reader.fault === null && reader.tokens[reader.at++] !== ')') return fail(reader, 'malformed-answer')
    return value
  }
  if (token === undefined || !/^\d{1,4}$/.test(token)) return fail(reader, 'malformed-answer')
  const number = Number(token)
  reader.used.push(number)
  return number >= 1 ? number : fail(reader, 'number-not-available')
}

function combine(reader: Reader, operator: Operator, left: number, readRight: (reader: Reader) => number): number {
  const right = readRight(reader)
  if (reader.fault !== null) return 0
  return applyOperator(operator, left, right) ?? fail(reader, 'result-out-of-range')
}

function fail(reader: Reader, fault: AnswerFault): number {
  reader.fault ??= fault
  return 0
}
