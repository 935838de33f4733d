import fc from 'fast-check'
import { sha256, TASK_KINDS } from '../../consensus/index.ts'
import { COMMIT_PHASES, PHASES, type Body, type MessageKind } from '../bodies.ts'
import { memberWith } from './keys.ts'

const anyHash = fc.nat().map((seed) => sha256(`${seed}`))
const members = [1, 2, 3].map((seed) => memberWith(seed).member)
const anyMember = fc.constantFrom(...members)
const anyCounter = fc.maxSafeNat()
const anyText = fc.string({ unit: 'grapheme', maxLength: 30 })
const anyBytes = fc.uint8Array({ maxLength: 50 })
const anySalt = fc.uint8Array({ minLength: 32, maxLength: 32 })
const anyMicro = fc.nat({ max: 1_000_000 })

const anySignature = fc.uint8Array({ minLength: 64, maxLength: 64 })
const anyBreach: fc.Arbitrary<Body<'evidence'>> = fc
  .record({
    member: anyMember,
    kind: fc.constantFrom('vote', 'commit', 'proposal'),
    slot: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
    hashes: fc.tuple(anyHash, anyHash).filter(([first, second]) => first < second),
    signatures: fc.tuple(anySignature, anySignature),
  })

const anyEntry: fc.Arbitrary<Body<'proposal'>['entries'][number]> = fc.oneof(
  fc.record({ type: fc.constant('open' as const), envelope: anyBytes }),
  fc.record({ type: fc.constantFrom('join' as const, 'leave' as const, 'rotate' as const), envelope: anyBytes }),
  fc.record({ type: fc.constant('evidence' as const), breach: anyBreach }),
  fc.record({ type: fc.constant('cut' as const), round: anyHash, phase: fc.constantFrom(...PHASES), observations: fc.array(anyBytes, { maxLength: 4 }) }),
  fc.record({ type: fc.constant('late' as const), envelope: anyBytes }),
  fc.record({ type: fc.constant('result' as const), round: anyHash, hash: anyHash }),
)

/** Bodies of every kind, within the limits. */
export const anyBody: { [K in MessageKind]: fc.Arbitrary<Body<K>> } = {
  open: fc.record({
    sequence: anyCounter,
    task: fc.record({
      kind: fc.constantFrom(...TASK_KINDS),
      prompt: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
      reference: fc.option(anyText),
      answerMs: fc.integer({ min: 100, max: 3_600_000 }),
      judgeMs: fc.integer({ min: 100, max: 3_600_000 }),
    }),
    truth: fc.option(anyHash),
  }),
  commit: fc.record({ round: anyHash, phase: fc.constantFrom(...COMMIT_PHASES), hash: fc.option(anyHash) }),
  reveal: fc.record({ round: anyHash, phase: fc.constantFrom('answer-reveal', 'ballot-reveal', 'grade'), content: anyBytes, salt: anySalt }),
  truth: fc.record({ round: anyHash, phase: fc.constant('evaluate'), accepted: fc.array(anyText, { maxLength: 4 }), salt: anySalt }),
  share: fc.record({
    round: anyHash,
    phase: fc.constantFrom('credit', 'credit-next', 'credit-all'),
    blocks: fc.array(fc.record({ block: anyCounter, values: fc.array(fc.array(anyMicro, { maxLength: 4 }), { maxLength: 4 }) }), { maxLength: 4 }),
    checks: fc.array(anyMicro, { maxLength: 4 }),
    salt: anySalt,
  }),
  observation: fc.record({ round: anyHash, phase: fc.constantFrom(...PHASES), items: fc.array(fc.tuple(anyMember, anyHash), { maxLength: 4 }) }),
  vote: fc
    .record({ kind: fc.constantFrom('notarize', 'nullify', 'finalize'), epoch: anyCounter, view: fc.integer({ min: 1 }), block: anyHash })
    .map((vote) => (vote.kind === 'nullify' ? { ...vote, block: null } : vote)),
  proposal: fc.record({
    epoch: anyCounter,
    view: fc.integer({ min: 1 }),
    height: fc.integer({ min: 1 }),
    parent: anyHash,
    entries: fc.array(anyEntry, { maxLength: 4 }),
    stateRoot: anyHash,
  }),
  presence: fc.record({ sequence: anyCounter, canAnswer: fc.boolean(), canJudge: fc.boolean(), model: anyText, links: fc.nat({ max: 1_000 }), height: anyCounter }),
  join: fc.record({ sequence: anyCounter }),
  leave: fc.record({ sequence: anyCounter }),
  rotate: fc.record({ sequence: anyCounter, to: anyMember, consent: anySignature }),
  evidence: anyBreach,
}

/** A kind and a body of it. */
export const anyBodies: fc.Arbitrary<{ kind: MessageKind; body: object }> = fc.oneof(
  ...(Object.keys(anyBody) as MessageKind[]).map((kind) => (anyBody[kind] as fc.Arbitrary<object>).map((body) => ({ kind, body }))),
)
