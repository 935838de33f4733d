import { createSeededStream } from '../../consensus/index.ts'
import { leafCoalition, type BlockCopy, type Work } from '../../credit/index.ts'

type Values = BlockCopy['values']

/** What a liar sends instead of a block's right values, which it knows: others, or nothing. `first` is its first unit. */
export interface Attack {
  name: string
  /** Lies only where every assignee is a liar, so that no honest copy contradicts. */
  covert: boolean
  send: (init: { values: Values; work: Work; first: number; favoured: number; seed: string }) => Values | 'silence' | 'copy'
}

const VALUE_LIMIT = 1_000_000

/** Changes leaves in favour of a member: up where it is in the coalition, down where it is not. */
function moved(by: (values: Values) => number): Attack['send'] {
  return ({ values, work, first, favoured }) => {
    const step = by(values)
    return values.map((unit, offset) => unit.map((value, position) => {
      const isIn = leafCoalition(work, first + offset, position)[favoured] === 1
      return Math.max(0, Math.min(VALUE_LIMIT, value + (isIn ? step : -step)))
    }))
  }
}

function spread(values: Values): number {
  const flat = values.flat()
  const mean = flat.reduce((sum, value) => sum + value, 0) / flat.length
  return Math.sqrt(flat.reduce((sum, value) => sum + (value - mean) ** 2, 0) / flat.length)
}

const shift = moved(() => 300_000)
const flip: Attack['send'] = ({ values }) => values.map((unit) => unit.map((value) => VALUE_LIMIT - value))
const little = moved((values) => Math.floor(spread(values) / 2))

/** One leaf of the block, as far as it goes. */
const oneLeaf: Attack['send'] = ({ values, work, first, favoured, seed }) => {
  const picked = createSeededStream(seed).below(values.length)
  const isIn = leafCoalition(work, first + picked, 0)[favoured] === 1
  return values.map((unit, offset) => (offset === picked ? [isIn ? VALUE_LIMIT : 0, ...unit.slice(1)] : unit))
}

/** Sends only blocks that say more for the favoured than against. */
const cherryPick: Attack['send'] = ({ values, work, first, favoured }) => {
  const difference = values.reduce((sum, unit, offset) => {
    const isIn = leafCoalition(work, first + offset, 0)[favoured] === 1
    return sum + (isIn ? 1 : -1) * ((unit[0] as number) - (unit[1] as number))
  }, 0)
  return difference > 0 ? values : 'silence'
}

export const ATTACKS: readonly Attack[] = [
  { name: 'none', covert: false, send: ({ values }) => values },
  { name: 'shift', covert: false, send: shift },
  { name: 'shift, covert', covert: true, send: shift },
  { name: 'sign flip', covert: false, send: flip },
  { name: 'sign flip, covert', covert: true, send: flip },
  { name: 'a little is enough', covert: false, send: little },
  { name: 'a little is enough, covert', covert: true, send: little },
  { name: 'one leaf per block, covert', covert: true, send: oneLeaf },
  { name: 'cherry-picking', covert: false, send: cherryPick },
  { name: 'copying', covert: false, send: () => 'copy' },
  { name: 'withholding', covert: false, send: ({ values, seed }) => (createSeededStream(seed).below(2) === 0 ? values : 'silence') },
  { name: 'silence', covert: false, send: () => 'silence' },
]
