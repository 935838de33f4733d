import { describe, expect, it } from 'vitest'
import { emptyJudging, emptyPosterior, observe, poolJudging, sha256 } from '../../consensus/index.ts'
import { BODY_SCHEMAS, type BallotContent, type Body, type Breach, type Entry } from '../bodies.ts'
import type { Signer } from '../envelope.ts'
import { simulatedSigner } from '../sim/members.ts'
import { answerWith, apply, breachOf, close, codeOf, commit, createScene, endEpoch, finish, idOf, openRound, play, reveal, roundOf, say, TASK, type Scene } from '../test/scene.ts'
import { consentBytes } from './members.ts'

const ROUND = sha256('a round')
const SALT = new Uint8Array(32)
const BALLOT: BallotContent = { comparisons: [{ left: 0, right: 1, verdict: 'left' }, { left: 1, right: 2, verdict: 'right' }] }
const evidence = (breach: Breach): Entry => ({ type: 'evidence', breach })

/** Of each bound kind, two bodies for one slot. */
const PAIRS: { [K in Breach['kind']]: [Body<K>, Body<K>] } = {
  open: [{ sequence: 1, task: TASK, truth: null }, { sequence: 1, task: { ...TASK, prompt: 'Another?' }, truth: null }],
  commit: [{ round: ROUND, phase: 'answer-commit', hash: ROUND }, { round: ROUND, phase: 'answer-commit', hash: null }],
  reveal: [{ round: ROUND, phase: 'ballot-reveal', content: SALT, salt: SALT }, { round: ROUND, phase: 'ballot-reveal', content: new Uint8Array(1), salt: SALT }],
  truth: [{ round: ROUND, phase: 'evaluate', accepted: ['x'], salt: SALT }, { round: ROUND, phase: 'evaluate', accepted: ['y'], salt: SALT }],
  share: [{ round: ROUND, phase: 'credit', blocks: [], checks: [], salt: SALT }, { round: ROUND, phase: 'credit', blocks: [{ block: 0, values: [] }], checks: [], salt: SALT }],
  observation: [{ round: ROUND, phase: 'credit', items: [] }, { round: ROUND, phase: 'credit', items: [['12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5', ROUND]] }],
  vote: [{ kind: 'nullify', epoch: 0, view: 1, block: null }, { kind: 'finalize', epoch: 0, view: 1, block: ROUND }],
  proposal: [
    { epoch: 0, view: 1, height: 1, parent: ROUND, entries: [], stateRoot: ROUND },
    { epoch: 0, view: 1, height: 1, parent: ROUND, entries: [{ type: 'result', round: ROUND, hash: ROUND }], stateRoot: ROUND },
  ],
}
const KINDS = Object.keys(PAIRS) as Breach['kind'][]

function moveTo(scene: Scene, from: number | Signer, to: Signer): Entry {
  const id = typeof from === 'number' ? idOf(scene, from) : from.member
  const consent = to.sign(consentBytes(scene.network, id, to.member))
  return { type: 'rotate', envelope: say(scene, from, 'rotate', { sequence: 0, to: to.member, consent }).bytes }
}

/** A scene in which member 1 is known for answering and judging. */
function known(): Scene {
  const scene = createScene({ members: 4, parameters: { pairing: 'open', epochBlocks: 12 } })
  const round = openRound(scene, { accepted: ['a'] })
  play(scene, { round, answers: [undefined, 'a', 'b', 'a'], ballots: [undefined, BALLOT, BALLOT, BALLOT], accepted: ['a'] })
  finish(scene, round)
  return scene
}

