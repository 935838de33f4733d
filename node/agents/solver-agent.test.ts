import { describe, expect, it } from 'vitest'
import { CHECKABLE_KINDS, check, formatColouringTask, formatCountdownTask, formatTourTask, generateTask } from '../../protocol/index.ts'
import type { CheckableKind, Edge } from '../../protocol/index.ts'
import type { AgentTask, Answer, JudgedAnswer } from './agent.ts'
import { describeAgentConformance } from './agent-conformance.ts'
import type { Slices } from './slices.ts'
import { createSolverAgent } from './solver-agent.ts'
import { SOLVER_STRATEGIES, solverMethods } from './solver-strategies.ts'
import type { SolverStrategy } from './solver-strategies.ts'

const never = (): AbortSignal => new AbortController().signal
const taskOf = (kind: AgentTask['kind'], prompt: string): AgentTask => ({ round: 'r', kind, prompt, reference: null })
const judged = (text: string, value: string | null = null): JudgedAnswer => ({ author: 'a', text, value })

const cities = Array.from({ length: 200 }, (_, index) => [(index * 7_919) % 9_973, (index * index * 31) % 9_941] as const)
const largestTour = formatTourTask({ cities })
const denseEdges = Array.from({ length: 100 }, (_, a) => Array.from({ length: 99 - a }, (_, step): Edge => [a, a + 1 + step])).flat()
const largestGraph = formatColouringTask({ vertices: 100, edges: denseEdges.filter((_, index) => (index * index) % 7 < 3) })
const largestGame = formatCountdownTask({ numbers: [983, 997, 991, 7, 13, 89, 3], target: 99_991 })

async function solve(strategy: SolverStrategy, kind: CheckableKind, prompt: string): Promise<Answer> {
  const answer = await createSolverAgent({ strategy }).answer(taskOf(kind, prompt), never())
  if (answer === null) throw new Error('the solver abstained')
  return answer
}

describe.each(SOLVER_STRATEGIES)('solver agent %s', (strategy) => {
  const prompt = generateTask('colouring', 'conformance')
  const vertices = Array.from({ length: 100 }, (_, index) => index)
  describeAgentConformance({
    create: () => createSolverAgent({ strategy }),
    task: taskOf('colouring', prompt),
    request: { task: taskOf('colouring', prompt), answers: [judged(JSON.stringify(vertices)), judged('none')], pairs: [{ left: 1, right: 0 }] },
    abstains: { task: taskOf('text', 'Why?'), request: { task: taskOf('text', 'Why?'), answers: [judged('a'), judged('b')], pairs: [] } },
  })

  it('abstains from malformed tasks', async () => {
    for (const kind of CHECKABLE_KINDS) {
      const agent = createSolverAgent({ strategy })
      expect(await agent.answer(taskOf(kind, 'Why?'), never())).toBeNull()
      expect(await agent.judge({ task: taskOf(kind, 'Why?'), answers: [judged('a'), judged('b')], pairs: [] }, never())).toEqual([])
    }
  })

  it('gives legal answers, states their measure truly, and says the same twice', async () => {
    for (const kind of CHECKABLE_KINDS) {
      for (let seed = 0; seed < 4; seed++) {
        const prompt = generateTask(kind, `legal${seed}`)
        const answer = await solve(strategy, kind, prompt)
        const result = check(kind, prompt, answer.text)
        expect(result).toMatchObject({ ok: true, fault: null, measure: Number(answer.value) })
        expect(await solve(strategy, kind, prompt)).toEqual(answer)
      }
    }
  })

  it('solves the smallest and the largest tasks', async () => {
    const triangle = formatTourTask({ cities: [[0, 0], [5, 0], [0, 5]] })
    const small: [CheckableKind, string][] = [['tour', triangle], ['colouring', formatColouringTask({ vertices: 1, edges: [] })], ['countdown', formatCountdownTask({ numbers: [2, 3], target: 6 })]]
    for (const [kind, prompt] of small) expect(check(kind, prompt, (await solve(strategy, kind, prompt)).text)).toMatchObject({ ok: true, quality: 1_000_000 })
    const large: [CheckableKind, string][] = [['tour', largestTour], ['colouring', largestGraph], ['countdown', largestGame]]
    for (const [kind, prompt] of large) expect(check(kind, prompt, (await solve(strategy, kind, prompt)).text)).toMatchObject({ ok: true, fault: null })
  })
})

it('stronger strategies give better answers on average', async () => {
  for (const kind of CHECKABLE_KINDS) {
    const means: number[] = []
    for (const strategy of SOLVER_STRATEGIES) {
      let sum = 0
      for (let seed = 0; seed < 16; seed++) {
        const prompt = generateTask(kind, `strength${seed}`)
        const result = check(kind, prompt, (await solve(strategy, kind, prompt)).text)
        sum += result.ok ? result.quality : 0
      }
      means.push(Math.round(sum / 16))
    }
    expect(means, `${kind} ${means.join(' ')}`).toEqual([...means].sort((a, b) => a - b))
    expect((means[4] as number) - (means[0] as number)).toBeGreaterThan(150_000)
  }
})

it('exhaustive reaches every target that is within reach', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const prompt = generateTask('countdown', `reach${seed}`)
    expect(check('countdown', prompt, (await solve('exhaustive', 'countdown', prompt)).text)).toMatchObject({ quality: 1_000_000 })
  }
})

it('no slice of the largest tasks holds the event loop for more than 20 ms of processor time', () => {
  const { tour, colouring, countdown } = solverMethods.exhaustive
  const edges = denseEdges.filter((_, index) => (index * index) % 7 < 3)
  const works: Slices<unknown>[] = [tour.solve(cities), colouring.solve({ vertices: 100, edges }), countdown.solve({ numbers: [983, 997, 991, 7, 13, 89, 3], target: 99_991 })]
  for (const work of works) {
    const slices: number[] = []
    for (let done = false; !done; ) {
      const before = process.threadCpuUsage()
      done = work.next().done === true
      const spent = process.threadCpuUsage(before)
      slices.push((spent.user + spent.system) / 1_000)
    }
    expect(Math.max(...slices)).toBeLessThan(20)
  }
})

it('stops soon after the signal aborts in the midst of a search', async () => {
  const controller = new AbortController()
  setTimeout(() => {
    controller.abort(new Error('enough'))
  }, 10)
  await expect(createSolverAgent({ strategy: 'exhaustive' }).answer(taskOf('tour', largestTour), controller.signal)).rejects.toThrow('enough')
})
