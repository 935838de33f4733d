/** How a node takes part in a round: what it does on entering a phase, what it holds, and when it has heard enough. */
import type { CommitPhase, CreditPhase, Phase, Task } from '../bodies.ts'
import { decodeVouched, encode } from '../encoding.ts'
import type { Message } from '../envelope.ts'
import { resultHash } from '../ledger/close-round.ts'
import { checkItem, cutOf, isItem, type Item } from '../ledger/items.ts'
import { maySpeak } from '../ledger/members.ts'
import type { RoundResult } from '../ledger/result.ts'
import type { RoundState } from '../ledger/state.ts'
import { LIMITS } from '../limits.ts'
import { rememberedOf } from '../memo.ts'
import { distinctAnswers } from '../round/grades.ts'
import { answersOf, gatherTranscript, pairsFor } from '../round/transcript.ts'
import { shownIn } from '../round/joint.ts'
import { COMMIT_OF, commitmentOf, type SealedPhase, type Secret, type shareContent } from '../sealed.ts'
import { resultSchema } from '../ledger/result.ts'
import { isOwed, keepLate } from './debts.ts'
import type { AgentJob, ComputeJob, Effect, Verdict } from './events.ts'
import { KEYS } from './keys.ts'
import { isValidator, keepEarly, localRound, openOf, persist, presentMembers, want, type Machine, type WaitingJob } from './machine-state.ts'
import { maySign, signOnce } from './sign-guard.ts'
import { turnsIn } from './turns.ts'

/** Enters the phase that the ledger says a round is in, once. */
export function enterPhase(machine: Machine, out: Effect[], roundId: string): void {
  const round = machine.ledger.rounds[roundId]
  const local = localRound(machine, roundId)
  if (round === undefined || local.entered === round.phase || machine.guard.mode === 'asking') return
  local.entered = round.phase
  out.push({ type: 'notify', notice: { type: 'phase-entered', round: roundId, phase: round.phase, height: machine.ledger.height } })
  if (round.phase !== 'closing') out.push({ type: 'timer', name: `phase/${roundId}/${round.phase}`, ms: durationOf(machine, round, round.phase) })
  if (round.phase !== 'answer-commit') out.push({ type: 'stop-agent', round: roundId, job: 'answer' })
  if (round.phase !== 'answer-commit' && round.phase !== 'answer-reveal' && round.phase !== 'ballot-commit') {
    out.push({ type: 'stop-agent', round: roundId, job: 'judge' })
  }
  if (round.cuts['grade-commit'] !== undefined) out.push({ type: 'stop-agent', round: roundId, job: 'grade' })
  if (maySpeak(machine.ledger, round, machine.self) && maySign(machine)) takePart(machine, out, roundId, round)
  // A validator that has left votes until its epoch ends, and on results only if it computed them.
  else if (round.phase === 'closing' && isValidator(machine, machine.self)) compute(machine, out, roundId, 'close')
  checkPhase(machine, out, roundId)
}

function durationOf(machine: Machine, round: RoundState, phase: Phase): number {
  const { revealMs, evaluateMs, creditMs } = machine.rules.parameters
  switch (phase) {
    case 'answer-commit':
      return round.answerMs
    case 'ballot-commit':
    case 'grade-commit':
      return round.judgeMs
    case 'answer-reveal':
    case 'ballot-reveal':
    case 'grade':
    case 'credit':
    case 'credit-next':
    case 'credit-all':
      return revealMs
    case 'evaluate':
      return evaluateMs
    case 'credit-commit':
    case 'credit-next-commit':
    case 'credit-all-commit':
      return creditMs
  }
}

