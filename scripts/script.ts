/** What every script shares: arguments that say what is wrong with them, and exit codes. */

/** A wrong argument: the script prints the message and ends with 2. */
export class UsageError extends Error {}

const RANGE_MAX = 1_000

/** Whole numbers separated by commas, each within bounds. Throws UsageError naming the flag. */
export function parseIntegers(flag: string, text: string, min: number, max: number): number[] {
  return text.split(',').map((part) => {
    const value = Number(part)
    if (part.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
      throw new UsageError(`${flag}: must be a whole number ${min}..${max}, got "${part}"`)
    }
    return value
  })
}

/** Whole numbers and ranges `A-B`, separated by commas, each within bounds, without repetitions. Throws UsageError naming the flag. */
export function parseRanges(flag: string, text: string, min: number, max: number): number[] {
  const numbers = text.split(',').flatMap((part) => {
    const [from = 0, to = from, ...more] = parseIntegers(flag, part.replaceAll('-', ','), min, max)
    if (to < from || to - from >= RANGE_MAX || more.length > 0) throw new UsageError(`${flag}: must be a number or a range A-B of at most ${RANGE_MAX}, got "${part}"`)
    return Array.from({ length: to - from + 1 }, (_, step) => from + step)
  })
  return [...new Set(numbers)]
}

/** Runs a script's body with the process's arguments and ends with the code it returns; `--help` prints the help. */
export function runScript(help: string, body: (args: string[]) => number | Promise<number>): void {
  const args = process.argv.slice(2)
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(help)
    return
  }
  Promise.resolve()
    .then(() => body(args))
    .then(
      (code) => {
        process.exitCode = code
      },
      (error: unknown) => {
        const usage = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true
        process.stderr.write(`${usage ? `${(error as Error).message}\n${help}` : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
        process.exitCode = usage ? 2 : 1
      },
    )
}
