import { measureHalving, measureInfluence, type Halving, type Influence, type InfluenceRequest } from './influence.ts'
import { runAttack, type AttackRequest, type AttackRun } from './run-attack.ts'

/** What a thread is asked for. */
export type Job = ({ what: 'attack' } & AttackRequest) | ({ what: 'influence' | 'halving' } & InfluenceRequest)

export interface JobResults {
  attack: AttackRun
  influence: Influence
  halving: Halving
}

/** Runs one job in this thread. */
export default function runJob(job: Job): Promise<JobResults[Job['what']]> {
  switch (job.what) {
    case 'attack':
      return runAttack(job)
    case 'influence':
      return measureInfluence(job)
    case 'halving':
      return measureHalving(job)
  }
}
