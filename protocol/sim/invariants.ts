/** What must hold in every run, checked from the outside: from notices, from what was sent and heard, and from the stores. */
import { sha256 } from '../../consensus/index.ts'
import { encode } from '../encoding.ts'
import type { Message } from '../envelope.ts'
import type { RoundResult } from '../ledger/result.ts'
import type { LedgerState, MemberState } from '../ledger/state.ts'
import type { Event, Notice } from '../machine/events.ts'
import type { Machine } from '../machine/machine-state.ts'
import { listen } from './punctual.ts'
import { isHonest, type SimNode, type World } from './types.ts'

/** An honest node has heard what proves that an adversary broke the protocol. */
interface Caught {
  author: string
  node: SimNode
  life: number
  epoch: number
}

export interface Witness {
  violations: string[]
  /** Rounds closed by height, from the first honest node that said so. */
  closed: Map<string, number>
  /** When the network had healed: from then on nobody loses a word or is blamed for one. */
  healedMs: number
  healedEpoch: number
  caught: Caught[]
  /** The ledger after the last final block. */
  ledger: LedgerState | null
  /** Most that any honest node held of anything that strangers can fill. */
  heldMax: number
  /** Words that a node with its store set back contradicted when nobody who ran remembered them. */
  forgotten: number
}

/** Watches a world; the witness fills as it runs. */
export function watch(world: World): Witness {
  const witness: Witness = { violations: [], closed: new Map(), healedMs: Infinity, healedEpoch: Infinity, caught: [], ledger: null, heldMax: 0, forgotten: 0 }
  const finals = new Map<number, string>()
  const slots = new Map<string, string>()
  const words = listen(world, witness)
  const hearing = overhear(world, witness)
  world.onNotice = (node, notice) => {
    if (!isHonest(node)) return
    if (notice.type === 'block-final' && noteFinal(witness, finals, node, notice)) checkState(world, witness, (node.machine as Machine).ledger)
    if (notice.type === 'round-opened') words.noteOpened(notice.round)
    if (notice.type === 'phase-entered') {
      words.checkCuts(node, notice.round)
      words.checkReveals(node, notice.round)
      witness.violations.push(...checkFetchable(world, node, notice.round))
    }
    if (notice.type === 'round-closed') {
      witness.closed.set(notice.closed.round, notice.height)
      witness.violations.push(...checkResult(notice.closed.result))
    }
    if (notice.type === 'refused-to-sign') witness.violations.push(`node ${node.index} was asked to contradict itself in ${notice.slot}`)
    if (notice.type === 'block-refused') witness.violations.push(`node ${node.index} refuses final block ${notice.height}: ${notice.code}`)
    if (notice.type === 'result-differs') witness.violations.push(`node ${node.index} computed another result for ${notice.round}`)
  }
  world.onSent = (node, message) => {
    if (!isHonest(node)) return
    noteSent(world, witness, slots, node, message)
    words.noteSent(message)
  }
  world.onEvent = hearing
  return witness
}

/** Whether this is the first node that has this block as final. */
function noteFinal(witness: Witness, finals: Map<number, string>, node: SimNode, notice: Extract<Notice, { type: 'block-final' }>): boolean {
  const said = `${notice.hash}/${notice.stateRoot}`
  const known = finals.get(notice.height)
  if (known !== undefined && known !== said) witness.violations.push(`node ${node.index} has another final block at height ${notice.height}`)
  if (known === undefined) finals.set(notice.height, said)
  return known === undefined
}

// Nobody honest signs two things for one slot, over all of its lives. A store set back while the power was out everywhere leaves nobody to ask.
function noteSent(world: World, witness: Witness, slots: Map<string, string>, { index, wasSetBack }: SimNode, message: Message): void {
  const slot = slotOf(message)
  if (slot === null) return
  const said = sha256(encode(message.body))
  const known = slots.get(`${index}/${slot}`)
  if (known === undefined) slots.set(`${index}/${slot}`, said)
  else if (known === said) return
  else if (wasSetBack && !world.nodes.some(({ machine }) => machine !== null && remembersOther(machine, message))) witness.forgotten += 1
  else witness.violations.push(`node ${index} contradicts itself: it signed two bodies for ${slot}`)
}

