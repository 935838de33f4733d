import { simulate, simulateAgreement, type AdversaryName, type AgreementReport, type SimReport } from '../protocol/index.ts'

/** Some seeds of one network size. */
export interface SimRequest {
  seeds: number[]
  nodes: number
  agreement: boolean
  adversary: AdversaryName | null
  noFaults: boolean
  creditGrades: number | null
}

/** What the seeds showed, and the CPU time that they took. */
export interface SimReply {
  reports: (SimReport | AgreementReport)[]
  cpuMs: number
}

/** Simulated runs, on a thread of their own. */
export default function runSimulations({ seeds, nodes, agreement, adversary, noFaults, creditGrades }: SimRequest): SimReply {
  const before = process.threadCpuUsage()
  const reports = seeds.map((seed) => {
    if (agreement) return simulateAgreement({ seed, nodes, ...(noFaults ? { faults: [] } : {}) })
    return simulate({ seed, nodes, noFaults, ...(adversary === null ? {} : { adversary }), ...(creditGrades === null ? {} : { creditGrades }) })
  })
  const used = process.threadCpuUsage(before)
  return { reports, cpuMs: (used.user + used.system) / 1_000 }
}
