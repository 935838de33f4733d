/** Memory of a node as it tells it itself, while requests go by. */

export interface MemoryFigures {
  samples: number
  /** Least heap in use, in each quarter of the requests: what garbage collection leaves. */
  heapMinBytes: number[]
  /** Median memory of the process, in each quarter. */
  residentBytes: number[]
  /** Growth from the third quarter to the last, as a part of the third. */
  heapGrowth: number
  residentGrowth: number
}

export interface MemoryWatch {
  /** To be called after each request. */
  count: () => void
  stop: () => Promise<void>
  figures: () => MemoryFigures
}

interface Sample {
  done: number
  heap: number
  resident: number
}

const SAMPLE_MS = 500
const QUARTERS = 4

export function watchMemory(url: string): MemoryWatch {
  const samples: Sample[] = []
  let done = 0
  let stopped = false
  const look = async (): Promise<void> => {
    while (!stopped) {
      const text = await (await fetch(`${url}/metrics`)).text()
      const read = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? NaN)
      samples.push({ done, heap: read('nodejs_heap_size_used_bytes'), resident: read('process_resident_memory_bytes') })
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
    }
  }
  const looking = look().catch(() => undefined)
  return {
    count: () => void done++,
    async stop() {
      stopped = true
      await looking
    },
    figures() {
      const total = Math.max(1, samples.at(-1)?.done ?? 1)
      const quarters = Array.from({ length: QUARTERS }, (_, index) => samples.filter((sample) => Math.min(QUARTERS - 1, Math.floor((QUARTERS * sample.done) / total)) === index))
      const heapMinBytes = quarters.map((quarter) => Math.min(...quarter.map(({ heap }) => heap)))
      const residentBytes = quarters.map((quarter) => median(quarter.map(({ resident }) => resident)))
      return { samples: samples.length, heapMinBytes, residentBytes, heapGrowth: growth(heapMinBytes), residentGrowth: growth(residentBytes) }
    },
  }
}

function growth(quarters: readonly number[]): number {
  const [before, after] = quarters.slice(-2) as [number, number]
  return (after - before) / before
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}