function takePart(machine: Machine, out: Effect[], roundId: string, round: RoundState): void {
  const local = localRound(machine, roundId)
  switch (round.phase) {
    case 'answer-commit':
      return startAnswering(machine, out, roundId, round)
    case 'ballot-commit':
      return startJudging(machine, out, roundId, round)
    case 'answer-reveal':
    case 'ballot-reveal':
      return reveal(machine, out, roundId, round, round.phase)
    case 'grade-commit':
      startGrading(machine, out, roundId, round)
      break
    case 'credit-commit':
    case 'credit-next-commit':
    case 'credit-all-commit':
      startEvaluating(machine, out, roundId, round, round.phase)
      break
    case 'grade':
    case 'credit':
    case 'credit-next':
    case 'credit-all':
      reveal(machine, out, roundId, round, round.phase)
      break
    case 'evaluate':
      if (round.asker === machine.self && local.truth !== null) {
        contribute(machine, out, 'truth', { round: roundId, phase: 'evaluate', ...local.truth })
      }
      break
    case 'closing':
      compute(machine, out, roundId, 'close')
  }
  // The asker has its answer as soon as the ballots are agreed; evaluation and credit follow.
  if (round.asker !== machine.self || local.ranked) return
  local.ranked = true
  compute(machine, out, roundId, 'rank')
}

function startAnswering(machine: Machine, out: Effect[], roundId: string, round: RoundState): void {
  const { canAnswer, canJudge } = machine.config.agent
  if (isExcluded(machine, round) || hasSpoken(machine, roundId, 'answer-commit')) return
  if (localRound(machine, roundId).secrets.has('answer-reveal')) return commit(machine, out, roundId, 'answer-reveal')
  if (isLacking(machine, out, roundId, round, 'answer')) return
  if (canAnswer) out.push({ type: 'ask-agent', round: roundId, job: 'answer', task: taskOf(machine, roundId) })
  else if (canJudge) pass(machine, out, roundId, 'answer-commit')
}

function startJudging(machine: Machine, out: Effect[], roundId: string, round: RoundState): void {
  if (isExcluded(machine, round) || !machine.config.agent.canJudge || hasSpoken(machine, roundId, 'ballot-commit')) return
  if (localRound(machine, roundId).secrets.has('ballot-reveal')) return commit(machine, out, roundId, 'ballot-reveal')
  if (isLacking(machine, out, roundId, round, 'judge')) return
  const answers = answersOf(round, (id) => machine.items.get(id))
  const pairs = pairsFor(machine.self, answers, round.pairSeed as string, machine.rules)
  if (pairs.length === 0 && machine.rules.parameters.pairing === 'scheduled') return pass(machine, out, roundId, 'ballot-commit')
  out.push({ type: 'ask-agent', round: roundId, job: 'judge', task: taskOf(machine, roundId), answers, pairs })
}

function startGrading(machine: Machine, out: Effect[], roundId: string, round: RoundState): void {
  if (round.frozen?.players.includes(machine.self) !== true || hasSpoken(machine, roundId, 'grade-commit')) return
  if (localRound(machine, roundId).secrets.has('grade')) return commit(machine, out, roundId, 'grade')
  if (!machine.config.agent.canJudge) return pass(machine, out, roundId, 'grade-commit')
  if (isLacking(machine, out, roundId, round, 'grade')) return
  const answers = distinctAnswers(answersOf(round, (id) => machine.items.get(id))).contents
  out.push({ type: 'ask-agent', round: roundId, job: 'grade', task: taskOf(machine, roundId), answers, draws: machine.rules.parameters.creditGrades as number })
}

// A player whose turn it is not passes; one that was interrupted commits to what it had evaluated.
function startEvaluating(machine: Machine, out: Effect[], roundId: string, round: RoundState, phase: CommitPhase): void {
  const shown = shownIn(phase) as CreditPhase
  if (round.frozen?.players.includes(machine.self) !== true || hasSpoken(machine, roundId, phase)) return
  if (localRound(machine, roundId).secrets.has(shown)) return commit(machine, out, roundId, shown)
  if (turnsIn(machine, roundId, round, shown).has(machine.self)) compute(machine, out, roundId, 'share')
  else pass(machine, out, roundId, phase)
}

// After a restart: what was signed before it is re-sent during a standstill, and the agent is not asked again.
function hasSpoken(machine: Machine, roundId: string, phase: Phase): boolean {
  return machine.own.has(`${roundId}/${phase}`)
}

