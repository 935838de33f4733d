import type { JudgeRequest } from '../agent.ts'
import { INJECTION_SIGNS } from '../statistics.ts'
import type { AgentStatistics, InjectionSign } from '../statistics.ts'
import { findInjectionSigns } from './injection-signs.ts'

export interface InjectionCount {
  note(request: JudgeRequest): void
  counts(): AgentStatistics['injections']
}

/** Counts answers that may try to influence their judge, and tells the log which. */
export function createInjectionCount(log: (line: string) => void): InjectionCount {
  const signs = Object.fromEntries(INJECTION_SIGNS.map((sign) => [sign, 0])) as Record<InjectionSign, number>
  let answers = 0
  return {
    note({ task, answers: shown }) {
      for (const [index, { text, value }] of shown.entries()) {
        const found = findInjectionSigns(value === null ? text : `${text}\n${value}`)
        if (found.length === 0) continue
        answers++
        for (const sign of found) signs[sign]++
        log(`answer ${index + 1} of ${shown.length} in round ${task.round} may try to influence its judge: ${found.join(', ')}`)
      }
    },
    counts: () => ({ answers, signs: { ...signs } }),
  }
}
