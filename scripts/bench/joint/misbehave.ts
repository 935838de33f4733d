import type { Body } from '../../../protocol/index.ts'

/** How one member treats its share of the credit; everything else it does is honest, and it signs with its own key. */
export const MISBEHAVIOURS = ['silent', 'lying'] as const
export type Misbehaviour = (typeof MISBEHAVIOURS)[number]

/** Environment variable: who misbehaves and how, as MEMBER=HOW. */
export const MISBEHAVIOUR_VARIABLE = 'PEERAGE_BENCH_MISBEHAVIOUR'
/** What silence looks like in the log of its node. */
export const SILENCE = 'this member is silent in credit, as it was told to be'
/** How far a liar shifts the value of every coalition, in micro-units. */
const LIE_MICRO = 10_000

/** What a thread computes for a node: shares of a silent member fail, those of a liar are shifted. */
export function misbehave<Request extends { job: string; self: string }>(request: Request, honest: (request: Request) => unknown): unknown {
  const [member, how] = (process.env[MISBEHAVIOUR_VARIABLE] ?? '').split('=')
  if (request.job !== 'share' || request.self !== member) return honest(request)
  if (how === 'silent') throw new Error(SILENCE)
  const share = honest(request) as Body<'share'>
  return { ...share, blocks: share.blocks.map(({ block, values }) => ({ block, values: values.map((unit) => unit.map(shift)) })) }
}

function shift(value: number): number {
  return value + (value < 500_000 ? LIE_MICRO : -LIE_MICRO)
}
