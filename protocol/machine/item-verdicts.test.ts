import { describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import type { Message } from '../envelope.ts'
import { simulatedSigner } from '../sim/members.ts'
import { answerWith, close, commit, createScene, idOf, observe, openRound, play, reveal, say, truthOf, type Scene } from '../test/scene.ts'
import { keepEarly } from './machine-state.ts'
import { createBench, feed, follow, judge, type Bench } from './test/bench.ts'

const NOWHERE = sha256('a round nobody knows')

/** A bench in the answer-commit phase of a round of four. */
function committing(init: Parameters<typeof openRound>[1] = {}): { bench: Bench; scene: Scene; round: string } {
  const scene = createScene({ members: 5, observers: 1 })
  const round = openRound(scene, init)
  return { bench: createBench(scene), scene, round }
}

/** The same after all but the last member committed, in the answer-reveal phase. */
function revealing(): { bench: Bench; scene: Scene; round: string } {
  const scene = createScene({ members: 5, observers: 1 })
  const round = openRound(scene)
  close(scene, round, [0, 1, 2, 3].map((member) => commit(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
  return { bench: createBench(scene), scene, round }
}

describe('an item, by the checks in their order', () => {
  it('is ignored from a stranger, whatever the round', () => {
    const { bench, scene, round } = committing()
    for (const of of [round, NOWHERE]) {
      expect(judge(bench, say(scene, simulatedSigner(77), 'commit', { round: of, phase: 'answer-commit', hash: NOWHERE }))).toBe('ignore unknown-member')
    }
  })

  it('is kept, and not passed on, while its round is not known here', () => {
    const { bench, scene } = committing()
    const early = commit(scene, 1, NOWHERE, 'answer-reveal', answerWith('x'))
    expect(judge(bench, early)).toBe('ignore unknown-round')
    expect([...bench.machine.early.keys()]).toEqual([early.id])
    expect(bench.store.has(`item/${early.id}`)).toBe(false)
  })

  it('is ignored once its round has closed', () => {
    const { bench, scene } = committing()
    bench.machine.closed.add(NOWHERE)
    expect(judge(bench, commit(scene, 1, NOWHERE, 'answer-reveal', answerWith('x')))).toBe('ignore phase-closed')
    expect(judge(bench, observe(scene, 1, NOWHERE, 'answer-commit', []))).toBe('ignore phase-closed')
    expect(bench.machine.early.size).toBe(0)
  })

  it('is ignored once its phase is over', () => {
    const { bench, scene, round } = revealing()
    expect(judge(bench, commit(scene, 4, round, 'answer-reveal', answerWith('late')))).toBe('ignore phase-closed')
  })

  it('is kept while its phase has not begun here', () => {
    const { bench, scene, round } = committing()
    const early = reveal(scene, 1, round, 'answer-reveal', answerWith('x'))
    expect(judge(bench, early)).toBe('accept')
    expect([...bench.machine.early.keys()]).toEqual([early.id])
  })

  it('is ignored if its author has spoken in this phase already', () => {
    const { bench, scene, round } = committing()
    expect(judge(bench, commit(scene, 1, round, 'answer-reveal', answerWith('x')))).toBe('accept')
    expect(judge(bench, commit(scene, 1, round, 'answer-reveal', answerWith('y')))).toBe('ignore slot-taken')
    expect(judge(bench, commit(scene, 2, round, 'answer-reveal', answerWith('y')))).toBe('accept')
  })

  it('is rejected if it cannot be what its author committed to', () => {
    const { bench, scene, round } = revealing()
    expect(judge(bench, reveal(scene, 1, round, 'answer-reveal', answerWith('something else')))).toBe('reject unfit-item')
    expect(judge(bench, reveal(scene, 4, round, 'answer-reveal', answerWith('never committed')))).toBe('reject unfit-item')
    expect(judge(bench, reveal(scene, 1, round, 'answer-reveal', answerWith('1')))).toBe('accept')
  })

  it('is rejected from the asker of a round with a truth', () => {
    const { bench, scene, round } = committing({ asker: 1, accepted: ['x'] })
    expect(judge(bench, commit(scene, 1, round, 'answer-reveal', answerWith('x')))).toBe('reject unfit-item')
    expect(judge(bench, commit(scene, 2, round, 'answer-reveal', answerWith('x')))).toBe('accept')
  })

  it('is rejected as a truth unless it is the asker who reveals the one committed to', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene, { asker: 1, accepted: ['x'] })
    for (const phase of ['answer-reveal', 'ballot-reveal'] as const) {
      const content = phase === 'answer-reveal' ? answerWith : () => ({ comparisons: [] })
      close(scene, round, [0, 2].map((member) => commit(scene, member, round, phase, content(`${member}`))))
      close(scene, round, [0, 2].map((member) => reveal(scene, member, round, phase, content(`${member}`))))
    }
    const bench = createBench(scene)
    expect(judge(bench, truthOf(scene, 2, round, ['x']))).toBe('reject unfit-item')
    expect(judge(bench, truthOf(scene, 1, round, ['y']))).toBe('reject unfit-item')
    expect(judge(bench, truthOf(scene, 1, round, ['x']))).toBe('accept')
  })

  it('is kept, and the commit asked for, where that is not at hand', () => {
    const { bench, scene, round } = revealing()
    const [, commitId] = scene.state.rounds[round]?.cuts['answer-commit']?.find(([author]) => author === idOf(scene, 1)) as [string, string]
    bench.machine.items.delete(commitId)
    const effects = feed(bench, { type: 'message', message: reveal(scene, 1, round, 'answer-reveal', answerWith('1')) as Message, from: idOf(scene, 2) })
    expect(effects).toContainEqual({ type: 'verdict', verdict: { verdict: 'accept' } })
    expect(effects).toContainEqual({ type: 'request', to: idOf(scene, 1), request: { type: 'get', hashes: [commitId] } })
  })

  it('that was asked for by its id is stored, whatever the phase', () => {
    const { bench, scene, round } = revealing()
    const wanted = commit(scene, 4, round, 'answer-reveal', answerWith('rival'))
    bench.machine.wanted.set(wanted.id, 0)
    expect(judge(bench, wanted)).toBe('accept')
    expect(bench.machine.items.has(wanted.id)).toBe(true)
    expect(bench.machine.wanted.has(wanted.id)).toBe(false)
  })

  it('is durable before anything is said of it', () => {
    const { bench, scene, round } = committing()
    const message = commit(scene, 1, round, 'answer-reveal', answerWith('x'))
    judge(bench, message)
    expect(bench.store.get(`item/${message.id}`)).toEqual(message.bytes)
    expect(bench.store.has(`open-item/${round}/${message.id}`)).toBe(true)
  })
})

describe('a late reveal', () => {
  function withheldBy(member: number): { bench: Bench; scene: Scene; round: string } {
    const { bench, scene, round } = revealing()
    close(scene, round, [0, 1, 2, 3].filter((each) => each !== member).map((each) => reveal(scene, each, round, 'answer-reveal', answerWith(`${each}`))))
    follow(bench)
    return { bench, scene, round }
  }

  it('is kept from who withheld it, and proposed', () => {
    const { bench, scene, round } = withheldBy(2)
    expect(judge(bench, reveal(scene, 2, round, 'answer-reveal', answerWith('2')))).toBe('accept')
    expect(bench.machine.pool.late.size).toBe(1)
    expect(bench.machine.agreement.hasMaterial).toBe(true)
  })

  it('is rejected if it opens nothing: it would keep everybody awake for a block that cannot be made', () => {
    const { bench, scene, round } = withheldBy(2)
    for (let count = 0; count < 20; count++) expect(judge(bench, reveal(scene, 2, round, 'answer-reveal', answerWith('made up')))).toBe('reject unfit-item')
    expect(bench.machine.pool.late.size).toBe(0)
    expect(bench.machine.agreement.hasMaterial).toBe(false)
  })

  it('is a breach if its author says another thing for the same slot, though it opens nothing', () => {
    const { bench, scene, round } = withheldBy(2)
    for (const text of ['made up', 'another']) expect(judge(bench, reveal(scene, 2, round, 'answer-reveal', answerWith(text)))).toBe('reject unfit-item')
    expect([...bench.machine.pool.breaches.keys()]).toEqual([idOf(scene, 2)])
    expect(bench.machine.agreement.hasMaterial).toBe(true)
  })

  it('is ignored from who withheld nothing', () => {
    const { bench, scene, round } = withheldBy(2)
    expect(judge(bench, reveal(scene, 1, round, 'answer-reveal', answerWith('1')))).toBe('ignore phase-closed')
  })
})

describe('an observation, by the checks in their order', () => {
  it('is ignored from members without voting weight and from strangers', () => {
    const { bench, scene, round } = committing()
    expect(judge(bench, observe(scene, 4, round, 'answer-commit', []))).toBe('ignore not-a-validator')
    expect(judge(bench, say(scene, simulatedSigner(77), 'observation', { round, phase: 'answer-commit', items: [] }))).toBe('ignore not-a-validator')
  })

  it('is kept while its round or phase has not begun here', () => {
    const { bench, scene, round } = committing()
    expect(judge(bench, observe(scene, 1, NOWHERE, 'answer-commit', []))).toBe('ignore unknown-round')
    expect(judge(bench, observe(scene, 1, round, 'answer-reveal', []))).toBe('accept')
    expect(bench.machine.early.size).toBe(2)
  })

  it('is ignored once its phase is over, or its author has spoken', () => {
    const { bench, scene, round } = revealing()
    expect(judge(bench, observe(scene, 1, round, 'answer-commit', []))).toBe('ignore phase-closed')
    expect(judge(bench, observe(scene, 1, round, 'answer-reveal', []))).toBe('accept')
    expect(judge(bench, observe(scene, 1, round, 'answer-reveal', [[idOf(scene, 1), NOWHERE]]))).toBe('ignore slot-taken')
  })

  it('makes material for a block once a quorum has observed', () => {
    const { bench, scene, round } = committing()
    for (const member of [1, 2]) judge(bench, observe(scene, member, round, 'answer-commit', []))
    expect(bench.machine.agreement.hasMaterial).toBe(false)
    judge(bench, observe(scene, 3, round, 'answer-commit', []))
    expect(bench.machine.agreement.hasMaterial).toBe(true)
  })
})

describe('what is kept for later', () => {
  it('is bounded per author: a flood of one member drowns only its own words', () => {
    const { bench, scene } = committing()
    const first = commit(scene, 2, NOWHERE, 'answer-reveal', answerWith('x'))
    judge(bench, first)
    for (let count = 0; count < 300; count++) judge(bench, commit(scene, 1, sha256(`round ${count}`), 'answer-reveal', answerWith('x')))
    expect(bench.machine.early.size).toBe(65)
    expect(bench.machine.early.has(first.id)).toBe(true)
  })

  it('is bounded in all', () => {
    const scene = createScene({ members: 20 })
    const bench = createBench(scene)
    for (let member = 1; member < 20; member++) {
      for (let count = 0; count < 64; count++) judge(bench, commit(scene, member, sha256(`round ${count}`), 'answer-reveal', answerWith('x')))
    }
    expect(bench.machine.early.size).toBe(1_024)
  })

  it('is bounded in bytes, at the cost of who takes most room', () => {
    const { bench, scene } = committing()
    const small = commit(scene, 2, NOWHERE, 'answer-reveal', answerWith('x'))
    keepEarly(bench.machine, small)
    for (let count = 0; count < 40; count++) keepEarly(bench.machine, { ...commit(scene, 1, NOWHERE, 'answer-reveal', answerWith('x')), id: `${count}`, bytes: new Uint8Array(1_000_000) })
    const held = [...bench.machine.early.values()]
    const sizeBytes = held.reduce((sum, { bytes }) => sum + bytes.length, 0)
    expect(sizeBytes).toBeLessThanOrEqual(16_000_000)
    expect(sizeBytes).toBeGreaterThan(15_000_000)
    expect(held[0]).toBe(small)
    expect(held.at(-1)?.id).toBe('39')
  })
})

describe('a round that plays on without this node', () => {
  it('is entered where it stands', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    play(scene, { round, answers: ['a', 'b', 'c', 'd'] })
    const bench = createBench(scene)
    expect(bench.machine.rounds.get(round)?.entered).toBe('closing')
  })
})
