import { sha256 } from '../../consensus/index.ts'
import type { AnswerContent, BallotContent, GradesContent, Block, Body, Breach, Entry, MessageKind, Phase, Task } from '../bodies.ts'
import { encode } from '../encoding.ts'
import { openEnvelope, sealEnvelope, type Message, type Signer } from '../envelope.ts'
import { createGenesis, networkId, type Genesis, type Parameters } from '../genesis.ts'
import { applyBlock, applyEntries, type BlockApplied } from '../ledger/apply-block.ts'
import { resultHash, type ClosedRound, type MemberChange } from '../ledger/close-round.ts'
import type { LedgerContext } from '../ledger/context.ts'
import { isItem, type Item } from '../ledger/items.ts'
import type { RoundResult } from '../ledger/result.ts'
import { genesisState, stateRoot, type LedgerState, type MemberState, type RoundState, type Rules } from '../ledger/state.ts'
import { closeRound } from '../round/close.ts'
import { gatherTranscript, type Transcript } from '../round/transcript.ts'
import { COMMIT_OF, commitmentOf, truthCommitment, type RevealPhase } from '../sealed.ts'
import { simulatedSigner, verifySimulated } from '../sim/members.ts'

/** A ledger without a network: members by number, in member id order, and everything they have said. */
export interface Scene {
  genesis: Genesis
  network: string
  rules: Rules
  members: Signer[]
  items: Map<string, Message>
  results: Map<string, RoundResult>
  context: LedgerContext
  state: LedgerState
  /** Phases that were closed, of whatever round, in order. */
  closed: Phase[]
}

/** Founders with equal weight, 10 each by default; `observers` of them, the last ones, have none. */
export function createScene(init: { members: number; observers?: number; weight?: number; parameters?: Partial<Parameters> }): Scene {
  const members = Array.from({ length: init.members }, (_, index) => simulatedSigner(index)).sort((a, b) => (a.member < b.member ? -1 : 1))
  const voting = init.members - (init.observers ?? 0)
  const genesis = createGenesis({
    name: 'scene',
    members: members.map(({ member }, index) => ({ id: member, weight: index < voting ? (init.weight ?? 10) : 0 })),
    parameters: init.parameters ?? {},
  })
  const network = networkId(genesis)
  const rules = { network, parameters: genesis.parameters }
  const items = new Map<string, Message>()
  const results = new Map<string, RoundResult>()
  const context: LedgerContext = {
    rules,
    open: (envelope) => openEnvelope(envelope, network, verifySimulated),
    verify: verifySimulated,
    item: (id) => items.get(id),
    result: (_, hash) => results.get(hash) ?? 'missing',
  }
  return { genesis, network, rules, members, items, results, context, state: genesisState(genesis, network), closed: [] }
}

export function idOf(scene: Scene, member: number): string {
  return (scene.members[member] as Signer).member
}

/** Seals a body; items and opens are at hand from then on. */
export function say<K extends MessageKind>(scene: Scene, member: number | Signer, kind: K, body: Body<K>): Message<K> {
  const message = sealEnvelope(scene.network, kind, body, typeof member === 'number' ? (scene.members[member] as Signer) : member)
  scene.items.set(message.id, message as Message)
  return message
}

/** The block of these entries on top of the scene's state, with the right state root if they apply. */
export function blockOf(scene: Scene, entries: Entry[]): Block {
  const applied = applyEntries(scene.state, entries, scene.context)
  const root = stateRoot(applied.ok ? applied.state : scene.state)
  return { epoch: scene.state.epoch, view: scene.state.height + 1, height: scene.state.height + 1, parent: scene.network, entries, stateRoot: root }
}

/** Applies a block of these entries, and takes its state over if it applies. */
export function apply(scene: Scene, entries: Entry[]): BlockApplied {
  const applied = applyBlock(scene.state, blockOf(scene, entries), scene.context)
  if (applied.ok) scene.state = applied.state
  return applied
}

/** Lets the epoch end by blocks without entries; returns the penalties of the last of them. */
export function endEpoch(scene: Scene): MemberChange[] {
  const { epoch } = scene.state
  for (;;) {
    const applied = apply(scene, [])
    if (!applied.ok) throw new Error(`an empty block does not apply: ${applied.code}`)
    if (scene.state.epoch > epoch) return applied.penalties
  }
}

