import { z } from 'zod'
import { PROVIDER_ROLES } from './provider-config.ts'

/** How one provider of a node's agent is, as `status` shows it. */
export const providerStatusSchema = z.strictObject({
  id: z.string(),
  model: z.string(),
  roles: z.array(z.enum(PROVIDER_ROLES)),
  state: z.enum(['ok', 'down', 'rate-limited', 'busy', 'over-limit']).describe('whether it would be called for a round that others ask'),
  reason: z.string().nullable().describe('why not'),
  running: z.int().describe('calls under way'),
  waiting: z.int().describe('calls that wait for those'),
  today: z.strictObject({ costMicro: z.int(), tokens: z.int(), calls: z.int() }).describe('spent on this UTC day; costs in millionths of `currency`, calls under way with the most they can cost'),
  currency: z.string(),
})
export type ProviderStatus = z.infer<typeof providerStatusSchema>
