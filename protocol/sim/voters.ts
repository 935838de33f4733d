/**
 * Agreement alone: the step functions of consensus/agreement over blocks that are nothing but hashes, with the same links, clocks,
 * crashes and partitions as a whole network, and voters that lie. Thousands of schedules in the time of a hundred networks.
 */
import {
  bestNotarized,
  certificatesSince,
  createAgreement,
  fireTimer,
  isPending,
  receiveCertificate,
  receiveProposal,
  receiveVote,
  resolveProposal,
  restoreAgreement,
  setMaterial,
  type Agreement,
  type AgreementEffect,
  type Certificate,
  type SignedVote,
} from '../../consensus/index.ts'
import { createElectorate, deliver, makeBlock, noteFinal, noteSigned, ROOT, SIGNATURE, type Electorate, type Happening, type Sent, type Voter } from './electorate.ts'
import { CHAOS_MS, drawFaults, faultsOf, NETWORK_FAULTS, type Fault } from './faults.ts'
import { lie } from './liars.ts'

export interface AgreementReport {
  seed: number
  nodes: number
  violations: string[]
  stalls: string[]
  height: number
  traceHash: string
}

const TIMERS = { leaderMs: 400, viewMs: 1_000, backoffMax: 3 }
const STANDSTILL_MS = 500
const HEALING_MS = 60_000
const GAINED_MIN = 3

/**
 * One run: blocks become due during a chaos phase; after it all honest voters must finalize more, in one chain. Liars
 * weigh less than `liarWeight` thirds.
 */
export function simulateAgreement(init: { seed: number; nodes: number; faults?: readonly Fault[]; liarWeight?: number }): AgreementReport {
  const { seed, nodes } = init
  const faults = init.faults ?? drawFaults(seed, nodes)
  const usable = faults.filter(({ type }) => NETWORK_FAULTS.includes(type))
  const electorate = createElectorate(seed, nodes, usable, init.liarWeight ?? 1)
  schedule(electorate, usable)
  for (const voter of electorate.voters) start(electorate, voter)
  run(electorate, CHAOS_MS, () => false)
  heal(electorate)
  const honest = electorate.voters.filter(({ lie }) => lie === null)
  const heightOf = ({ agreement }: Voter): number => electorate.blocks.get(agreement?.final.block ?? ROOT)?.height ?? 0
  const target = Math.max(...honest.map(heightOf)) + GAINED_MIN
  become(electorate, target)
  const wentOn = run(electorate, CHAOS_MS + HEALING_MS, () => honest.every((voter) => heightOf(voter) >= target))
  return {
    seed,
    nodes,
    violations: [...electorate.violations],
    stalls: wentOn ? [] : [`final heights ${honest.map(heightOf).join()} of ${target} expected`],
    height: electorate.finals.size,
    traceHash: electorate.trace.hash(),
  }
}

function schedule(electorate: Electorate, faults: readonly Fault[]): void {
  const at = (atMs: number, call: () => void): void => electorate.heap.push(atMs, { type: 'call', call })
  for (let work = 0; work < 5; work++) at(500 + work * 3_500 + electorate.random.below(1_000), () => become(electorate, electorate.dueHeight + 2))
  for (const { nodes, fromMs, untilMs } of faultsOf(faults, 'outage')) {
    const voters = nodes.map((node) => electorate.voters[node] as Voter)
    at(fromMs, () => voters.forEach((voter) => stop(voter)))
    at(untilMs, () => voters.forEach((voter) => voter.agreement === null && start(electorate, voter)))
  }
  for (const { node, fromMs, untilMs } of faultsOf(faults, 'pause')) at(fromMs, () => void ((electorate.voters[node] as Voter).resumesMs = untilMs))
}

// Blocks are due now up to a height; everybody learns that it holds material.
function become(electorate: Electorate, height: number): void {
  electorate.dueHeight = height
  for (const voter of electorate.voters) if (voter.agreement !== null) turn(electorate, voter, () => [])
}

function heal(electorate: Electorate): void {
  electorate.links.heal()
  electorate.crashPerStep = 0
  electorate.powerCut.writes = Infinity
  for (const voter of electorate.voters) if (voter.agreement === null) start(electorate, voter)
}