/** Lets so many rounds come and go in three blocks, each with one cut in which these members are heard: they pass. */
export function attend(scene: Scene, members: readonly number[], rounds = 8): void {
  const asker = members[0] as number
  const { opened } = scene.state.members[idOf(scene, asker)] as MemberState
  const opens = Array.from({ length: rounds }, (_, index) => openEntry(scene, asker, opened + 1 + index))
  mustApply(scene, opens)
  const ids = opens.map(({ envelope }) => sha256(envelope))
  const observers = members.filter((member) => scene.state.validators.some((validator) => validator.member === idOf(scene, member)))
  mustApply(scene, ids.map((round) => cutEntry(scene, round, 'answer-commit', members.map((member) => commit(scene, member, round, 'answer-reveal', null)), observers)))
  mustApply(scene, ids.map((round) => resultEntry(scene, round)))
}

function mustApply(scene: Scene, entries: Entry[]): void {
  const applied = apply(scene, entries)
  if (!applied.ok) throw new Error(`a block does not apply: ${applied.code}`)
}

/** Two bodies for one slot, by default two proposals, signed by one member. */
export function breachOf<K extends Breach['kind'] = 'proposal'>(scene: Scene, member: number | Signer, kind?: K, bodies?: readonly [Body<K>, Body<K>]): Breach {
  const block = { epoch: 0, view: 1, height: 1, parent: scene.network, entries: [], stateRoot: scene.network }
  const [one, other] = (bodies ?? [block, { ...block, height: 2 }]) as [Body<K>, Body<K>]
  const said = [one, other].map((body) => say(scene, member, kind ?? ('proposal' as K), body))
  const [first, second] = said.sort((a, b) => (a.bodyHash < b.bodyHash ? -1 : 1)) as [Message<K>, Message<K>]
  return { member: first.author, kind: first.kind, slot: first.slot as string, hashes: [first.bodyHash, second.bodyHash], signatures: [first.signature, second.signature] }
}

/** Why entries do not apply, or 'ok'; the scene stays as it is. */
export function codeOf(scene: Scene, entries: Entry[]): string {
  const applied = applyEntries(scene.state, entries, scene.context)
  return applied.ok ? 'ok' : applied.code
}

export const TASK: Task = { kind: 'label', prompt: 'Which?', reference: null, answerMs: 1_000, judgeMs: 1_000 }
export const TRUTH_SALT = new Uint8Array(32).fill(9)

export function openEntry(scene: Scene, asker: number | Signer, sequence: number, init: { task?: Partial<Task>; accepted?: string[] } = {}): Entry & { type: 'open' } {
  const truth = init.accepted === undefined ? null : truthCommitment(init.accepted, TRUTH_SALT)
  const open = say(scene, asker, 'open', { sequence, task: { ...TASK, ...init.task }, truth })
  return { type: 'open', envelope: open.bytes }
}

/** Opens a round and returns its id. */
export function openRound(scene: Scene, init: { asker?: number; task?: Partial<Task>; accepted?: string[] } = {}): string {
  const asker = init.asker ?? 0
  const sequence = (scene.state.members[idOf(scene, asker)]?.opened ?? 0) + 1
  const known = new Set(Object.keys(scene.state.rounds))
  const applied = apply(scene, [openEntry(scene, asker, sequence, init)])
  if (!applied.ok) throw new Error(`the open does not apply: ${applied.code}`)
  return Object.keys(scene.state.rounds).find((round) => !known.has(round)) as string
}

export function roundOf(scene: Scene, round: string): RoundState {
  return scene.state.rounds[round] as RoundState
}

export function saltOf(member: number): Uint8Array {
  return new Uint8Array(32).fill(100 + member)
}

type Content = AnswerContent | BallotContent | GradesContent

export function commit(scene: Scene, member: number, round: string, phase: RevealPhase, content: Content | null): Message<'commit'> {
  const secret = { content: encode(content), salt: saltOf(member) }
  const hash = content === null ? null : commitmentOf(scene.network, round, phase, idOf(scene, member), secret)
  return say(scene, member, 'commit', { round, phase: COMMIT_OF[phase], hash })
}

