/** What goes wrong when: the same seed gives the same plan, whatever the machine makes of it. */

export const FAILPOINTS = ['before-write', 'during-write', 'before-note', 'after-write', 'between-sends'] as const
export const DAMAGES = ['flipped-table', 'flipped-log', 'cut-log', 'old-backup', 'lost-store', 'lost-notes'] as const

export type Fault =
  | { kind: 'kill'; node: number; downMs: number }
  /** Killed when it has got to a place in the code so many times. */
  | { kind: 'failpoint'; node: number; point: (typeof FAILPOINTS)[number]; count: number }
  | { kind: 'pause'; node: number; ms: number }
  /** Nothing passes between the side and the rest, or only nothing from the side. */
  | { kind: 'partition'; side: number[]; oneWay: boolean; ms: number }
  | { kind: 'slow'; node: number; delayMs: number; ms: number }
  | { kind: 'reset'; node: number }
  /** More than a third is killed and comes back together. */
  | { kind: 'outage'; side: number[]; ms: number }
  | { kind: 'damage'; node: number; how: (typeof DAMAGES)[number] }
  | { kind: 'full-disk' }

export interface PlannedFault {
  atMs: number
  fault: Fault
}

/** How often each kind happens. */
const EVERY_MS = { kill: 2_100, partition: 10_000, pause: 15_000, slow: 10_000, reset: 8_000, outage: 120_000, damage: 50_000, 'full-disk': 150_000 }

/** A number in [0, 1), and a whole one below a bound. */
export interface Random {
  unit: () => number
  below: (bound: number) => number
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return { unit, below: (bound) => Math.floor(unit() * bound) }
}

/** Faults in the order of their times. The last node is never killed, paused or damaged: what it needs of memory is measured. */
export function planFaults({ seed, nodes, ms }: { seed: number; nodes: number; ms: number }): PlannedFault[] {
  const plan: PlannedFault[] = []
  for (const [index, kind] of (Object.keys(EVERY_MS) as (keyof typeof EVERY_MS)[]).entries()) {
    const random = createRandom(seed * 100 + index)
    const everyMs = EVERY_MS[kind]
    for (let number = 0; (number + 0.5) * everyMs < ms; number++) {
      plan.push({ atMs: Math.round((number + random.unit()) * everyMs), fault: draw(kind, number, nodes, random) })
    }
  }
  return plan.filter(({ atMs }) => atMs < ms).sort((a, b) => a.atMs - b.atMs)
}

function draw(kind: keyof typeof EVERY_MS, number: number, nodes: number, random: Random): Fault {
  const node = random.below(nodes - 1)
  const third = Math.floor((nodes - 1) / 3)
  switch (kind) {
    case 'kill':
      if (number % 5 < 3) return { kind, node, downMs: random.below(1_000) }
      return { kind: 'failpoint', node, point: FAILPOINTS[Math.floor(number / 5) % FAILPOINTS.length] as (typeof FAILPOINTS)[number], count: 1 + random.below(40) }
    case 'pause':
      return { kind, node, ms: 1_000 + random.below(5_000) }
    case 'partition':
      return { kind, side: someOf(nodes, [1, third, third + 1, Math.floor(nodes / 2)][number % 4] as number, random), oneWay: number % 3 === 2, ms: 2_000 + random.below(4_000) }
    case 'slow':
      return { kind, node: random.below(nodes), delayMs: 20 + random.below(200), ms: 5_000 }
    case 'reset':
      return { kind, node: random.below(nodes) }
    case 'outage':
      return { kind, side: someOf(nodes - 1, third + 1, random), ms: 8_000 }
    case 'damage':
      return { kind, node, how: DAMAGES[number % DAMAGES.length] as (typeof DAMAGES)[number] }
    case 'full-disk':
      return { kind }
  }
}

function someOf(nodes: number, count: number, random: Random): number[] {
  const left = Array.from({ length: nodes }, (_, index) => index)
  return Array.from({ length: Math.max(1, count) }, () => left.splice(random.below(left.length), 1)[0] as number).sort((a, b) => a - b)
}
