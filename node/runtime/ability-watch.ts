import type { Event } from '../../protocol/index.ts'
import type { Agent } from '../agents/agent.ts'

/** Peers hear of a change at most this often: a provider at its limit may come and go with every call. */
const LOOK_MS = 500

export interface AbilityWatch {
  /** Looks now, and from now on. */
  start(): void
  stop(): void
}

/**
 * Tells the machine when the agent becomes unable to answer or judge for its owner, and able again. Whose rounds it works on, and what
 * others may still spend, is no matter here: peers would not wait for it in the rounds of its owner either, and in others' it passes at once.
 */
export function createAbilityWatch(init: { agent: Agent; dispatch: (event: Event) => void; lookMs?: number }): AbilityWatch {
  const { agent, dispatch, lookMs = LOOK_MS } = init
  let told = { canAnswer: agent.canAnswer, canJudge: agent.canJudge }
  let timer: NodeJS.Timeout | null = null
  const look = (): void => {
    const able = agent.health?.ability() ?? told
    if (able.canAnswer === told.canAnswer && able.canJudge === told.canJudge) return
    told = able
    dispatch({ type: 'ability', ...able })
  }
  return {
    start() {
      look()
      timer = setInterval(look, lookMs).unref()
    },
    stop() {
      if (timer !== null) clearInterval(timer)
    },
  }
}