export function reveal(scene: Scene, member: number, round: string, phase: RevealPhase, content: Content): Message<'reveal'> {
  return say(scene, member, 'reveal', { round, phase, content: encode(content), salt: saltOf(member) })
}

export function truthOf(scene: Scene, member: number, round: string, accepted: string[]): Message<'truth'> {
  return say(scene, member, 'truth', { round, phase: 'evaluate', accepted, salt: TRUTH_SALT })
}

export function listOf(items: readonly Message[]): [author: string, id: string][] {
  return items.map(({ author, id }): [string, string] => [author, id]).sort(([a], [b]) => (a < b ? -1 : 1))
}

export function observe(scene: Scene, member: number, round: string, phase: Phase, items: [string, string][]): Message<'observation'> {
  return say(scene, member, 'observation', { round, phase, items })
}

/** A cut entry in which the given members, all validators by default, have seen all of these items. */
export function cutEntry(scene: Scene, round: string, phase: Phase, items: readonly Message[], by?: readonly number[]): Entry & { type: 'cut' } {
  const isValidator = (id: string): boolean => scene.state.validators.some(({ member }) => member === id)
  const observers = by ?? scene.members.flatMap(({ member }, index) => (isValidator(member) ? [index] : []))
  const observations = observers.map((member) => observe(scene, member, round, phase, listOf(items)).bytes)
  return { type: 'cut', round, phase, observations }
}

/** Closes the current phase of a round with these items. */
export function close(scene: Scene, round: string, items: readonly Message[]): void {
  const phase = roundOf(scene, round).phase
  if (phase === 'closing') throw new Error('the round has no phase left to close')
  const applied = apply(scene, [cutEntry(scene, round, phase, items)])
  if (!applied.ok) throw new Error(`the cut does not apply: ${applied.code}`)
  scene.closed.push(phase)
}

export interface Play {
  round: string
  /** By member; null passes, undefined says nothing. */
  answers: (string | null | undefined)[]
  ballots?: (BallotContent | null | undefined)[]
  accepted?: string[]
}

export function answerWith(value: string): AnswerContent {
  return { text: `I say ${value}.`, value }
}

/** Plays a round up to closing or to the credit phase: commits, reveals, and the truth where there is one. */
export function play(scene: Scene, { round, answers, ballots = [], accepted }: Play): void {
  playSealed(scene, round, 'answer-reveal', answers.map((value) => (typeof value === 'string' ? answerWith(value) : value)))
  playSealed(scene, round, 'ballot-reveal', ballots)
  if (roundOf(scene, round).phase !== 'evaluate') return
  const asker = scene.members.findIndex(({ member }) => member === roundOf(scene, round).asker)
  close(scene, round, accepted === undefined ? [] : [truthOf(scene, asker, round, accepted)])
}

/** Commits to and reveals what members say, if the round is there; null passes, undefined says nothing. */
export function playSealed(scene: Scene, round: string, phase: RevealPhase, contents: readonly (Content | null | undefined)[]): void {
  if (roundOf(scene, round).phase !== COMMIT_OF[phase]) return
  close(scene, round, contents.flatMap((content, member) => (content === undefined ? [] : [commit(scene, member, round, phase, content)])))
  if (roundOf(scene, round).phase !== phase) return
  close(scene, round, contents.flatMap((content, member) => (content === undefined || content === null ? [] : [reveal(scene, member, round, phase, content)])))
}

export function transcriptOf(scene: Scene, round: string): Transcript {
  const open = scene.items.get(round) as Message<'open'>
  return gatherTranscript(round, roundOf(scene, round), open.body.task, (id) => scene.items.get(id))
}

/** Computes the result of a round, puts it on record, and returns what that changed. */
export function finish(scene: Scene, round: string): ClosedRound {
  const applied = apply(scene, [resultEntry(scene, round)])
  if (!applied.ok) throw new Error(`the result does not apply: ${applied.code}`)
  return applied.closed[0] as ClosedRound
}

export function resultEntry(scene: Scene, round: string): Entry & { type: 'result' } {
  const result = closeRound(transcriptOf(scene, round), scene.rules)
  const hash = resultHash(result)
  scene.results.set(hash, result)
  return { type: 'result', round, hash }
}

export function itemsOf(scene: Scene): Item[] {
  return [...scene.items.values()].filter(isItem)
}
