/**
 * Remembered outcomes of pure functions of what never changes. A node has no use for that: everything passes through it
 * once. Where many nodes share one process, in a simulation, all of them open the same envelopes and apply the same blocks.
 * Off unless somebody turns it on; with it and without, every outcome is the same.
 */
let byObject: WeakMap<object, Map<string, unknown>> | null = null
let byHash = new Map<string, unknown>()

/** From now on outcomes are remembered, and those of before forgotten; with `false`, none are. */
export function remember(on: boolean): void {
  byObject = on ? new WeakMap() : null
  byHash = new Map()
}

export function isRemembering(): boolean {
  return byObject !== null
}

/** What `compute` gives for an object that is never changed; `what` tells several outcomes apart. */
export function rememberedOf<T>(object: object, what: string, compute: () => T): T {
  if (byObject === null) return compute()
  let outcomes = byObject.get(object)
  if (outcomes === undefined) byObject.set(object, (outcomes = new Map<string, unknown>()))
  return remembered(outcomes, what, compute)
}

/** What `compute` gives for that which a hash names. */
export function rememberedBy<T>(hash: string, compute: () => T): T {
  return byObject === null ? compute() : remembered(byHash, hash, compute)
}

function remembered<T>(outcomes: Map<string, unknown>, key: string, compute: () => T): T {
  const known = outcomes.get(key) as T | undefined
  if (known !== undefined) return known
  const outcome = compute()
  outcomes.set(key, outcome)
  return outcome
}
