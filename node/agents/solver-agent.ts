import { isCheckable, parseColouringTask, parseCountdownTask, parseTourTask, tourLength } from '../../protocol/index.ts'
import type { Agent, AgentComparison, AgentTask, Answer, JudgeRequest } from './agent.ts'
import { pairsToJudge } from './pairs.ts'
import { runSlices } from './slices.ts'
import type { Slices } from './slices.ts'
import { compareFindings, inspectAnswer } from './solver-judge.ts'
import type { Finding } from './solver-judge.ts'
import { solverMethods } from './solver-strategies.ts'
import type { SolverMethods, SolverStrategy } from './solver-strategies.ts'

/**
 * The embedded agent, which needs neither key nor network: it solves tours, colourings and countdowns by the named strategy and
 * judges with as many checks as that strategy can afford. It abstains from all other tasks. Deterministic; never holds the
 * event loop for long.
 */
export function createSolverAgent({ strategy }: { strategy: SolverStrategy }): Agent {
  const methods = solverMethods[strategy]
  return {
    model: `solver:${strategy}`,
    canAnswer: true,
    canJudge: true,
    answer: (task, signal) => runSlices(solve(task, methods), signal),
    judge: (request, signal) => runSlices(judge(request, methods), signal),
    close: () => Promise.resolve(),
  }
}

function* solve({ kind, prompt }: AgentTask, methods: SolverMethods): Slices<Answer | null> {
  if (kind === 'tour') {
    const task = parseTourTask(prompt)
    if (task === null) return null
    const order = yield* methods.tour.solve(task.cities)
    return writeAnswer(methods.tour.name, 'Length', tourLength(task.cities, order), JSON.stringify(order))
  }
  if (kind === 'colouring') {
    const task = parseColouringTask(prompt)
    if (task === null) return null
    const colours = yield* methods.colouring.solve(task)
    return writeAnswer(methods.colouring.name, 'Colours', new Set(colours).size, JSON.stringify(colours))
  }
  const task = kind === 'countdown' ? parseCountdownTask(prompt) : null
  if (task === null) return null
  const term = yield* methods.countdown.solve(task)
  return writeAnswer(methods.countdown.name, 'Reached', term.value, term.text)
}

function writeAnswer(method: string, measureName: string, measure: number, solution: string): Answer {
  return { text: `Method: ${method}.\n${measureName}: ${measure}\nFINAL ANSWER: ${solution}`, value: String(measure) }
}

function* judge({ task, answers, pairs }: JudgeRequest, methods: SolverMethods): Slices<AgentComparison[]> {
  const { kind, prompt } = task
  if (!isCheckable(kind)) return []
  const findings: Finding[] = []
  for (const answer of answers) {
    const finding = inspectAnswer(kind, prompt, answer, methods.checksMax)
    if (finding === null) return []
    findings.push(finding)
    yield
  }
  return pairsToJudge(answers.length, pairs).map(({ left, right }) => ({ left, right, ...compareFindings(findings[left] as Finding, findings[right] as Finding) }))
}
