import { z } from 'zod'

/** Money is a decimal number of the owner's currency in the configuration, and an integer of millionths everywhere else. */
const money = z.number().min(0).max(1_000_000)

const caps = z.strictObject({
  cost: money.optional(),
  tokens: z.int().min(0).max(1_000_000_000_000).optional(),
  calls: z.int().min(0).max(1_000_000_000).optional(),
})
export type Caps = z.infer<typeof caps>

export const capsSchema = caps

/** What the owner of a node lets it spend. What is absent is not limited. */
export const limitsSchema = z.strictObject({
  /** Whose rounds this node answers and judges: anybody's, only its owner's, or those of these members (and its owner's). */
  askers: z.union([z.enum(['anyone', 'self']), z.array(z.string().min(1).max(200)).max(1_000)], 'must be "anyone", "self" or a list of member ids').default('anyone'),
  /** What the prices and costs are in; shown, not converted. */
  currency: z.string().min(1).max(10).default('USD'),
  perRound: caps.prefault({}),
  /** Days are those of UTC. */
  perDay: caps.prefault({}),
  /** What of a day's limit rounds asked by others may use. */
  othersPerDay: caps.prefault({}),
})
export type Limits = z.infer<typeof limitsSchema>

export const NO_LIMITS: Limits = limitsSchema.parse({})

/** Whether a limit is set that depends on how long a reply gets. */
export function limitsLength(...all: readonly Caps[]): boolean {
  return all.some(({ cost, tokens }) => cost !== undefined || tokens !== undefined)
}

/** Whether money is limited. */
export function limitsCost(...all: readonly Caps[]): boolean {
  return all.some(({ cost }) => cost !== undefined)
}
