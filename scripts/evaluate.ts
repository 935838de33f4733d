/** npm run evaluate: recorded rounds through the ranking and reputation of live ones, beside every reference. */
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { formatEvaluation, writeReport } from './evaluate/report.ts'
import type { OrderReply, OrderRequest, PanelRun } from './evaluate/run-order.ts'
import { assertAtHand, LONG_SETS, STANDARD_SETS, type RecordedSet } from './evaluate/sets.ts'
import { summariseSet, type Summary } from './evaluate/summarise.ts'
import { parseIntegers, parseRanges, runScript, UsageError } from './script.ts'

const HELP = `Usage: npm run evaluate -- [FILE...] [options]
  FILE...            recorded files (JSON lines, .gz or not); without one, the standard sets
  --truth WHEN,...   after which tasks the truth is shown: always, never, or a share 0..1 of them, drawn by hash (default always)
  --kind KIND        only tasks of this kind (contested, unanimous, ...)
  --mode MODE        only ballots of this way of asking (direct, cot, Vanilla, ...)
  --category NAME    only tasks of this category; Adversarial matches Adversarial/Manual as well
  --order N,A-B,...  task orders: sha256("run" + N + taskId) (default 1)
  --long             the long sets too
  --workers N        threads to run on (default 2, or 1 on one core)
  --out DIR          where the report goes (default reports/evaluate)
  --json             one JSON document on stdout
`

runScript(HELP, async (args) => {
  const options = {
    truth: { type: 'string', default: 'always' },
    kind: { type: 'string' },
    mode: { type: 'string' },
    category: { type: 'string' },
    order: { type: 'string', default: '1' },
    long: { type: 'boolean', default: false },
    workers: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    out: { type: 'string' },
    json: { type: 'boolean', default: false },
  } as const
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  const from = process.env['INIT_CWD'] ?? '.'
  const { kind, mode, category } = values
  if (positionals.length === 0 && (kind ?? mode ?? category) !== undefined) throw new UsageError('FILE: --kind, --mode and --category select from a file; name one')
  if (positionals.length > 0 && values.long) throw new UsageError('--long: is for the standard sets, not for files')
  const sets: RecordedSet[] =
    positionals.length > 0
      ? positionals.map((path) => ({ name: nameSet(path, [kind, mode, category]), file: resolve(from, path), kind, mode, category }))
      : [...STANDARD_SETS, ...(values.long ? LONG_SETS : [])]
  if (positionals.length === 0) assertAtHand(sets)
  const regimes = [...new Set(values.truth.split(','))].map(parseTruth)
  const orders = parseRanges('--order', values.order, 0, Number.MAX_SAFE_INTEGER)
  const [workers] = parseIntegers('--workers', values.workers, 1, 64) as [number]
  const summaries = await evaluate(sets, regimes, orders, workers)
  const one = summaries.length === 1 ? (summaries[0] as Summary).set : null
  const document = { schema: 'peerage.evaluate/v1', ...(one ?? { sets: summaries.map(({ set }) => set) }) }
  const folder = values.out === undefined ? join(import.meta.dirname, '..', 'reports', 'evaluate') : resolve(from, values.out)
  await writeReport(folder, summaries, document)
  process.stdout.write(values.json ? `${JSON.stringify(document)}\n` : `${formatEvaluation(summaries.map(({ set }) => set))}\n`)
  process.stderr.write(`report in ${folder}\n`)
  return 0
})

interface Regime {
  truth: string
  share: number
}

function parseTruth(truth: string): Regime {
  const share = truth === 'always' ? 1 : truth === 'never' ? 0 : Number(truth)
  if (truth.trim() === '' || !(share >= 0 && share <= 1)) throw new UsageError(`--truth: must be always, never or a share 0..1, got "${truth}"`)
  return { truth, share }
}

function nameSet(path: string, selection: readonly (string | undefined)[]): string {
  return [basename(path).replace(/\.jsonl(\.gz)?$/, ''), ...selection.filter((part) => part !== undefined)].join(' ')
}

/** Every set under every regime, in that order; each order of tasks is a job. */
async function evaluate(sets: readonly RecordedSet[], regimes: readonly Regime[], orders: number[], workers: number): Promise<Summary[]> {
  const pool = new Piscina<OrderRequest, OrderReply>({ filename: new URL('./evaluate/run-order.ts', import.meta.url).href, maxThreads: workers })
  try {
    const perSet = sets.map(async ({ name, ...selection }) =>
      Promise.all(
        regimes.map(async ({ truth, share }) => {
          const replies = await Promise.all(orders.map((order) => pool.run({ selection, truthShare: share, order })))
          const { file, kind = null, mode = null, category = null } = selection
          return summariseSet({ name, file, settings: { truth, kind, mode, category, orders } }, replies.map(unwrap))
        }),
      ),
    )
    return (await Promise.all(perSet)).flat()
  } finally {
    await pool.destroy()
  }
}

function unwrap(reply: OrderReply): PanelRun {
  if (!reply.ok) throw new UsageError(reply.message)
  return reply.done
}
