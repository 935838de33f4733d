/** Who votes in a simulation of agreement alone, on which blocks, and what they must not do. */
import { sha256, type Agreement, type Certificate, type Proposal, type SignedVote, type TimerName, type Validator } from '../../consensus/index.ts'
import { createEventHeap, type EventHeap } from './event-heap.ts'
import { createClock, createLinks, faultOf, type Clock, type Fault, type Links } from './faults.ts'
import { createRandom, type Random } from './random.ts'
import { createTrace, type Trace } from './trace.ts'

export type Sent = { proposal: Proposal } | { vote: SignedVote } | { certificates: readonly Certificate[] }

export type Happening =
  | { type: 'arrives'; to: number; sent: Sent }
  | { type: 'timer'; node: number; life: number; timer: TimerName; view: number; arming: number }
  | { type: 'standstill'; node: number; life: number }
  | { type: 'call'; call: () => void }

/** How a voter lies; null for an honest one. */
type Lie = (typeof LIES)[number]
const LIES = ['equivocates', 'nullifies', 'votes-twice', 'withholds', 'replays', 'invents', 'forks', 'usurps', 'keeps-silent'] as const

export interface Voter {
  index: number
  id: string
  lie: Lie | null
  agreement: Agreement | null
  clock: Clock
  life: number
  resumesMs: number
  /** What survives a crash. */
  disk: { final: { view: number; block: string }; certificates: Map<string, Certificate>; votes: SignedVote[]; proposals: Proposal[] }
  progress: string
}

interface Block {
  hash: string
  parent: string
  height: number
  valid: boolean
  view: number
  author: string
}

export interface Electorate {
  voters: Voter[]
  validators: Validator[]
  blocks: Map<string, Block>
  /** Blocks are due up to this height. */
  dueHeight: number
  random: Random
  heap: EventHeap<Happening>
  links: Links
  nowMs: number
  crashPerStep: number
  /** Writes until everybody dies at once. */
  powerCut: { writes: number; downMs: number }
  finals: Map<number, string>
  signed: Map<string, string>
  heard: Sent[]
  violations: Set<string>
  trace: Trace
}

export const ROOT = 'genesis'
export const SIGNATURE = new Uint8Array(1)

export function createElectorate(seed: number, nodes: number, faults: readonly Fault[], liarWeight: number): Electorate {
  const random = createRandom(seed)
  // Some electorates have many light voters and few heavy ones.
  const weights = Array.from({ length: nodes }, () => (seed % 3 === 0 && random.chance(0.6) ? 1 : 3))
  const lying = drawLiars(weights, liarWeight, random)
  const voters = Array.from({ length: nodes }, (_, index): Voter => ({
    index,
    id: `voter-${String(index).padStart(2, '0')}`,
    lie: lying.has(index) ? random.pick(LIES) : null,
    agreement: null,
    clock: createClock(faults, index),
    life: 0,
    resumesMs: 0,
    disk: { final: { view: 0, block: ROOT }, certificates: new Map(), votes: [], proposals: [] },
    progress: '',
  }))
  const electorate: Electorate = {
    voters,
    validators: voters.map(({ id, index }) => ({ member: id, weight: weights[index] as number })),
    blocks: new Map([[ROOT, { hash: ROOT, parent: '', height: 0, valid: true, view: 0, author: '' }]]),
    dueHeight: 0,
    random,
    heap: createEventHeap(),
    links: createLinks(faults, nodes, random),
    nowMs: 0,
    crashPerStep: faultOf(faults, 'crash')?.perStep ?? 0,
    powerCut: { writes: faultOf(faults, 'power-cut')?.write ?? Infinity, downMs: faultOf(faults, 'power-cut')?.downMs ?? 0 },
    finals: new Map(),
    signed: new Map(),
    heard: [],
    violations: new Set(),
    trace: createTrace(),
  }
  return electorate
}

// As many as weigh less than a third, the light ones first: it is weight that counts, not heads.
function drawLiars(weights: readonly number[], thirds: number, random: Random): Set<number> {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const order = weights.map((weight, index) => ({ weight, index, lot: random.unit() })).sort((a, b) => a.weight - b.weight || a.lot - b.lot)
  const lying = new Set<number>()
  let weighs = 0
  for (const { weight, index } of order) {
    weighs += weight
    if (3 * weighs < thirds * total) lying.add(index)
  }
  return lying
}

export function makeBlock(electorate: Electorate, view: number, parent: string, voter: Voter, variant: string, valid: boolean): Proposal {
  const block = sha256(`${view}/${voter.id}/${variant}/${parent}`)
  const height = (electorate.blocks.get(parent)?.height ?? 0) + 1
  electorate.blocks.set(block, { hash: block, parent, height, valid, view, author: voter.id })
  return { view, block, parent, author: voter.id }
}

/** Over one link. */
export function deliver(electorate: Electorate, from: Voter, to: number, sent: Sent): void {
  for (const delayMs of electorate.links.deliver(from.index, to, electorate.nowMs)) {
    electorate.heap.push(electorate.nowMs + delayMs, { type: 'arrives', to, sent })
  }
}

// Nobody honest signs two things for one slot, over all of its lives.
export function noteSigned({ signed, violations }: Electorate, voter: Voter, sent: Sent): void {
  if ('certificates' in sent) return
  const slot = 'vote' in sent ? `${sent.vote.vote.view}/${sent.vote.vote.kind === 'notarize' ? 'notarize' : 'end'}` : `${sent.proposal.view}/propose`
  const said = 'vote' in sent ? `${sent.vote.vote.kind}/${sent.vote.vote.block}` : sent.proposal.block
  const key = `${voter.index}/${slot}`
  const before = signed.get(key)
  if (before === undefined) signed.set(key, said)
  else if (before !== said) violations.add(`${voter.id} signs ${before.slice(0, 16)} and ${said.slice(0, 16)} in view ${slot}`)
}

// All honest voters have one chain: every block below a final one is final, at its height and nowhere else.
export function noteFinal({ blocks, finals, violations, validators }: Electorate, voter: Voter, certificate: Certificate): void {
  if (voter.lie !== null) return
  for (let block = blocks.get(certificate.block as string); block !== undefined && block.height > 0; block = blocks.get(block.parent)) {
    const known = finals.get(block.height)
    if (known === block.hash) return
    if (known !== undefined) return void violations.add(`${voter.id} has another final block at height ${block.height}`)
    if (!block.valid) violations.add(`an invalid block is final at height ${block.height}`)
    if (validators[block.view % validators.length]?.member !== block.author) violations.add(`a block of ${block.author} is final, who did not lead view ${block.view}`)
    finals.set(block.height, block.hash)
  }
}
