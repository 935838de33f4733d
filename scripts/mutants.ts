/** npm run mutants: breaks one rule of the protocol after the other and wants the simulator to notice; see protocol/sim/README.md. */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Piscina } from 'piscina'
import { MUTANTS } from './mutants/list.ts'
import { writeMutant } from './mutants/mutate.ts'
import type { MutantReply, MutantRequest } from './mutants/worker.ts'
import { parseIntegers, runScript } from './script.ts'

const HELP = `Usage: npm run mutants -- [options]
  --seeds N     how many seeds each mutant is given, the known ones first (default 500)
  --only TEXT   only mutants whose name contains this
  --fresh       without the known seeds
  --workers N   threads to run on (default: one per core)
  --json        one JSON document on stdout
`

runScript(HELP, async (args) => {
  const { values } = parseArgs({
    args,
    options: { seeds: { type: 'string' }, only: { type: 'string' }, fresh: { type: 'boolean' }, workers: { type: 'string' }, json: { type: 'boolean' } },
  })
  const [seedsMax] = parseIntegers('--seeds', values.seeds ?? '500', 1, 100_000) as [number]
  const [workers] = parseIntegers('--workers', values.workers ?? String(availableParallelism()), 1, 64) as [number]
  const chosen = MUTANTS.filter(({ name }) => name.includes(values.only ?? ''))
  const root = fileURLToPath(new URL('..', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'peerage-mutants-'))
  const pool = new Piscina<MutantRequest, MutantReply>({ filename: new URL('./mutants/worker.ts', import.meta.url).href, maxThreads: workers })
  // Whoever interrupts it finds nothing left over.
  process.once('SIGINT', () => {
    rmSync(folder, { recursive: true, force: true })
    process.exit(1)
  })
  try {
    const replies: MutantReply[] = []
    const waiting = chosen.map((mutant, index) => ({ mutant, target: join(folder, String(index)) }))
    const tryNext = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const { mutant, target } = next
        // What notices the rule broken must not notice anything while it is whole.
        const whole = await pool.run({ folder: root, mutant, seedsMax: mutant.seeds.length })
        if (whole.caught !== null) throw new Error(`"${mutant.name}": seed ${whole.caught.seed} fails without it: ${whole.caught.what}`)
        writeMutant(root, target, mutant)
        const reply = await pool.run({ folder: target, mutant: values.fresh === true ? { ...mutant, seeds: [] } : mutant, seedsMax })
        if (values.json !== true) console.log(describe(reply, mutant.nodes))
        replies.push(reply)
      }
    }
    await Promise.all(Array.from({ length: workers }, tryNext))
    const missed = replies.filter(({ caught }) => caught === null).length
    if (values.json === true) process.stdout.write(`${JSON.stringify({ schema: 'peerage.mutants/v1', seedsMax, missed, mutants: replies })}\n`)
    else console.log(`${replies.length} mutants, ${replies.length - missed} caught, ${missed} missed`)
    return missed === 0 ? 0 : 1
  } finally {
    await pool.destroy()
    rmSync(folder, { recursive: true, force: true })
  }
})

function describe({ name, caught, seeds }: MutantReply, nodes: number): string {
  const found = caught === null ? `MISSED by ${seeds} seeds` : `seed ${caught.seed} of n=${nodes}, number ${seeds} tried: ${caught.what.replace(/\b[0-9a-f]{64}\b/g, (hash) => hash.slice(0, 6)).replace(/12D3KooW(\w{4})\w+/g, '$1')}`
  return `${name.padEnd(42)} ${found}`
}