describe('a breach', () => {
  it.each(KINDS)('is proven by two bodies of kind %s for one slot', (kind) => {
    const scene = createScene({ members: 4 })
    apply(scene, [evidence(breachOf(scene, 1, kind, PAIRS[kind]))])
    expect(scene.state.members[idOf(scene, 1)]).toMatchObject({ penalties: { breach: 1 }, convicted: breachOf(scene, 1, kind, PAIRS[kind]).slot })
  })

  it.each(KINDS)('of kind %s is proven by no signatures but the member\'s own, for this slot, kind and network', (kind) => {
    const scene = createScene({ members: 4 })
    const breach = breachOf(scene, 1, kind, PAIRS[kind])
    const [first, second] = breach.signatures
    const elsewhere = createScene({ members: 4, parameters: { openRoundsMax: 3 } })
    const forgeries: Breach[] = [
      { ...breach, member: idOf(scene, 2) },
      { ...breach, slot: `${breach.slot}0` },
      { ...breach, kind: kind === 'commit' ? 'reveal' : 'commit' },
      { ...breach, signatures: [first, first] },
      { ...breach, signatures: [second, first] },
      { ...breach, signatures: [first, new Uint8Array(64)] },
      { ...breach, hashes: [breach.hashes[0], sha256('never said')] },
      breachOf(elsewhere, 1, kind, PAIRS[kind]),
    ]
    for (const forged of forgeries) expect(codeOf(scene, [evidence(forged)])).toBe('unproven')
    expect(codeOf(scene, [evidence(breach)])).toBe('ok')
  })

  it('is not proven by one body said twice, nor by what was said in two slots', () => {
    const scene = createScene({ members: 4 })
    const [one, other] = PAIRS.vote
    const twice = breachOf(scene, 1, 'vote', [one, one])
    expect(BODY_SCHEMAS.evidence.safeParse(twice).success).toBe(false)
    expect(BODY_SCHEMAS.proposal.safeParse({ ...PAIRS.proposal[0], entries: [evidence(twice)] }).success).toBe(false)
    expect(BODY_SCHEMAS.proposal.safeParse({ ...PAIRS.proposal[0], entries: [evidence(breachOf(scene, 1, 'vote', PAIRS.vote))] }).success).toBe(true)
    const apart = breachOf(scene, 1, 'vote', [one, { ...other, view: 2 }])
    for (const slot of ['vote/0/1/end', 'vote/0/2/end']) expect(codeOf(scene, [evidence({ ...apart, slot })])).toBe('unproven')
  })

  it('convicts once, whatever else is proven', () => {
    const scene = createScene({ members: 4 })
    const [first, second] = [evidence(breachOf(scene, 1, 'vote', PAIRS.vote)), evidence(breachOf(scene, 1))]
    expect(codeOf(scene, [first, first])).toBe('already-convicted')
    expect(codeOf(scene, [first, second])).toBe('already-convicted')
    expect(codeOf(scene, [first, evidence(breachOf(scene, 2))])).toBe('ok')
  })

  it('is of members and former members only', () => {
    const scene = createScene({ members: 4 })
    expect(codeOf(scene, [evidence(breachOf(scene, simulatedSigner(99)))])).toBe('not-a-member')
    apply(scene, [{ type: 'leave', envelope: say(scene, 1, 'leave', { sequence: 0 }).bytes }, evidence(breachOf(scene, 1))])
    expect(scene.state.former[idOf(scene, 1)]?.member).toMatchObject({ convicted: 'proposal/0/1', penalties: { breach: 1 } })
  })
})

