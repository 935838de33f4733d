import type { Inspector } from './inspector.ts'

/** Memory of a node while requests go by. */
export interface MemoryFigures {
  /** Heap in use after a full collection: before the first request, and after each quarter of them. */
  heapBytes: number[]
  /** Median memory of the process, in each quarter, as the node tells it itself. */
  residentBytes: number[]
  /** Growth of the heap from before the first request to after the last, as a part of the former. */
  heapGrowth: number
  /** Growth of the process from the third quarter to the last, as a part of the third. */
  residentGrowth: number
}

export interface MemoryWatch {
  /** To be called after each request. */
  count: () => void
  stop: () => Promise<MemoryFigures>
}

const SAMPLE_MS = 500
const QUARTERS = 4

/** Watches the node at `url` from now on, over so many requests. */
export async function watchMemory(url: string, inspector: Inspector, requests: number): Promise<MemoryWatch> {
  const heapBytes = [await inspector.usedHeap()]
  const resident: number[][] = Array.from({ length: QUARTERS }, () => [])
  let done = 0
  let stopped = false
  const look = async (): Promise<void> => {
    while (!stopped) {
      const quarter = Math.min(QUARTERS - 1, Math.floor((QUARTERS * done) / requests))
      while (heapBytes.length <= quarter) heapBytes.push(await inspector.usedHeap())
      const text = await (await fetch(`${url}/metrics`)).text()
      resident[quarter]?.push(Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1] ?? NaN))
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
    }
  }
  // Where the node has gone, figures are missing, and what is missing is not flat.
  const looking = look().catch(() => undefined)
  return {
    count: () => void done++,
    async stop() {
      stopped = true
      await looking
      heapBytes.push(await inspector.usedHeap().catch(() => NaN))
      const residentBytes = resident.map(median)
      return { heapBytes, residentBytes, heapGrowth: growth(heapBytes[0], heapBytes.at(-1)), residentGrowth: growth(...(residentBytes.slice(-2) as [number, number])) }
    },
  }
}

function growth(before = NaN, after = NaN): number {
  return (after - before) / before
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}