// Who knows the truth is no player.
function isExcluded(machine: Machine, round: RoundState): boolean {
  return round.truth !== null && round.asker === machine.self
}

/** The agent's answer, ballot or grades have come, or a share is evaluated: it is durable before its commitment is sent. Null or oversized: a pass. */
export function seal(
  machine: Machine,
  out: Effect[],
  roundId: string,
  phase: SealedPhase,
  content: object | null,
  salt: Uint8Array,
): void {
  const round = machine.ledger.rounds[roundId]
  if (round === undefined || round.phase !== COMMIT_OF[phase] || hasSpoken(machine, roundId, COMMIT_OF[phase])) return
  const bytes = content === null ? null : encode(content)
  if (bytes === null || bytes.length > LIMITS.envelopeBytesMax - 1_000) return pass(machine, out, roundId, COMMIT_OF[phase])
  const secret: Secret = { content: bytes, salt }
  localRound(machine, roundId).secrets.set(phase, secret)
  persist(out, KEYS.secret(roundId, phase), encode(secret))
  commit(machine, out, roundId, phase)
}

function commit(machine: Machine, out: Effect[], roundId: string, phase: SealedPhase): void {
  const secret = localRound(machine, roundId).secrets.get(phase) as Secret
  const hash = commitmentOf(machine.rules.network, roundId, phase, machine.self, secret)
  contribute(machine, out, 'commit', { round: roundId, phase: COMMIT_OF[phase], hash })
}

function pass(machine: Machine, out: Effect[], roundId: string, phase: CommitPhase): void {
  contribute(machine, out, 'commit', { round: roundId, phase, hash: null })
}

function reveal(machine: Machine, out: Effect[], roundId: string, round: RoundState, phase: SealedPhase): void {
  const secret = localRound(machine, roundId).secrets.get(phase)
  const committed = cutOf(round, COMMIT_OF[phase]).some(([author]) => author === machine.self)
  if (secret === undefined || !committed) return
  const { content, salt } = secret
  if (phase === 'answer-reveal' || phase === 'ballot-reveal' || phase === 'grade') return contribute(machine, out, 'reveal', { round: roundId, phase, content, salt })
  const [blocks, checks] = decodeVouched(content) as ReturnType<typeof shareContent>
  contribute(machine, out, 'share', { round: roundId, phase, blocks, checks, salt })
}

function contribute<K extends Item['kind']>(machine: Machine, out: Effect[], kind: K, body: Message<K>['body']): void {
  const message = signOnce(machine, out, kind, body as never) as Message<Item['kind']> | null
  if (message === null) return
  receiveItem(machine, out, message)
  out.push({ type: 'publish', message })
}

/**
 * A contribution of anybody. Ordered checks; one that does not fit yet is kept for later, one that can never fit is
 * rejected. SPEC.md, "Items".
 */
export function receiveItem(machine: Machine, out: Effect[], item: Item): Verdict {
  const { round: roundId, phase } = item.body
  const round = machine.ledger.rounds[roundId]
  // [accept] It is what its author still owes, even of a closed round or after it has left.
  if (isOwed(machine, item)) return keepLate(machine, item)
  // [ignore] The author is no member, nor was one when the round opened.
  const known = round === undefined ? machine.ledger.members[item.author] !== undefined : maySpeak(machine.ledger, round, item.author)
  if (!known) return { verdict: 'ignore', code: 'unknown-member' }
  // [ignore] The round has closed. [keep for later] It is not known yet.
  if (round === undefined) return keepUnknown(machine, roundId, item)
  // [ignore] The phase is over.
  if (isOver(round, phase)) return { verdict: 'ignore', code: 'phase-closed' }
  // [keep for later] The phase has not begun here.
  if (round.phase !== phase) return keepForLater(machine, item)
  // [ignore] The author has already spoken in this phase.
  const held = localRound(machine, roundId).held.get(phase) ?? new Map<string, string>()
  if (held.has(item.author)) return { verdict: 'ignore', code: 'slot-taken' }
  // [reject] The item can't be what its author committed to, or comes from someone who has no say in this phase.
  const fits = checkItem(machine.ledger, roundId, round, item, { rules: machine.rules, item: (id) => machine.items.get(id) })
  if (fits === 'unfit') return { verdict: 'reject', code: 'unfit-item' }
  if (typeof fits === 'object') {
    want(machine, out, [fits.missing], item.author)
    return keepForLater(machine, item)
  }
  localRound(machine, roundId).held.set(phase, held.set(item.author, item.id))
  storeItem(machine, out, item)
  checkPhase(machine, out, roundId)
  return { verdict: 'accept' }
}