function remembersOther({ watch }: Machine, { author, slot, bodyHash }: Message): boolean {
  const said = watch.get(author)
  const known = slot === null ? undefined : (said?.near.get(slot) ?? said?.far.get(slot))
  return known !== undefined && known.bodyHash !== bodyHash
}

// Not that of the protocol, on purpose: what one says about one phase, view or sequence number.
function slotOf({ kind, body }: Message): string | null {
  if (kind === 'presence' || kind === 'join' || kind === 'leave' || kind === 'rotate' || kind === 'evidence') return null
  if (kind === 'vote') return `vote/${body.epoch}/${body.view}/${body.kind === 'notarize'}`
  if (kind === 'proposal') return `proposal/${body.epoch}/${body.view}`
  if (kind === 'open') return `open/${body.sequence}`
  return `${body.round}/${body.phase}/${kind === 'observation'}`
}

/** As many slots of one author as a node is expected to compare. */
const SLOTS_MAX = 256

// Notices when an honest node hears two bodies of one author for one slot.
function overhear(world: World, witness: Witness): (node: SimNode, event: Event) => void {
  const suspects = new Set(world.nodes.filter((node) => !isHonest(node)).map(({ member }) => member))
  const heard = new Map<string, Map<string, string>>()
  const note = (node: SimNode, { author, slot, bodyHash }: Message): void => {
    if (slot === null || !suspects.has(author)) return
    const key = `${node.index}/${node.life}/${author}`
    let slots = heard.get(key)
    if (slots === undefined) heard.set(key, (slots = new Map<string, string>()))
    const before = slots.get(slot)
    if (before === undefined) {
      slots.set(slot, bodyHash)
      if (slots.size > SLOTS_MAX) slots.delete([...slots.keys()][0] as string)
    } else if (before !== bodyHash && !witness.caught.some((each) => each.author === author && each.node === node && each.life === node.life)) {
      witness.caught.push({ author, node, life: node.life, epoch: (node.machine as Machine).ledger.epoch })
    }
  }
  return (node, event) => {
    if (suspects.size === 0 || !isHonest(node)) return
    if (event.type === 'message') note(node, event.message)
    else if (event.type === 'frames' && event.asked !== 'chain') for (const frame of event.frames) if (frame.type === 'message') note(node, frame.message)
  }
}

/** Adversaries that a node has caught, with what it needs to prove it, and that are not convicted. */
export function notConvicted({ caught }: Witness): string[] {
  const open = caught.filter(({ author, node, life }) => node.life === life && node.machine !== null && entryOf(node.machine.ledger, author)?.convicted === null)
  return [...new Set(open.map(({ author }) => author))]
}

function entryOf(state: LedgerState, member: string): MemberState | undefined {
  return state.members[member] ?? state.former[member]?.member
}

// Once for every final block: what the ledger says about members.
function checkState(world: World, witness: Witness, state: LedgerState): void {
  const { violations } = witness
  for (const node of world.nodes) {
    const entry = entryOf(state, node.member)
    if (entry === undefined) continue
    if (isHonest(node)) {
      const blamed = Object.entries(entry.penalties).filter(([, count]) => count > 0)
      if (entry.convicted !== null) violations.push(`node ${node.index} is honest and convicted of ${entry.convicted}`)
      if (blamed.length > 0 && !node.wasSetBack) violations.push(`node ${node.index} is honest and blamed for a ${blamed.map(([cause]) => cause).join()}`)
    } else if (entry.convicted === null) {
      const since = witness.caught.filter(({ author, node: by, life }) => author === node.member && by.life === life).map(({ epoch }) => Math.max(epoch, witness.healedEpoch))
      if (state.epoch > Math.min(...since) + 2) violations.push(`${node.adversary?.name} ${node.index} was caught and is not convicted two epochs later`)
    }
  }
  violations.push(...checkWeights(state), ...(witness.ledger === null ? [] : checkLag(witness.ledger, state)))
  witness.ledger = state
  const points = [...Object.values(state.members), ...Object.values(state.former).map(({ member }) => member)].reduce((sum, member) => sum + member.points, 0)
  if (points !== state.minted) violations.push(`members hold ${points} points of ${state.minted} minted`)
}

