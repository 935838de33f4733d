import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAMAGES, FAILPOINTS, planFaults } from './plan.ts'

const anyPlan = fc.record({ seed: fc.nat(), nodes: fc.integer({ min: 4, max: 12 }), ms: fc.integer({ min: 10_000, max: 600_000 }) })

describe('a plan of faults', () => {
  it('is the same for the same seed, in order of time, and another for another', () => {
    fc.assert(
      fc.property(anyPlan, (init) => {
        const plan = planFaults(init)
        expect(planFaults(init)).toEqual(plan)
        expect(plan.map(({ atMs }) => atMs)).toEqual(plan.map(({ atMs }) => atMs).sort((a, b) => a - b))
        expect(plan.every(({ atMs }) => atMs >= 0 && atMs < init.ms)).toBe(true)
        expect(planFaults({ ...init, seed: init.seed + 1 })).not.toEqual(plan)
      }),
      { numRuns: 30 },
    )
  })

  it('kills and damages nobody whose memory is measured', () => {
    for (const { fault } of planFaults({ seed: 1, nodes: 7, ms: 540_000 })) {
      if (fault.kind === 'kill' || fault.kind === 'failpoint' || fault.kind === 'pause' || fault.kind === 'damage') expect(fault.node).toBeLessThan(6)
      if (fault.kind === 'outage') expect(fault.side).not.toContain(6)
      if (fault.kind === 'outage' || fault.kind === 'partition') expect(new Set(fault.side).size).toBe(fault.side.length)
    }
  })

  it('of ten minutes holds enough of everything', () => {
    const plan = planFaults({ seed: 1, nodes: 7, ms: 540_000 }).map(({ fault }) => fault)
    const count = (kind: string): number => plan.filter((fault) => fault.kind === kind).length
    expect(count('kill') + count('failpoint')).toBeGreaterThan(200)
    expect(count('partition')).toBeGreaterThan(40)
    expect(new Set(plan.flatMap((fault) => (fault.kind === 'failpoint' ? [fault.point] : []))).size).toBe(FAILPOINTS.length)
    expect(new Set(plan.flatMap((fault) => (fault.kind === 'damage' ? [fault.how] : []))).size).toBe(DAMAGES.length)
  })
})
