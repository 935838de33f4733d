interface Entry<T> {
  atMs: number
  sequence: number
  value: T
}

/** Future events in order of time, then of insertion: a binary heap. */
export interface EventHeap<T> {
  push: (atMs: number, value: T) => void
  pop: () => { atMs: number; value: T } | null
  size: () => number
}

export function createEventHeap<T>(): EventHeap<T> {
  const entries: Entry<T>[] = []
  let sequence = 0
  const before = (a: number, b: number): boolean => {
    const x = entries[a] as Entry<T>
    const y = entries[b] as Entry<T>
    return x.atMs < y.atMs || (x.atMs === y.atMs && x.sequence < y.sequence)
  }
  const swap = (a: number, b: number): void => {
    const held = entries[a] as Entry<T>
    entries[a] = entries[b] as Entry<T>
    entries[b] = held
  }
  const sink = (from: number): void => {
    for (let at = from; ; ) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < entries.length && before(child, least)) least = child
      if (least === at) return
      swap(at, least)
      at = least
    }
  }
  return {
    push(atMs, value) {
      let at = entries.push({ atMs, sequence: sequence++, value }) - 1
      while (at > 0 && before(at, (at - 1) >> 1)) {
        swap(at, (at - 1) >> 1)
        at = (at - 1) >> 1
      }
    },
    pop() {
      const first = entries[0]
      if (first === undefined) return null
      const last = entries.pop() as Entry<T>
      if (entries.length > 0) {
        entries[0] = last
        sink(0)
      }
      return { atMs: first.atMs, value: first.value }
    },
    size: () => entries.length,
  }
}