function run(electorate: Electorate, untilMs: number, done: () => boolean): boolean {
  for (let next = electorate.heap.pop(); ; next = electorate.heap.pop()) {
    if (next === null || next.atMs > untilMs) {
      if (next !== null) electorate.heap.push(next.atMs, next.value)
      electorate.nowMs = untilMs
      return done()
    }
    electorate.nowMs = next.atMs
    happen(electorate, next.value)
    if (done()) return true
  }
}

function happen(electorate: Electorate, happening: Happening): void {
  if (happening.type === 'call') return happening.call()
  const voter = electorate.voters[happening.type === 'arrives' ? happening.to : happening.node] as Voter
  const { agreement } = voter
  if (agreement === null || (happening.type !== 'arrives' && happening.life !== voter.life)) return
  // Who stands still finds everything later.
  if (voter.resumesMs > electorate.nowMs) return electorate.heap.push(voter.resumesMs, happening)
  electorate.trace.note(electorate.nowMs, voter.index, happening.type)
  if (happening.type === 'standstill') return standstill(electorate, voter)
  turn(electorate, voter, (agreement) => {
    if (happening.type === 'timer') return fireTimer(agreement, happening.timer, happening.view, happening.arming)
    const { sent } = happening
    if ('proposal' in sent) return receiveProposal(agreement, sent.proposal)
    if ('vote' in sent) return receiveVote(agreement, sent.vote)
    return sent.certificates.flatMap((certificate) => receiveCertificate(agreement, certificate))
  })
}

/** What one turn has to write, and then to say. */
interface Turn {
  writes: ((disk: Voter['disk']) => void)[]
  says: (() => void)[]
}

// Everything of one turn is written at once, before anything of it is said; a crash comes before or after the writing.
function turn(electorate: Electorate, voter: Voter, happens: (agreement: Agreement) => AgreementEffect[]): void {
  const agreement = voter.agreement as Agreement
  const result: Turn = { writes: [], says: [] }
  const queue = happens(agreement)
  do {
    for (let effect = queue.shift(); effect !== undefined; effect = queue.shift()) queue.push(...perform(electorate, voter, agreement, effect, result))
    const best = electorate.blocks.get(bestNotarized(agreement).block)
    queue.push(...setMaterial(agreement, (best?.height ?? 0) < electorate.dueHeight))
  } while (queue.length > 0)
  if (result.writes.length > 0 && electorate.powerCut.writes-- <= 0) return cutPower(electorate, voter, result)
  const crash = voter.lie === null && electorate.crashPerStep > 0 && electorate.random.chance(electorate.crashPerStep)
  if (!crash || electorate.random.chance(0.5)) for (const write of result.writes) write(voter.disk)
  if (!crash) for (const say of result.says) say()
  else {
    stop(voter)
    electorate.heap.push(electorate.nowMs + 50 + electorate.random.below(3_000), { type: 'call', call: () => voter.agreement === null && start(electorate, voter) })
  }
}

// Everybody dies, this voter after it has written and before it says anything.
function cutPower(electorate: Electorate, voter: Voter, { writes }: Turn): void {
  electorate.powerCut.writes = Infinity
  for (const write of writes) write(voter.disk)
  for (const each of electorate.voters) stop(each)
  const atMs = electorate.nowMs + electorate.powerCut.downMs
  electorate.heap.push(atMs, { type: 'call', call: () => electorate.voters.forEach((each) => each.agreement === null && start(electorate, each)) })
}

