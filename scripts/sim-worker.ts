import { simulate, type SimReport } from '../protocol/index.ts'

export interface SimRequest {
  seed: number
  nodes: number
}

/** One simulated run, on a thread of its own. */
export default function runSimulation(request: SimRequest): SimReport {
  return simulate(request)
}
