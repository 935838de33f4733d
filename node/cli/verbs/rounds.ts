import type { Command } from 'commander'
import type { RoundDetail, RoundSummary } from '../../service.ts'
import { findNode } from '../client.ts'
import type { NodeOptions } from '../client.ts'
import { note, printJson } from '../context.ts'
import type { Context } from '../context.ts'
import { formatTable, oneLine } from '../format.ts'
import { formatRound } from '../round-text.ts'
import { addNodeOptions, integerWithin } from './options.ts'

interface RoundsOptions extends NodeOptions {
  limit: number
  json?: boolean
}

export function addRounds(program: Command, context: Context): void {
  const command = program.command('rounds').description('recent rounds, or all that is known of one').argument('[round]', 'id of a round')
  addNodeOptions(command.option('--limit <count>', 'how many rounds to list', integerWithin(1, 200), 20)).action(
    async (id: string | undefined, options: RoundsOptions) => {
      const client = await findNode(options, context)
      if (id !== undefined) {
        const round = await client.get<RoundDetail>(`rounds/${encodeURIComponent(id)}`)
        return options.json === true ? printJson(context, 'peerage.round/v1', round) : context.out(formatRound(round, context))
      }
      const { rounds } = await client.get<{ rounds: RoundSummary[] }>(`rounds?limit=${options.limit}`)
      if (options.json === true) return printJson(context, 'peerage.rounds/v1', { rounds })
      if (rounds.length === 0) return note(context, 'There is no round yet. Ask with: peerage ask "..."')
      context.out(formatTable(['round', 'kind', 'status', 'asker', 'winner', 'prompt'], rounds.map((round) => toRow(round, context)), context))
    },
  )
}

function toRow(round: RoundSummary, context: Context): string[] {
  const status = round.status === 'closed' ? 'closed' : round.phase
  // Ids are given whole: `rounds <id>` takes them.
  return [round.round, round.kind, status, round.askerName, round.winner?.name ?? '-', oneLine(round.prompt, context, 48)]
}
