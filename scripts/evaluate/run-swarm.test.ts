import { describe, expect, it } from 'vitest'
import { makeTask } from './panel-fixture.ts'
import { createSwarm } from './run-swarm.ts'

const rounds = Array.from({ length: 30 }, (_, index) => makeTask(`t${index}`, 'Abb', ['0 0 > 1', '0 0 > 2', '1 0 < 1', '2 0 > 2']))

describe('createSwarm', () => {
  it('ranks without learning', () => {
    const swarm = createSwarm()
    const [round] = rounds
    if (round === undefined) throw new Error('no round')
    expect(swarm.rank(round)).toEqual(swarm.rank(round))
    expect(swarm.rank(round)).toEqual(swarm.play(round, 'none'))
  })

  it('learns from a shown truth who is right', () => {
    const swarm = createSwarm()
    const before = rounds.map((round) => swarm.play(round, 'shown'))
    expect(before.at(-1)?.tied).toEqual([0])
    expect(swarm.reputation(0).answering).toBeGreaterThan(swarm.reputation(1).answering)
  })

  it('learns nothing where a promised truth is withheld', () => {
    const swarm = createSwarm()
    const fresh = createSwarm().reputation(0)
    for (const round of rounds) swarm.play(round, 'withheld')
    expect(swarm.reputation(0)).toEqual(fresh)
  })

  it('gives the same bits every time', () => {
    const [one, other] = [createSwarm(), createSwarm()]
    for (const round of rounds) expect(one.play(round, 'shown')).toEqual(other.play(round, 'shown'))
  })
})
