import { divideFloor, MICRO } from './micro.ts'
import { emptyJudging, emptyPosterior, everySituation, MEMORY_TRIALS, observe, observeJudging, poolTrial, PROBATION_TRIALS } from './reputation.ts'
import type { Course, Judging, JudgingTrial, Posterior, Trial } from './types.ts'

/** What the truths of one asker have shown of a member; of nobody (null): what the ledger itself has seen. */
export interface Testimony {
  asker: string | null
  answering: Posterior
  judging: Judging
}

/** An asker's part of all voting weight, in micro-units. */
export type PartOf = (asker: string) => number

/** Askers without voting weight are one asker, of this name: they may all be the same somebody. */
const STRANGERS = ''

/** So many askers are remembered of a member, those who have shown most: two thirds of a network of equals that still closes its phases. */
const ASKERS_MAX = 64

/** Adds what a round has shown of a member in one role or both. Askers are kept apart, and each one's record fades and breaks off by itself. Pure. */
export function testify(known: readonly Testimony[], asker: string | null, shown: { answering?: Trial; judging?: JudgingTrial }, partOf: PartOf): Testimony[] {
  const part = asker === null ? MICRO : partOf(asker)
  const name = part === 0 ? STRANGERS : asker
  const before = known.find((testimony) => testimony.asker === name) ?? { asker: name, answering: emptyPosterior(), judging: emptyJudging() }
  const memory = Math.max(PROBATION_TRIALS, divideFloor(MEMORY_TRIALS * Math.min(2 * MICRO, 3 * part), 2 * MICRO))
  const after = {
    asker: name,
    answering: shown.answering === undefined ? before.answering : observe(before.answering, shown.answering, memory),
    judging: shown.judging === undefined ? before.judging : observeJudging(before.judging, shown.judging, memory),
  }
  const all = [...known.filter((testimony) => testimony.asker !== name), after].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  if (all.length <= ASKERS_MAX) return all
  const least = all.reduce((fewest, testimony) => (sizeOf(testimony) < sizeOf(fewest) ? testimony : fewest))
  return all.filter((testimony) => testimony !== least)
}

/** What is known of a member as an answerer: the testimonies, each as far as `limitParts` lets it. */
export function readAnswering(known: readonly Testimony[], partOf: PartOf): Posterior {
  const parts = limitParts(known.map(({ asker, answering }) => ({ asker, size: answering.success + answering.failure })), partOf)
  const sum = (of: keyof Trial): number => known.reduce((total, { answering }, index) => total + scale(answering[of], parts[index] as Part), 0)
  return { success: sum('success'), failure: sum('failure'), ...joinCourses(known.map(({ answering }) => answering)) }
}

/** As `readAnswering`, as a judge. */
export function readJudging(known: readonly Testimony[], partOf: PartOf): Judging {
  const sizes = known.map(({ asker, judging }) => {
    const { success, failure } = poolTrial(judging)
    return { asker, size: success + failure }
  })
  const parts = limitParts(sizes, partOf)
  const situations = everySituation((situation): Trial => {
    const sum = (of: keyof Trial): number => known.reduce((total, { judging }, index) => total + scale(judging[situation][of], parts[index] as Part), 0)
    return { success: sum('success'), failure: sum('failure') }
  })
  return { ...situations, ...joinCourses(known.map(({ judging }) => judging)) }
}

/** The evidence of one asker in one role, in micro-units of trials, and how much of it counts. */
interface Part {
  size: number
  counted: number
}

/**
 * How much of each asker's evidence counts. With N counted in all, an asker with the part p of the voting weight has at most
 * 3 p (4 + N / 2) trials. So askers who have a third of that weight together count less than eight trials more than all others do, and alone
 * they cannot take anybody out of probation. Inside of probation, up to eight trials, everything counts.
 */
function limitParts(evidence: readonly { asker: string | null; size: number }[], partOf: PartOf): Part[] {
  const all = evidence.reduce((sum, { size }) => sum + size, 0)
  const limitOf = (asker: string | null, counted: number): number =>
    asker === null ? Infinity : Math.floor((3 * partOf(asker) * (PROBATION_TRIALS * MICRO + counted)) / (2 * MICRO))
  let counted = all
  let parts = evidence.map(({ size }): Part => ({ size, counted: size }))
  // What counts only shrinks from one pass to the next, until it is limited by itself.
  for (let before = Infinity; counted < before; ) {
    before = counted
    parts = evidence.map(({ asker, size }) => ({ size, counted: Math.min(size, limitOf(asker, before)) }))
    counted = parts.reduce((sum, part) => sum + part.counted, 0)
  }
  const room = Math.min(all, PROBATION_TRIALS * MICRO - 1) - counted
  if (room <= 0) return parts
  return parts.map((part) => ({ size: part.size, counted: part.counted + divideFloor(room * (part.size - part.counted), all - counted) }))
}

function scale(evidence: number, { size, counted }: Part): number {
  return size === counted ? evidence : Math.floor((evidence * counted) / size)
}

/** All rounds that spoke, and the doubt of who doubts most. */
function joinCourses(courses: readonly Course[]): Course {
  return courses.reduce<Course>((joint, { count, doubt }) => ({ count: joint.count + count, doubt: Math.max(joint.doubt, doubt) }), { count: 0, doubt: 0 })
}

function sizeOf({ answering, judging }: Testimony): number {
  const pooled = poolTrial(judging)
  return answering.success + answering.failure + pooled.success + pooled.failure
}

/** Names sort as texts; the ledger comes first. */
function nameOf({ asker }: Testimony): string {
  return asker === null ? '' : `/${asker}`
}