/** What voting weights may grow by in one epoch, and what one member may have. */
function checkWeights({ validators, nextValidators, members }: LedgerState): string[] {
  const weigh = (list: readonly { weight: number }[]): number => list.reduce((sum, { weight }) => sum + weight, 0)
  const [now, next] = [weigh(validators), weigh(nextValidators)]
  const allowed = Math.max(Math.floor(now / 20), validators.length < 5 ? 250_000 : 0)
  return [
    // Weights of two epochs apart are compared: what was lost in the first may come back in the second.
    ...(next > now + 2 * allowed ? [`voting weight grows from ${now} to ${next}`] : []),
    ...(nextValidators.some(({ weight }) => weight > 1_000_000) ? ['a validator weighs more than a founder'] : []),
    ...(nextValidators.some(({ member }) => typeof members[member]?.convicted === 'string') && nextValidators.length > 1 ? ['a convicted member keeps its vote'] : []),
  ]
}

/** Whoever votes in an epoch was announced, with that weight, in the epoch before. */
function checkLag(before: LedgerState, after: LedgerState): string[] {
  const announced = after.epoch === before.epoch ? before.validators : before.nextValidators
  const isAnnounced = ({ member, weight }: LedgerState['validators'][number]): boolean => announced.some((each) => each.member === member && each.weight === weight)
  return after.validators.every(isAnnounced) ? [] : [`epoch ${after.epoch} has validators that were not announced`]
}

/** Every item of a cut is in the store of some honest node, alive or not, so that it can be had. */
function checkFetchable(world: World, node: SimNode, round: string): string[] {
  const cuts = Object.values(node.machine?.ledger.rounds[round]?.cuts ?? {})
  const isStored = (id: string): boolean => world.nodes.some((other) => isHonest(other) && (other.store.has(`item/${id}`) || other.machine?.items.has(id) === true))
  return cuts.flatMap((cut) => cut.filter(([, id]) => !isStored(id)).map(([author]) => `no honest node has the item of ${author} in a cut of ${round}`))
}

function checkResult(result: RoundResult): string[] {
  const violations: string[] = []
  if (result.credit !== null) {
    const { credit, grandValue, denominator } = result.credit
    const sum = credit.reduce((total, part) => total + BigInt(part), 0n)
    if (sum !== BigInt(grandValue) * BigInt(denominator)) violations.push(`credit of ${result.round} does not sum to v(N)`)
  }
  const mass = result.clusters.reduce((total, cluster) => total + cluster.mass, 0)
  if (result.clusters.length > 0 && mass !== 1_000_000) violations.push(`masses of ${result.round} do not sum to one`)
  return violations
}

/** What strangers can make a node hold, and how much of it. */
const BOUNDS: readonly [what: string, max: number, held: (machine: Machine) => number][] = [
  ['messages kept for later', 1_024, ({ early }) => early.size],
  ['pooled opens', 1_024, ({ pool }) => pool.opens.size],
  ['pooled membership messages', 1_024, ({ pool }) => pool.membership.size],
  ['envelopes opened lately', 4_096, ({ opened }) => opened.size],
  ['closed rounds', 1_024, ({ closed }) => closed.size],
  ['views', 64, ({ agreement }) => agreement.views.size],
  ['blocks', 256, ({ blocks }) => blocks.size],
  ['hashes wanted', 4_096, ({ wanted }) => wanted.size],
  ['slots watched of one member', 1_280, ({ watch }) => Math.max(0, ...[...watch.values()].map(({ near, far }) => near.size + far.size))],
  ['own messages', 1_024, ({ own }) => own.size],
]

/** Whether every queue of every honest node is bounded, now. */
export function checkBounds(world: World, witness: Witness): void {
  for (const { machine, index, adversary } of world.nodes) {
    if (machine === null || adversary !== null) continue
    for (const [what, max, heldBy] of BOUNDS) {
      const held = heldBy(machine)
      witness.heldMax = Math.max(witness.heldMax, held)
      if (held > max) witness.violations.push(`node ${index} holds ${held} ${what}`)
    }
  }
}
