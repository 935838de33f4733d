import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import type * as sourcesHere from '../../protocol/index.ts'
import type { Mutant } from './list.ts'

export interface MutantRequest {
  folder: string
  mutant: Mutant
  seedsMax: number
}

/** The first seed that noticed, and what it said; null if none of them did. */
export interface MutantReply {
  name: string
  caught: { seed: number; what: string } | null
  seeds: number
}

type Sources = typeof sourcesHere

/** Simulates with broken sources until something is wrong. */
export default async function tryMutant({ folder, mutant, seedsMax }: MutantRequest): Promise<MutantReply> {
  const sources = (await import(pathToFileURL(join(folder, 'protocol/index.ts')).href)) as Sources
  const others = Array.from({ length: seedsMax }, (_, index) => index + 1).filter((seed) => !mutant.seeds.includes(seed))
  let seeds = 0
  for (const seed of [...mutant.seeds, ...others].slice(0, seedsMax)) {
    seeds += 1
    const what = complaintOf(sources, mutant, seed)
    if (what !== null) return { name: mutant.name, caught: { seed, what }, seeds }
  }
  return { name: mutant.name, caught: null, seeds }
}

function complaintOf(sources: Sources, mutant: Mutant, seed: number): string | null {
  try {
    const init = { seed, nodes: mutant.nodes, ...(mutant.adversary === undefined ? {} : { adversary: mutant.adversary }) }
    const { violations, stalls } = mutant.in === 'agreement' ? sources.simulateAgreement(init) : sources.simulate(init)
    return [...violations, ...stalls][0] ?? null
  } catch (error) {
    return `throws ${String(error)}`
  }
}
