import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { DemoOptions } from '../demo/run-demo.ts'
import { integerWithin, parseSeconds } from './options.ts'

export function addDemo(program: Command, context: Context): void {
  program
    .command('demo')
    .description('a network of several nodes on this machine, with one round after the other')
    .option('--nodes <count>', 'how many nodes, each a process of its own', integerWithin(3, 20), 5)
    .option('--rounds <count>', 'end after so many rounds', integerWithin(1, 1_000_000))
    .option('--pause <seconds>', 'time between rounds', parseSeconds, 1)
    .option('--seed <text>', 'what the tasks are generated from (default: random)')
    .option('--dir <dir>', 'keep the nodes in this folder, and go on with those that are there')
    .option('--json', 'print one JSON document per line')
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('../demo/run-demo.ts')
      await runDemo(options, context)
    })
}
