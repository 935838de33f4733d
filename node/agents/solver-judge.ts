import type { Verdict } from '../../consensus/index.ts'
import { cityDistance, evaluateCountdownAnswer, parseColouringAnswer, parseColouringTask, parseCountdownTask, parseTourAnswer, parseTourTask, tourLength } from '../../protocol/index.ts'
import type { CheckableKind, City } from '../../protocol/index.ts'
import type { JudgedAnswer } from './agent.ts'

/** What a judge found out about an answer with the checks it could afford. */
export interface Finding {
  /** Seen to break a rule. Not broken may also mean not seen. */
  broken: boolean
  /** How far from perfect, lower is better: tour length, colours, distance from the target. Null: cannot tell. */
  cost: number | null
  /** How much of the cost may be sampling error, relative. */
  uncertainty: number
  /** Checks spent, 0 where the author's own claim was believed. */
  checks: number
}

/**
 * Inspects one answer with at most `checksMax` elementary checks: an edge of a tour measured, an edge of a graph looked at,
 * a number of an expression looked up. With none, the author's stated value is believed. Null if the task is malformed.
 */
export function inspectAnswer(kind: CheckableKind, prompt: string, answer: JudgedAnswer, checksMax: number): Finding | null {
  switch (kind) {
    case 'tour':
      return inspectTour(prompt, answer, checksMax)
    case 'colouring':
      return inspectColouring(prompt, answer, checksMax)
    case 'countdown':
      return inspectCountdown(prompt, answer, checksMax)
  }
}

/** Compares two findings: unbroken before broken, then lower cost beyond what may be sampling error; else a tie. */
export function compareFindings(left: Finding, right: Finding): { verdict: Verdict; reason: string } {
  const checked = left.checks + right.checks === 0 ? 'as claimed' : `${left.checks} and ${right.checks} checks`
  if (left.broken !== right.broken) return { verdict: left.broken ? 'right' : 'left', reason: `the other breaks a rule (${checked})` }
  if (left.broken || left.cost === null || right.cost === null) return { verdict: 'tie', reason: `cannot tell (${checked})` }
  const reason = `cost ${left.cost} against ${right.cost} (${checked})`
  const margin = Math.max(left.uncertainty, right.uncertainty) * Math.max(left.cost, right.cost)
  if (Math.abs(left.cost - right.cost) <= margin) return { verdict: 'tie', reason }
  return { verdict: left.cost < right.cost ? 'left' : 'right', reason }
}

const brokenFinding = (checks: number): Finding => ({ broken: true, cost: null, uncertainty: 0, checks })

/** Samples edges evenly along the tour; only a judge that can afford them all also sees a city missing. */
function inspectTour(prompt: string, answer: JudgedAnswer, checksMax: number): Finding | null {
  const task = parseTourTask(prompt)
  if (task === null) return null
  if (checksMax === 0) return believe(claimOf(answer))
  const count = task.cities.length
  const order = parseTourAnswer(task, answer.text)
  if (order === null) return brokenFinding(1)
  if (checksMax >= count) {
    const complete = new Set(order).size === count
    return complete ? { broken: false, cost: tourLength(task.cities, order), uncertainty: 0, checks: count } : brokenFinding(count)
  }
  let length = 0
  for (const at of spread(checksMax, count)) {
    length += cityDistance(task.cities[order[at] as number] as City, task.cities[order[(at + 1) % count] as number] as City)
  }
  return { broken: false, cost: Math.round((length * count) / checksMax), uncertainty: 0.15, checks: checksMax }
}

/** Counts the colours and looks for conflicts at evenly chosen edges. */
function inspectColouring(prompt: string, answer: JudgedAnswer, checksMax: number): Finding | null {
  const task = parseColouringTask(prompt)
  if (task === null) return null
  if (checksMax === 0) return believe(claimOf(answer))
  const checks = Math.min(checksMax, task.edges.length)
  const colours = parseColouringAnswer(task, answer.text)
  if (colours === null) return brokenFinding(1)
  for (const at of spread(checks, task.edges.length)) {
    const [a, b] = task.edges[at] as readonly [number, number]
    if (colours[a] === colours[b]) return brokenFinding(checks)
  }
  return { broken: false, cost: new Set(colours).size, uncertainty: 0, checks }
}

/** Works the expression out; only a judge that can afford it also looks every number up. */
function inspectCountdown(prompt: string, answer: JudgedAnswer, checksMax: number): Finding | null {
  const task = parseCountdownTask(prompt)
  if (task === null) return null
  if (checksMax === 0) {
    const claim = claimOf(answer)
    return believe(claim === null ? null : Math.abs(claim - task.target))
  }
  const lookUps = task.numbers.length * task.numbers.length
  const inFull = checksMax >= lookUps
  const evaluation = evaluateCountdownAnswer(answer.text, inFull ? task : null)
  if (!evaluation.ok) return brokenFinding(1)
  return { broken: false, cost: Math.abs(evaluation.value - task.target), uncertainty: 0, checks: inFull ? lookUps : evaluation.used.length }
}

function believe(cost: number | null): Finding {
  return { broken: false, cost, uncertainty: 0, checks: 0 }
}

function claimOf(answer: JudgedAnswer): number | null {
  return answer.value !== null && /^\d{1,9}$/.test(answer.value) ? Number(answer.value) : null
}

/** `count` indices spread evenly over 0..length-1. */
function spread(count: number, length: number): number[] {
  return Array.from({ length: count }, (_, index) => Math.floor((index * length) / count))
}
