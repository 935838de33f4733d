import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../consensus/index.ts'
import { answerSchema, ballotSchema, BODY_SCHEMAS, hashSchema, memberIdSchema, type MessageKind } from './bodies.ts'
import { decodeCanonical, encode } from './encoding.ts'
import { LIMITS } from './limits.ts'
import { anyBodies } from './test/bodies.ts'
import { memberWith } from './test/keys.ts'

const HASH = sha256('x')
const MEMBER = memberWith(1).member
const TASK = { kind: 'text', prompt: 'Why?', reference: null, answerMs: 1_000, judgeMs: 1_000 }
const OPEN = { sequence: 1, task: TASK, truth: null }
const SHARE = { round: HASH, phase: 'credit', blocks: [{ block: 0, values: [[0, 1_000_000]] }], checks: [], salt: new Uint8Array(32) }
const BLOCK = { epoch: 0, view: 1, height: 1, parent: HASH, entries: [], stateRoot: HASH }
const REVEAL = { round: HASH, phase: 'answer-reveal', content: new Uint8Array(), salt: new Uint8Array(32) }

const takes = (kind: MessageKind, body: unknown): boolean => BODY_SCHEMAS[kind].safeParse(body).success

describe('bodies', () => {
  it('survive being encoded and read again', () => {
    fc.assert(fc.property(anyBodies, ({ kind, body }) => {
      expect(BODY_SCHEMAS[kind].parse(decodeCanonical(encode(body)))).toEqual(body)
    }))
  })

  it('of every kind refuse an unknown field and any missing field', () => {
    fc.assert(fc.property(anyBodies, fc.nat(), ({ kind, body }, place) => {
      expect(takes(kind, { ...body, more: 1 })).toBe(false)
      const fields = Object.keys(body)
      const { [fields[place % fields.length] as never]: _, ...rest } = body as Record<string, unknown>
      expect(takes(kind, rest)).toBe(false)
    }))
  })

  it('refuse anything that is no map, without throwing', () => {
    for (const kind of Object.keys(BODY_SCHEMAS) as MessageKind[]) {
      for (const value of [null, 1, 'x', [], true, new Uint8Array(4)]) expect(takes(kind, value)).toBe(false)
    }
  })
})

describe('hashes and member ids', () => {
  it('have one spelling', () => {
    expect(hashSchema.safeParse(HASH).success).toBe(true)
    for (const other of [HASH.toUpperCase(), HASH.slice(1), `${HASH}0`, `${HASH}\n`, '']) expect(hashSchema.safeParse(other).success).toBe(false)
    expect(memberIdSchema.safeParse(MEMBER).success).toBe(true)
    for (const other of [MEMBER.slice(1), `${MEMBER}1`, MEMBER.replace(/.$/, '0'), `${MEMBER}\n`, `Qm${MEMBER.slice(2)}`]) expect(memberIdSchema.safeParse(other).success).toBe(false)
  })
})

describe('limits', () => {
  it.each([
    ['a prompt', (size: number) => takes('open', { ...OPEN, task: { ...TASK, prompt: 'x'.repeat(size) } }), LIMITS.promptLengthMax],
    ['a reference', (size: number) => takes('open', { ...OPEN, task: { ...TASK, reference: 'x'.repeat(size) } }), LIMITS.referenceLengthMax],
    ['an answering time', (size: number) => takes('open', { ...OPEN, task: { ...TASK, answerMs: size } }), LIMITS.agentMsMax],
    ['an answer', (size: number) => answerSchema.safeParse({ text: 'x'.repeat(size), value: null }).success, LIMITS.answerLengthMax],
    ['a value', (size: number) => answerSchema.safeParse({ text: '', value: 'x'.repeat(size) }).success, LIMITS.valueLengthMax],
    ['a ballot', (size: number) => ballotSchema.safeParse({ comparisons: Array(size).fill({ left: 0, right: 1, verdict: 'tie' }) }).success, LIMITS.comparisonsMax],
    ['a reason', (size: number) => ballotSchema.safeParse({ comparisons: [{ left: 0, right: 1, verdict: 'tie', reason: 'x'.repeat(size) }] }).success, LIMITS.reasonLengthMax],
    ['a truth', (size: number) => takes('truth', { round: HASH, phase: 'evaluate', accepted: Array(size).fill('x'), salt: new Uint8Array(32) }), LIMITS.acceptedMax],
    ['an observation', (size: number) => takes('observation', { round: HASH, phase: 'credit', items: Array(size).fill([MEMBER, HASH]) }), LIMITS.membersMax],
    ['a share', (size: number) => takes('share', { ...SHARE, blocks: Array(size).fill({ block: 0, values: [] }) }), LIMITS.shareBlocksMax],
    ['the checks of a share', (size: number) => takes('share', { ...SHARE, checks: Array(size).fill(0) }), LIMITS.shareChecksMax],
    ['a block of units', (size: number) => takes('share', { ...SHARE, blocks: [{ block: 0, values: Array(size).fill([]) }] }), LIMITS.blockUnitsMax],
    ['a block', (size: number) => takes('proposal', { ...BLOCK, entries: Array(size).fill({ type: 'result', round: HASH, hash: HASH }) }), LIMITS.entriesMax],
    ['a model name', (size: number) => takes('presence', { sequence: 0, canAnswer: true, canJudge: true, model: 'x'.repeat(size), links: 0, height: 0 }), LIMITS.modelLengthMax],
    ['sealed content', (size: number) => takes('reveal', { ...REVEAL, content: new Uint8Array(size) }), LIMITS.envelopeBytesMax],
  ])('hold for %s: the limit passes, one more does not', (_, fits, max) => {
    expect(fits(max)).toBe(true)
    expect(fits(max + 1)).toBe(false)
  })

  it('hold for counters: non-negative safe integers', () => {
    for (const sequence of [0, 1, Number.MAX_SAFE_INTEGER]) expect(takes('join', { sequence })).toBe(true)
    for (const sequence of [-1, 0.5, Number.MAX_SAFE_INTEGER + 1, 2n ** 60n, '1', null, NaN]) expect(takes('join', { sequence })).toBe(false)
  })

  it('hold for shares: values are micro-units', () => {
    for (const value of [-1, 1_000_001, 0.5]) expect(takes('share', { ...SHARE, blocks: [{ block: 0, values: [[value]] }] })).toBe(false)
  })
})

describe('votes', () => {
  it('name a block exactly where they are not for nullifying', () => {
    const vote = (kind: string, block: string | null): boolean => takes('vote', { kind, epoch: 0, view: 1, block })
    expect([vote('notarize', HASH), vote('finalize', HASH), vote('nullify', null)]).toEqual([true, true, true])
    expect([vote('notarize', null), vote('finalize', null), vote('nullify', HASH)]).toEqual([false, false, false])
    expect(takes('vote', { kind: 'nullify', epoch: 0, view: 0, block: null })).toBe(false)
  })
})

describe('phases', () => {
  it('are those of the kind', () => {
    expect(takes('commit', { round: HASH, phase: 'answer-reveal', hash: HASH })).toBe(false)
    expect(takes('reveal', { ...REVEAL, phase: 'answer-commit' })).toBe(false)
    expect(takes('truth', { round: HASH, phase: 'credit', accepted: [], salt: new Uint8Array(32) })).toBe(false)
    expect(takes('share', { ...SHARE, phase: 'evaluate' })).toBe(false)
    expect(takes('share', { ...SHARE, phase: 'credit-commit' })).toBe(false)
    expect(takes('observation', { round: HASH, phase: 'closing', items: [] })).toBe(false)
  })
})