describe('a conviction', () => {
  it('takes the voting weight, from the next epoch on and for good', () => {
    const scene = createScene({ members: 4, weight: 1_000_000, parameters: { epochBlocks: 4 } })
    const voters = (): number => scene.state.validators.findIndex(({ member }) => member === idOf(scene, 1))
    apply(scene, [evidence(breachOf(scene, 1))])
    expect(scene.state.nextValidators.map(({ member }) => member)).toEqual([0, 2, 3].map((member) => idOf(scene, member)))
    expect(voters()).toBe(1)
    for (let epoch = 0; epoch < 3; epoch++) {
      endEpoch(scene)
      expect(voters()).toBe(-1)
    }
  })

  it('weighs like eight failures in all that the member is known for, and says so', () => {
    const scene = known()
    const before = scene.state.members[idOf(scene, 1)]
    const applied = apply(scene, [evidence(breachOf(scene, 1))])
    const changes = applied.ok ? applied.penalties : []
    let failed = emptyPosterior()
    for (let failure = 0; failure < 8; failure++) failed = observe(failed, { success: 0, failure: 1_000_000 })
    const answering = { ...failed, success: before?.answering.label?.success, count: failed.count + (before?.answering.label?.count ?? 0) }
    const after = scene.state.members[idOf(scene, 1)]
    expect(changes).toHaveLength(1)
    expect(changes[0]).toMatchObject({ member: idOf(scene, 1), height: scene.state.height, round: null, kind: 'label', penalty: 'breach', creditMicro: null, points: 0, pointsAfter: after?.points })
    expect(changes[0]?.answering).toEqual({ success: 0, failure: 8_000_000, before: before?.answering.label, after: answering })
    expect(after?.answering).toEqual({ label: answering })
    expect(changes[0]?.judging).toEqual({ success: 0, failure: 8_000_000, before: poolJudging(before?.judging.label ?? emptyJudging()), after: poolJudging(after?.judging.label ?? emptyJudging()) })
    expect(after?.points).toBe(before?.points)
  })

  it('is on record also for a member that is known for nothing', () => {
    const scene = createScene({ members: 4 })
    const applied = apply(scene, [evidence(breachOf(scene, 1))])
    expect(applied).toMatchObject({ ok: true, penalties: [{ member: idOf(scene, 1), kind: null, answering: null, judging: null, penalty: 'breach' }] })
  })

  it('takes all influence on rankings, from the next block on', () => {
    const scene = known()
    const round = openRound(scene)
    apply(scene, [evidence(breachOf(scene, 1))])
    close(scene, round, [0, 1, 2].map((member) => commit(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
    close(scene, round, [0, 1, 2].map((member) => reveal(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
    close(scene, round, [])
    const { frozen } = roundOf(scene, round)
    expect(frozen?.players).toHaveLength(3)
    expect(frozen?.answerWeights.map((weight) => weight > 0)).toEqual([true, false, true])
    expect(frozen?.judgeWeights.map(({ share }) => share > 0)).toEqual([true, false, true])
  })

  it('follows the member to another key, for two epochs', () => {
    const scene = createScene({ members: 4, weight: 1_000_000, parameters: { epochBlocks: 4 } })
    const [to, further] = [simulatedSigner(60), simulatedSigner(61)]
    apply(scene, [moveTo(scene, 1, to), moveTo(scene, to, further)])
    for (let epoch = 0; epoch < 2; epoch++) endEpoch(scene)
    expect(codeOf(scene, [evidence(breachOf(scene, 1))])).toBe('ok')
    const applied = apply(scene, [evidence(breachOf(scene, 1))])
    expect(applied.ok && applied.penalties.map(({ member }) => member)).toEqual([further.member])
    expect(scene.state.members[further.member]).toMatchObject({ convicted: 'proposal/0/1', weight: 0 })
    expect(codeOf(scene, [evidence(breachOf(scene, further))])).toBe('already-convicted')
  })

  it('is not asked for later: what an old key signs then is not held against the new one', () => {
    const scene = createScene({ members: 4, weight: 1_000_000, parameters: { epochBlocks: 4 } })
    apply(scene, [moveTo(scene, 1, simulatedSigner(60))])
    for (let epoch = 0; epoch < 3; epoch++) endEpoch(scene)
    expect(codeOf(scene, [evidence(breachOf(scene, 1))])).toBe('too-old')
    expect(codeOf(scene, [evidence(breachOf(scene, simulatedSigner(60)))])).toBe('ok')
  })
})
