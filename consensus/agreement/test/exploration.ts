import { createSeededStream, sha256 } from '../../hash.ts'
import { contradicts } from './contradiction.ts'
import { leaderOf } from '../quorum.ts'
import {
  bestNotarized,
  certificatesSince,
  createAgreement,
  fireTimer,
  receiveCertificate,
  receiveProposal,
  receiveVote,
  resolveProposal,
  restoreAgreement,
  setMaterial,
  type Agreement,
  type AgreementEffect,
  type TimerName,
} from '../simplex.ts'
import type { Certificate, Proposal, SignedVote, Validator, VoteKind } from '../types.ts'
import { GENESIS, signed, TIMERS } from './agreements.ts'

type Sent = { proposal: Proposal } | { vote: SignedVote } | { certificate: Certificate }

interface Member {
  id: string
  agreement: Agreement
  timers: { timer: TimerName; view: number; arming: number }[]
  /** What survives a crash: written when a vote is signed, a proposal made or a certificate seen. */
  certificates: Certificate[]
  votes: SignedVote[]
  proposals: Proposal[]
}

/** What one exploration found. */
export interface Found {
  /** Blocks that some honest member took as final. */
  finals: Set<string>
  /** Two final blocks of which neither descends from the other. */
  forks: [string, string][]
  /** Honest members that signed what contradicts itself. */
  contradictions: string[]
  /** By how many views the finality of each honest member grew after the network had healed. */
  gained: number[]
}

/**
 * Explores one schedule: which message arrives next, which timer fires, what is lost, who crashes and what the liars say
 * all follow from the seed. Afterwards everything is delivered and honest members have to get on.
 */
export function explore(init: { seed: string; honest: number; liars: number; steps: number; loss: number; crashes: boolean }): Found {
  const { below } = createSeededStream(init.seed)
  const validators = Array.from({ length: init.honest + init.liars }, (_, index) => ({ member: `m${index}`, weight: 1 }))
  const liars = new Set(validators.slice(init.honest).map(({ member }) => member))
  const world = createScene(validators, liars)
  for (const { id } of world.members) act(world, id, () => [])
  for (let step = 0; step < init.steps; step++) {
    const roll = below(100)
    const member = world.members[below(init.honest)] as Member
    if (roll < 8 && member.timers.length > 0) fireOne(world, member, below(member.timers.length))
    else if (roll < 28 && liars.size > 0) lie(world, [...liars][below(liars.size)] as string, below)
    else if (roll < 30 && roll >= 28 && init.crashes) restart(world, member)
    else if (world.inFlight.length > 0) {
      const [next] = world.inFlight.splice(below(world.inFlight.length), 1) as [(typeof world.inFlight)[number]]
      if (below(100) >= init.loss) deliver(world, next.to, next.sent)
    }
  }
  const before = Math.max(...world.members.map(({ agreement }) => agreement.final.view))
  settle(world, below)
  const gained = world.members.map(({ agreement }) => agreement.final.view - before)
  return { ...findForks(world), contradictions: world.contradictions, gained }
}

interface Scene {
  validators: Validator[]
  members: Member[]
  parents: Map<string, string>
  /** There is something to put into blocks until there are so many. */
  blocksMax: number
  inFlight: { to: string; sent: Sent }[]
  finals: Set<string>
  contradictions: string[]
}

function createScene(validators: Validator[], liars: Set<string>): Scene {
  const honest = validators.filter(({ member }) => !liars.has(member))
  const members = honest.map(({ member }): Member => ({
    id: member,
    agreement: createAgreement({ self: member, epoch: 0, validators, timers: TIMERS, root: { view: 0, block: GENESIS } }),
    timers: [],
    certificates: [],
    votes: [],
    proposals: [],
  }))
  return { validators, members, parents: new Map(), blocksMax: 30, inFlight: [], finals: new Set(), contradictions: [] }
}

function act(scene: Scene, id: string, what: (member: Member) => AgreementEffect[]): void {
  const member = scene.members.find((each) => each.id === id)
  if (member === undefined) return
  const queue = what(member)
  do {
    for (let effect = queue.shift(); effect !== undefined; effect = queue.shift()) queue.push(...perform(scene, member, effect))
    queue.push(...setMaterial(member.agreement, scene.parents.size < scene.blocksMax))
  } while (queue.length > 0)
}