/** Keeps a message of an open round, durably. */
export function storeItem(machine: Machine, out: Effect[], item: Message): void {
  if (machine.items.has(item.id)) return
  machine.items.set(item.id, item)
  keepItem(out, item)
}

/** What the store holds of a message of an open round. */
export function keepItem(out: Effect[], item: Message): void {
  persist(out, KEYS.item(item.id), item.bytes)
  const round = isItem(item) ? item.body.round : item.id
  persist(out, KEYS.openItem(round, item.id), new Uint8Array())
}

function isOver(round: RoundState, phase: Phase): boolean {
  return round.cuts[phase] !== undefined || round.phase === 'closing'
}

function keepUnknown(machine: Machine, round: string, message: Message): Verdict {
  if (machine.closed.has(round)) return { verdict: 'ignore', code: 'phase-closed' }
  keepEarly(machine, message)
  return { verdict: 'ignore', code: 'unknown-round' }
}

function keepForLater(machine: Machine, message: Message): Verdict {
  keepEarly(machine, message)
  return { verdict: 'accept' }
}

/** What a validator held of a phase. */
export function receiveObservation(machine: Machine, _out: Effect[], observation: Message<'observation'>): Verdict {
  const { author, body } = observation
  // [ignore] The author has no voting weight.
  if (!isValidator(machine, author)) return { verdict: 'ignore', code: 'not-a-validator' }
  const round = machine.ledger.rounds[body.round]
  // [ignore] The round or the phase is over. [keep for later] It has not begun here.
  if (round === undefined) return keepUnknown(machine, body.round, observation)
  if (isOver(round, body.phase)) return { verdict: 'ignore', code: 'phase-closed' }
  if (round.phase !== body.phase) return keepForLater(machine, observation)
  const { observations } = localRound(machine, body.round)
  const held = observations.get(body.phase) ?? new Map<string, Message<'observation'>>()
  // [ignore] The author has already spoken.
  if (held.has(author)) return { verdict: 'ignore', code: 'slot-taken' }
  observations.set(body.phase, held.set(author, observation))
  return { verdict: 'accept' }
}

/** Observes as soon as everybody expected was heard. */
export function checkPhase(machine: Machine, out: Effect[], roundId: string): void {
  const round = machine.ledger.rounds[roundId]
  if (round === undefined || round.phase === 'closing' || localRound(machine, roundId).entered !== round.phase) return
  const held = localRound(machine, roundId).held.get(round.phase)
  const expected = expectedMembers(machine, roundId, round, round.phase)
  if (expected.length > 0 && expected.every((member) => held?.has(member))) observe(machine, out, roundId)
}

