import { describe, expect, it } from 'vitest'
import { ADVERSARIES, type AdversaryName } from './adversaries/all.ts'
import { drawPlan, smallerPlans, type Plan } from './plan.ts'
import { runPlan, shrinkPlan, simulate } from './simulate.ts'
import { FAILED_ONCE } from './test/plans.ts'
import { transcribe } from './transcript.ts'

describe('a simulated network', () => {
  it.each([[4, 20], [7, 6], [10, 1], [3, 4], [1, 2]])('of %i nodes: no seed breaks an invariant or stalls', (nodes, seeds) => {
    for (let seed = 1; seed <= seeds; seed++) {
      const { violations, stalls } = simulate({ seed, nodes })
      expect({ seed, violations, stalls }).toEqual({ seed, violations: [], stalls: [] })
    }
  }, 120_000)

  it.each(Object.keys(ADVERSARIES) as AdversaryName[])('goes on beside a %s', (adversary) => {
    for (const seed of [3]) {
      const report = simulate({ seed, nodes: 4, adversary })
      expect(report).toMatchObject({ seed, adversaries: [adversary], violations: [], stalls: [] })
    }
  })

  it.each(FAILED_ONCE.map((plan) => [plan.because, plan] as const))('does not fail again: %s', (_, { because: _because, ...plan }) => {
    // The same mixture under other chances, too.
    for (const seed of [plan.seed, plan.seed + 1, plan.seed + 2]) expect(runPlan({ ...plan, seed })).toMatchObject({ violations: [], stalls: [] })
  })

  it.each([[4, 2008, 1], [4, 5050, 0], [7, 7554, 0]])('with a store set back while nobody had power (%i nodes, seed %i): what others have on disk they remember, and %i words are forgotten', (nodes, seed, forgotten) => {
    expect(simulate({ seed, nodes })).toMatchObject({ seed, violations: [], stalls: [], forgotten })
  })

  it('whose members grade answers, with crashes and liars: no seed breaks an invariant or stalls', () => {
    let graded = 0
    for (let seed = 1; seed <= 10; seed++) {
      const plan = drawPlan({ seed, nodes: 4, creditGrades: 2, ...(seed % 2 === 0 ? { adversary: 'liar' } : {}) })
      const { violations, stalls } = runPlan({ ...plan, faults: [...plan.faults.filter(({ type }) => type !== 'crash' && type !== 'outage'), { type: 'crash', perStep: 0.003 }] }, {
        prepare: (world) => {
          const { onNotice } = world
          world.onNotice = (node, notice) => {
            if (notice.type === 'round-closed' && notice.closed.result.evaluation.source === 'grades') graded += 1
            onNotice(node, notice)
          }
        },
      })
      expect({ seed, violations, stalls }).toEqual({ seed, violations: [], stalls: [] })
    }
    expect(graded).toBeGreaterThan(20)
  }, 60_000)

  it('gives one trace for one seed, and another for another', () => {
    const [once, twice, other] = [17, 17, 18].map((seed) => simulate({ seed, nodes: 4 }))
    expect(twice).toEqual(once)
    expect(other?.traceHash).not.toBe(once?.traceHash)
  })

  it('gives the same trace whether or not outcomes are remembered', () => {
    for (const [seed, nodes] of [[3, 4], [5, 4], [8, 7]] as const) {
      expect(simulate({ seed, nodes, remembers: false })).toEqual(simulate({ seed, nodes }))
    }
  })
})

describe('a plan', () => {
  it('has adversaries of less than a third, whatever the size', () => {
    for (let nodes = 1; nodes <= 13; nodes++) {
      for (let seed = 1; seed <= 40; seed++) {
        const { adversaries, weights } = drawPlan({ seed, nodes })
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        expect(3 * adversaries.reduce((sum, { node }) => sum + (weights[node] as number), 0)).toBeLessThan(total)
      }
    }
  })

  it('leaves every kind of fault out of some runs, and has each of them in others', () => {
    const plans = Array.from({ length: 200 }, (_, seed) => drawPlan({ seed, nodes: 7 }))
    const kinds = ['loss', 'duplicate', 'delay', 'crash', 'outage', 'power-cut', 'pause', 'partition', 'clock', 'slow-disk', 'agent', 'bad-frames', 'backup']
    for (const kind of kinds) {
      const having = plans.filter(({ faults }) => faults.some(({ type }) => type === kind)).length
      expect({ kind, having: having > 0 && having < plans.length }).toEqual({ kind, having: true })
    }
  })

  it('is taken apart until nothing can be left out, and never fails to name what remains', () => {
    const plan = drawPlan({ seed: 9, nodes: 7 })
    const fails = ({ faults, nodes }: Plan): boolean => faults.some(({ type }) => type === plan.faults[0]?.type) && nodes >= 4
    const shrunk = shrinkPlan(plan, fails)
    expect(shrunk).toMatchObject({ nodes: 4, adversaries: [], asks: [] })
    expect(shrunk.faults).toHaveLength(1)
    expect(smallerPlans(shrunk).some(fails)).toBe(false)
  })

  it('is told in a few lines that end with how every node ended', () => {
    const { report, lines } = transcribe({ ...drawPlan({ seed: 2, nodes: 4, noFaults: true, noAdversaries: true }), guarded: false })
    expect(report).toMatchObject({ violations: [], stalls: [] })
    expect(lines.length).toBeLessThan(100)
    expect(lines.at(-1)).toMatch(/^3 ends at height \d+, epoch \d+, view \d+, active; no round open$/)
  })

  it('gives the same run as the seed that it was drawn from', () => {
    expect(runPlan(drawPlan({ seed: 6, nodes: 4 }))).toEqual(simulate({ seed: 6, nodes: 4 }))
  })
})