function perform(electorate: Electorate, voter: Voter, agreement: Agreement, effect: AgreementEffect, { writes, says }: Turn): AgreementEffect[] {
  switch (effect.type) {
    case 'propose': {
      const proposal = makeBlock(electorate, effect.view, effect.parent, voter, '', voter.lie !== 'invents')
      writes.push(({ proposals }) => proposals.push(proposal))
      says.push(() => say(electorate, voter, { proposal }))
      return receiveProposal(agreement, proposal)
    }
    case 'validate': {
      const block = electorate.blocks.get(effect.proposal.block)
      return resolveProposal(agreement, effect.proposal, block?.valid === true && block.parent === effect.proposal.parent)
    }
    case 'vote': {
      const vote: SignedVote = { vote: effect.vote, author: voter.id, signature: SIGNATURE }
      const { justification } = effect
      if (justification !== null) writes.push(({ certificates }) => certificates.set(keyOf(justification), justification))
      writes.push(({ votes }) => votes.push(vote))
      says.push(() => say(electorate, voter, { vote }))
      return receiveVote(agreement, vote)
    }
    case 'certified': {
      const { certificate } = effect
      writes.push(({ certificates }) => certificates.set(keyOf(certificate), certificate))
      return []
    }
    case 'finalized':
      noteFinal(electorate, voter, effect.certificate)
      writes.push((disk) => keepFinal(disk, effect.certificate, effect.dropped))
      return []
    case 'timer': {
      const { timer, view, arming, ms } = effect
      electorate.heap.push(electorate.nowMs + voter.clock.duration(ms), { type: 'timer', node: voter.index, life: voter.life, timer, view, arming })
      return []
    }
    case 'fetch-certificates': {
      const from = electorate.voters.find(({ id }) => id === effect.from)
      if (from !== undefined) says.push(() => askForCertificates(electorate, voter, from, effect.fromView))
      return []
    }
    case 'help': {
      const to = electorate.voters.findIndex(({ id }) => id === effect.member)
      const certificates = certificatesSince(agreement, 1)
      says.push(() => deliver(electorate, voter, to, { certificates }))
      return []
    }
  }
}

function keepFinal(disk: Voter['disk'], { view, block }: Certificate, dropped: readonly Certificate[]): void {
  disk.final = { view, block: block as string }
  for (const certificate of dropped) disk.certificates.delete(keyOf(certificate))
  disk.votes = disk.votes.filter(({ vote }) => vote.view >= view - 10)
  disk.proposals = disk.proposals.filter((proposal) => proposal.view >= view - 10)
}

function keyOf({ kind, view }: Certificate): string {
  return `${kind}/${view}`
}

function start(electorate: Electorate, voter: Voter): void {
  const { disk } = voter
  voter.life += 1
  const agreement = createAgreement({ self: voter.id, epoch: 0, validators: electorate.validators, timers: TIMERS, root: disk.final })
  voter.agreement = agreement
  turn(electorate, voter, () => restoreAgreement(agreement, { certificates: [...disk.certificates.values()], ownVotes: [...disk.votes], ownProposals: [...disk.proposals] }))
  electorate.heap.push(electorate.nowMs + STANDSTILL_MS, { type: 'standstill', node: voter.index, life: voter.life })
}

function stop(voter: Voter): void {
  voter.agreement = null
  voter.life += 1
}

// Nothing has moved although something is pending: everything that may have been lost is said again.
function standstill(electorate: Electorate, voter: Voter): void {
  const agreement = voter.agreement as Agreement
  const progress = `${agreement.view}/${agreement.final.view}`
  if (progress === voter.progress && isPending(agreement)) {
    const { votes, proposals } = voter.disk
    for (const vote of votes) if (vote.vote.view > agreement.final.view) say(electorate, voter, { vote })
    for (const proposal of proposals) if (proposal.view > agreement.final.view) say(electorate, voter, { proposal })
    say(electorate, voter, { certificates: certificatesSince(agreement, agreement.final.view + 1) })
    askForCertificates(electorate, voter, electorate.random.pick(electorate.voters), agreement.final.view + 1)
  }
  voter.progress = progress
  electorate.heap.push(electorate.nowMs + voter.clock.duration(STANDSTILL_MS), { type: 'standstill', node: voter.index, life: voter.life })
}

function askForCertificates(electorate: Electorate, voter: Voter, from: Voter, view: number): void {
  if (from.agreement === null || from.lie !== null) return
  deliver(electorate, from, voter.index, { certificates: certificatesSince(from.agreement, view) })
}

function say(electorate: Electorate, voter: Voter, sent: Sent): void {
  if (voter.lie !== null) return lie(electorate, voter, sent)
  noteSigned(electorate, voter, sent)
  for (const { index } of electorate.voters) if (index !== voter.index) deliver(electorate, voter, index, sent)
}