/** Signs what this node holds of the current phase: its timer has run out, or everybody expected was heard. */
export function observe(machine: Machine, out: Effect[], roundId: string): void {
  const round = machine.ledger.rounds[roundId]
  const local = localRound(machine, roundId)
  if (round === undefined || round.phase === 'closing') return
  local.due.add(round.phase)
  if (local.observed.has(round.phase) || !isValidator(machine, machine.self) || !maySign(machine)) return
  local.observed.add(round.phase)
  const items = [...(local.held.get(round.phase) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
  const body = { round: roundId, phase: round.phase, items }
  const message = signOnce(machine, out, 'observation', body)
  if (message === null) return
  receiveObservation(machine, out, message)
  out.push({ type: 'publish', message })
}

// Whom a phase waits for, besides its timer. SPEC.md, "Who is expected".
function expectedMembers(machine: Machine, roundId: string, round: RoundState, phase: Phase): string[] {
  const present = presentMembers(machine)
  const able = (what: 'canAnswer' | 'canJudge'): string[] =>
    [...present].flatMap(([member, abilities]) => {
      const known = machine.ledger.members[member]
      const until = what === 'canAnswer' ? known?.benchedUntil : known?.judgeBenchedUntil
      const benched = (until ?? Infinity) > machine.ledger.records
      return abilities[what] && !benched && !(round.truth !== null && member === round.asker) ? [member] : []
    })
  switch (phase) {
    case 'answer-commit':
      return able('canAnswer')
    case 'ballot-commit':
      return able('canJudge')
    case 'answer-reveal':
    case 'ballot-reveal':
    case 'grade':
    case 'credit':
    case 'credit-next':
    case 'credit-all':
      return cutOf(round, COMMIT_OF[phase]).map(([author]) => author)
    case 'evaluate':
      return [round.asker]
    case 'grade-commit':
      return (round.frozen?.players ?? []).filter((player) => present.has(player))
    case 'credit-commit':
    case 'credit-next-commit':
    case 'credit-all-commit':
      return [...turnsIn(machine, roundId, round, shownIn(phase) as CreditPhase).keys()].filter((player) => present.has(player))
  }
}

function compute(machine: Machine, out: Effect[], roundId: string, job: ComputeJob): void {
  const round = machine.ledger.rounds[roundId]
  if (round === undefined || round.frozen === null || isLacking(machine, out, roundId, round, job)) return
  const transcript = gatherTranscript(roundId, round, taskOf(machine, roundId), (id) => machine.items.get(id))
  out.push({ type: 'compute', round: roundId, job, transcript })
}

function taskOf(machine: Machine, roundId: string): Task {
  return (openOf(machine, roundId) as Message<'open'>).body.task
}

// The open and items of cuts that a damaged store has lost are asked for; the job waits for them.
function isLacking(machine: Machine, out: Effect[], roundId: string, round: RoundState, job: WaitingJob): boolean {
  const needed = [roundId, ...Object.values(round.cuts).flat().map(([, id]) => id)]
  const missing = needed.filter((id) => !machine.items.has(id))
  if (missing.length === 0) return false
  localRound(machine, roundId).waiting.add(job)
  want(machine, out, missing, null)
  return true
}

/** The phase in which the agent does a job. */
const PHASE_OF = { answer: 'answer-commit', judge: 'ballot-commit', grade: 'grade-commit' } as const satisfies Record<AgentJob, CommitPhase>

/** Jobs that waited for items are looked at again. */
export function retryJobs(machine: Machine, out: Effect[]): void {
  for (const [roundId, { waiting }] of machine.rounds) {
    const round = machine.ledger.rounds[roundId]
    const jobs = [...waiting]
    waiting.clear()
    if (round === undefined) continue
    for (const job of jobs) {
      if ((job === 'answer' || job === 'judge' || job === 'grade') && round.phase !== PHASE_OF[job]) continue
      if (job === 'answer') startAnswering(machine, out, roundId, round)
      else if (job === 'judge') startJudging(machine, out, roundId, round)
      else if (job === 'grade') startGrading(machine, out, roundId, round)
      else compute(machine, out, roundId, job)
    }
  }
}

/** The result of a round is computed: this node can now propose it and vote on it. */
export function receiveComputed(machine: Machine, out: Effect[], roundId: string, computed: RoundResult): void {
  if (machine.ledger.rounds[roundId] === undefined) return
  const { result, hash, bytes } = rememberedOf(computed, 'checked', () => {
    const result = resultSchema.parse(computed)
    return { result, hash: resultHash(result), bytes: encode(result) }
  })
  localRound(machine, roundId).resultHash = hash
  machine.results.set(hash, result)
  persist(out, KEYS.result(hash), bytes)
}
