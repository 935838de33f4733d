import { describe, expect, it } from 'vitest'
import type { BallotContent, Body } from '../bodies.ts'
import { encode } from '../encoding.ts'
import type { Message } from '../envelope.ts'
import { closeRound, computeShare } from '../round/close.ts'
import { shownIn } from '../round/joint.ts'
import { COMMIT_OF, commitmentOf, shareContent } from '../sealed.ts'
import { close, createScene, idOf, openRound, play, roundOf, saltOf, say, transcriptOf, type Scene } from '../test/scene.ts'
import { checkItem } from './items.ts'

const BALLOT: BallotContent = { comparisons: [{ left: 0, right: 1, verdict: 'left' }, { left: 1, right: 2, verdict: 'left' }] }
const EVERYBODY = [0, 1, 2, 3]

/** Four players, two assigned to each block, about to commit to their shares. */
function beforeShares(): { scene: Scene; round: string } {
  const scene = createScene({ members: 4, parameters: { exactPlayersMax: 3, creditPairs: 4, pairing: 'open' } })
  const round = openRound(scene)
  play(scene, { round, answers: ['a', 'b', 'c', 'd'], ballots: [BALLOT, BALLOT, BALLOT, BALLOT] })
  return { scene, round }
}

function blocksOf(scene: Scene, round: string, member: number): Body<'share'>['blocks'] {
  return computeShare(transcriptOf(scene, round), scene.rules, idOf(scene, member), saltOf(member)).blocks
}

function commitTo(scene: Scene, round: string, member: number, blocks = blocksOf(scene, round, member)): Message<'commit'> {
  const shown = shownIn(roundOf(scene, round).phase)
  if (shown === null) throw new Error('no shares are due')
  const hash = blocks.length === 0 ? null : commitmentOf(scene.network, round, shown, idOf(scene, member), { content: encode(shareContent({ blocks, checks: [] })), salt: saltOf(member) })
  return say(scene, member, 'commit', { round, phase: COMMIT_OF[shown], hash })
}

function show(scene: Scene, round: string, member: number, blocks: Body<'share'>['blocks'], salt = saltOf(member)): Message<'share'> {
  return say(scene, member, 'share', { round, phase: shownIn(roundOf(scene, round).phase) ?? 'credit', blocks, checks: [], salt })
}

/** Commits and shows; `silent` do neither, `hiding` only commit. Returns the phase that follows. */
function evaluate(scene: Scene, round: string, silent: number[] = [], hiding: number[] = []): string {
  const shown = shownIn(roundOf(scene, round).phase)
  const speakers = EVERYBODY.filter((member) => !silent.includes(member))
  const blocks = speakers.map((member) => blocksOf(scene, round, member))
  close(scene, round, speakers.map((member, index) => commitTo(scene, round, member, blocks[index])))
  const shares = speakers.flatMap((member, index) => (hiding.includes(member) || blocks[index]?.length === 0 ? [] : [show(scene, round, member, blocks[index] ?? [])]))
  // Where nobody has committed, nothing is shown.
  if (roundOf(scene, round).phase === shown) close(scene, round, shares)
  return roundOf(scene, round).phase
}

function authorsIn(scene: Scene, round: string, phase: 'credit-commit' | 'credit' | 'credit-next-commit'): string[] {
  return (roundOf(scene, round).cuts[phase] ?? []).map(([author]) => author)
}

describe('shares of credit', () => {
  it('end their phases once every block has been shown twice', () => {
    const { scene, round } = beforeShares()
    expect(evaluate(scene, round)).toBe('closing')
    expect(scene.closed.slice(-2)).toEqual(['credit-commit', 'credit'])
    expect(closeRound(transcriptOf(scene, round), scene.rules)).toMatchObject({ credit: { method: 'regression' }, lies: [] })
  })

  it('count only if they open what their author committed to', () => {
    const { scene, round } = beforeShares()
    const blocks = EVERYBODY.map((member) => blocksOf(scene, round, member))
    close(scene, round, EVERYBODY.slice(0, 3).map((member) => commitTo(scene, round, member, blocks[member])))
    const changed = (blocks[1] ?? []).map(({ block, values }) => ({ block, values: values.map((unit) => unit.map((value) => 1_000_000 - value)) }))
    const shown = [
      show(scene, round, 0, blocks[0] ?? []),
      show(scene, round, 1, changed),
      show(scene, round, 2, blocks[2] ?? [], saltOf(0)),
      show(scene, round, 3, blocks[3] ?? []),
    ]
    const verdicts = shown.map((share) => checkItem(scene.state, round, roundOf(scene, round), share, scene.context))
    expect(verdicts).toEqual(['fits', 'unfit', 'unfit', 'unfit'])
    close(scene, round, shown)
    expect(authorsIn(scene, round, 'credit')).toEqual([idOf(scene, 0)])
  })

  it('are of no use to who copies the commitment and the share of another', () => {
    const { scene, round } = beforeShares()
    const honest = commitTo(scene, round, 0)
    const blocks = blocksOf(scene, round, 0)
    close(scene, round, [honest, say(scene, 1, 'commit', { ...honest.body })])
    expect(authorsIn(scene, round, 'credit-commit')).toHaveLength(2)
    close(scene, round, [show(scene, round, 0, blocks), show(scene, round, 1, blocks, saltOf(0))])
    expect(authorsIn(scene, round, 'credit')).toEqual([idOf(scene, 0)])
  })

  it('are committed to by players alone', () => {
    const scene = createScene({ members: 5, parameters: { exactPlayersMax: 3, creditPairs: 4, pairing: 'open' } })
    const round = openRound(scene)
    play(scene, { round, answers: ['a', 'b', 'c', 'd'], ballots: [BALLOT, BALLOT, BALLOT, BALLOT] })
    expect(roundOf(scene, round).phase).toBe('credit-commit')
    const stranger = say(scene, 4, 'commit', { round, phase: 'credit-commit', hash: round })
    expect(checkItem(scene.state, round, roundOf(scene, round), stranger, scene.context)).toBe('unfit')
  })

  it('of who is silent, or commits and shows nothing, are evaluated by the next, sealed as well', () => {
    for (const how of ['silent', 'hiding'] as const) {
      const { scene, round } = beforeShares()
      expect(evaluate(scene, round, how === 'silent' ? [0] : [], how === 'hiding' ? [0] : [])).toBe('credit-next-commit')
      expect(blocksOf(scene, round, 0)).toEqual([])
      expect(evaluate(scene, round)).toBe('closing')
      expect(closeRound(transcriptOf(scene, round), scene.rules)).toMatchObject({ lies: [] })
    }
  })

  it('are evaluated by everybody where the next are silent too', () => {
    const { scene, round } = beforeShares()
    evaluate(scene, round, [0])
    const next = EVERYBODY.filter((member) => blocksOf(scene, round, member).length > 0)
    expect(evaluate(scene, round, next)).toBe('credit-all-commit')
    expect(EVERYBODY.map((member) => blocksOf(scene, round, member).length > 0)).toEqual([true, true, true, true])
    expect(evaluate(scene, round)).toBe('closing')
  })

  it('are not waited for where nobody commits to any', () => {
    const { scene, round } = beforeShares()
    for (const phase of ['credit-next-commit', 'credit-all-commit', 'closing']) {
      close(scene, round, [])
      expect(roundOf(scene, round).phase).toBe(phase)
    }
    expect(closeRound(transcriptOf(scene, round), scene.rules)).toMatchObject({ credit: { method: 'regression' } })
  })
})