function perform(scene: Scene, member: Member, effect: AgreementEffect): AgreementEffect[] {
  switch (effect.type) {
    case 'propose': {
      const proposal = blockIn(scene, effect.view, effect.parent, member.id, '')
      member.proposals.push(proposal)
      broadcast(scene, { proposal })
      return receiveProposal(member.agreement, proposal)
    }
    case 'validate':
      return resolveProposal(member.agreement, effect.proposal, scene.parents.get(effect.proposal.block) === effect.proposal.parent)
    case 'vote': {
      const vote = signed(member.id, effect.vote)
      if (member.votes.some((earlier) => contradicts(earlier.vote, vote.vote))) scene.contradictions.push(member.id)
      if (effect.justification !== null) member.certificates.push(effect.justification)
      member.votes.push(vote)
      broadcast(scene, { vote })
      return receiveVote(member.agreement, vote)
    }
    case 'certified':
      member.certificates.push(effect.certificate)
      return []
    case 'finalized':
      scene.finals.add(effect.certificate.block as string)
      return []
    case 'timer':
      member.timers.push({ timer: effect.timer, view: effect.view, arming: effect.arming })
      return []
    case 'fetch-certificates': {
      const from = scene.members.find(({ id }) => id === effect.from)
      for (const certificate of from === undefined ? [] : certificatesSince(from.agreement, effect.fromView)) scene.inFlight.push({ to: member.id, sent: { certificate } })
      return []
    }
    case 'help':
      for (const certificate of certificatesSince(member.agreement, 1)) scene.inFlight.push({ to: effect.member, sent: { certificate } })
      return []
  }
}

function deliver(scene: Scene, to: string, sent: Sent): void {
  act(scene, to, ({ agreement }) => {
    if ('proposal' in sent) return receiveProposal(agreement, sent.proposal)
    return 'vote' in sent ? receiveVote(agreement, sent.vote) : receiveCertificate(agreement, sent.certificate)
  })
}

function broadcast(scene: Scene, sent: Sent): void {
  for (const { id } of scene.members) scene.inFlight.push({ to: id, sent })
}

function fireOne(scene: Scene, member: Member, index: number): void {
  const [fired] = member.timers.splice(index, 1)
  if (fired !== undefined) act(scene, member.id, ({ agreement }) => fireTimer(agreement, fired.timer, fired.view, fired.arming))
}

// A liar tells everybody something else: blocks in views it leads, and votes for whatever block its listener holds.
function lie(scene: Scene, liar: string, below: (bound: number) => number): void {
  const target = scene.members[below(scene.members.length)] as Member
  const { view, views } = target.agreement
  const tell = (sent: Sent): void => void scene.inFlight.push({ to: target.id, sent })
  if (leaderOf(scene.validators, view) === liar && below(2) === 0) {
    const parents = [GENESIS, ...scene.parents.keys()].slice(-4)
    const parent = below(2) === 0 ? bestNotarized(target.agreement).block : (parents[below(parents.length)] as string)
    tell({ proposal: blockIn(scene, view, parent, liar, target.id) })
  }
  const about = Math.max(1, view - below(2))
  const block = views.get(about)?.proposal?.block
  const kinds = block === undefined ? (['nullify'] as const) : (['notarize', 'finalize', 'nullify'] as const)
  const kind = kinds[below(kinds.length)] as VoteKind
  tell({ vote: signed(liar, { kind, epoch: 0, view: about, block: kind === 'nullify' ? null : (block as string) }) })
}

function blockIn(scene: Scene, view: number, parent: string, author: string, variant: string): Proposal {
  const block = sha256(`${view}/${author}/${variant}/${parent}`)
  scene.parents.set(block, parent)
  return { view, block, parent, author }
}

function restart(scene: Scene, member: Member): void {
  const { agreement } = member
  member.agreement = createAgreement({ self: member.id, epoch: 0, validators: agreement.validators, timers: TIMERS, root: { view: 0, block: GENESIS } })
  member.timers = []
  const persisted = { certificates: [...member.certificates], ownVotes: [...member.votes], ownProposals: [...member.proposals] }
  act(scene, member.id, () => restoreAgreement(member.agreement, persisted))
}

// The network heals: everything that was ever signed arrives everywhere, certificates are relayed, timers run out.
function settle(scene: Scene, below: (bound: number) => number): void {
  scene.blocksMax = scene.parents.size + 6
  for (let round = 0; round < 30; round++) {
    for (const member of scene.members) {
      for (const vote of member.votes) broadcast(scene, { vote })
      for (const proposal of member.proposals) broadcast(scene, { proposal })
      for (const certificate of certificatesSince(member.agreement, 1)) broadcast(scene, { certificate })
    }
    for (let next = scene.inFlight.pop(); next !== undefined; next = scene.inFlight.pop()) deliver(scene, next.to, next.sent)
    for (const member of scene.members) if (member.timers.length > 0) fireOne(scene, member, below(member.timers.length))
  }
}

function findForks(scene: Scene): Pick<Found, 'finals' | 'forks'> {
  const ancestorsOf = (block: string): Set<string> => {
    const line = new Set([block])
    for (let parent = scene.parents.get(block); parent !== undefined && !line.has(parent); parent = scene.parents.get(parent)) line.add(parent)
    return line
  }
  const finals = [...scene.finals]
  const lines = new Map(finals.map((block) => [block, ancestorsOf(block)]))
  const forks = finals.flatMap((a, index) =>
    finals.slice(index + 1).filter((b) => lines.get(a)?.has(b) !== true && lines.get(b)?.has(a) !== true).map((b): [string, string] => [a, b]))
  return { finals: scene.finals, forks }
}
