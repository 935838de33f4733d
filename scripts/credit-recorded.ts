/** npm run credit:recorded: what the members of recorded panels earn, by the functions that close a live round. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sha256 } from '../consensus/index.ts'
import { parametersSchema, type Rules } from '../protocol/index.ts'
import { failuresOf, figuresOf, orderBy, type PanelFigures } from './credit-recorded/checks.ts'
import { playCredit, type PanelCredit } from './credit-recorded/play.ts'
import { loadPanel } from './evaluate/panel.ts'
import { formatTable, percent } from './evaluate/report.ts'
import { assertAtHand, STANDARD_SETS } from './evaluate/sets.ts'
import { runScript, UsageError } from './script.ts'

const HELP = `Usage: npm run credit:recorded -- [options]
  --set NAME       hle-a, hle-b, mmlu, math500 or mbpp (default: all)
  --json           one JSON document on stdout
PEERAGE_RECORDINGS names the folder that holds recorded/ and shapley/ (../shared/data without it).
`

/** The sets by short name; those whose game is among the reference games are small enough to play them many times. */
const SETS = [
  { name: 'hle-a', set: 'hle A contested', game: 'real_hle_council_A_n4' },
  { name: 'hle-b', set: 'hle B contested', game: 'real_hle_council_B_n4' },
  { name: 'mmlu', set: 'sp mmlu direct', game: null },
  { name: 'math500', set: 'sp math500 direct', game: null },
  { name: 'mbpp', set: 'sp mbpp-plus direct', game: null },
] as const

interface Found extends PanelCredit {
  set: string
  members: string[]
  figures: PanelFigures | null
  failures: string[]
}

runScript(HELP, async (args) => {
  const { values } = parseArgs({ args, options: { set: { type: 'string' }, json: { type: 'boolean', default: false } } })
  const chosen = SETS.filter(({ name }) => values.set === undefined || values.set === name)
  if (chosen.length === 0) throw new UsageError(`--set: must be one of ${SETS.map(({ name }) => name).join(', ')}`)
  const found: Found[] = []
  for (const each of chosen) {
    found.push(await play(each))
    if (!values.json) print(found.at(-1) as Found)
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ schema: 'peerage.credit-recorded/v1', sets: found })}\n`)
  return found.every(({ failures }) => failures.length === 0) ? 0 : 1
})

async function play({ name, set, game }: (typeof SETS)[number]): Promise<Found> {
  const selection = STANDARD_SETS.find((each) => each.name === set) as (typeof STANDARD_SETS)[number]
  assertAtHand([selection])
  const panel = await loadPanel(selection)
  // In the other sets every ballot is about the judge's own answer.
  const rules: Rules = { network: sha256('recorded'), parameters: parametersSchema.parse({ pairing: 'open', selfBallots: game === null }) }
  const played = playCredit(panel, rules)
  const figures = game === null ? null : figuresOf(panel, played, rules, await referenceOrder(selection.file, game))
  const unflagged = name === 'hle-a' && played.belowBestSingle === 0 ? ['no round is flagged as worth less than its best single member'] : []
  return { set: name, members: panel.members, ...played, figures, failures: [...(figures === null ? [] : failuresOf(figures)), ...unflagged] }
}

/** The agents of a reference game by their Shapley value, the highest first. */
async function referenceOrder(recording: string, name: string): Promise<string[]> {
  const file = join(recording, '..', '..', '..', 'shapley', 'games.json')
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`PEERAGE_RECORDINGS: there is no ${file}`)
  })
  const games = JSON.parse(text) as { name: string; shapley: number[]; spec: { agents?: string[] } }[]
  const { shapley, spec } = games.find((game) => game.name === name) ?? { shapley: [], spec: {} }
  return orderBy([...(spec.agents ?? []).entries()], ([index]) => shapley[index] ?? 0).map(([, agent]) => agent)
}

function print({ set, members, credit, accuracy, reliability, rounds, value, belowBestSingle, figures, failures }: Found): void {
  const rows = orderBy([...members.keys()], (member) => credit[member] ?? 0).map((member) => [members[member] as string, (credit[member] as number).toFixed(2), percent(accuracy[member] ?? null), percent(reliability[member] ?? null)])
  const lines = [
    `${set}: ${rounds} rounds, ${value.toFixed(1)} right together; in ${belowBestSingle} rounds all together are worth less than their best single member`,
    formatTable([['member', 'credit', 'accuracy %', 'judge reliability %'], ...rows]),
    ...(figures === null ? [] : describe(figures)),
    ...failures.map((text) => `FAILED ${text}`),
    '',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

function describe({ copies, inverted, order, reference }: PanelFigures): string[] {
  return [
    ...copies.map(({ member, alone, each, together, bySubstitution }) =>
      `twice ${member}: ${each.toFixed(2)} each, ${alone.toFixed(2)} alone; together ${together.toFixed(2)} of that, ${bySubstitution.toFixed(2)} where any right answer is enough`),
    `the opposite of ${inverted.of} as a judge: ${inverted.unknown.toFixed(2)} while nobody is known, ${inverted.known.toFixed(2)} with reputations`,
    `order of credit ${order.join() === reference?.join() ? 'is that of' : 'differs from'} the reference game`,
  ]
}

