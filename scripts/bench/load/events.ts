/** What a reader of the node's events sees of rounds, and what is wrong with it. */

interface Envelope {
  id: string
  sequence: number
  event: { type: string; round?: string; phase?: string; winner?: unknown; rated?: boolean }
}

export interface EventFigures {
  events: number
  closed: number
  rated: number
  reconnects: number
  /** Sentences; none where all is well. */
  faults: string[]
}

export interface EventWatch {
  /** Resolves when all of these rounds are closed. */
  untilClosed: (rounds: ReadonlySet<string>, timeoutMs: number) => Promise<boolean>
  figures: () => EventFigures
  stop: () => Promise<void>
}

const PHASES = ['answer-commit', 'answer-reveal', 'ballot-commit', 'ballot-reveal', 'evaluate', 'credit-commit', 'credit', 'credit-next-commit', 'credit-next', 'credit-all-commit', 'credit-all', 'closing']
const FAULTS_MAX = 20

/** Reads the events of a node, dropping the connection and resuming after every so many; every event has to come once, in order. */
export async function watchEvents(url: string, resumeEvery: number): Promise<EventWatch> {
  const ending = new AbortController()
  const state = { events: 0, rated: 0, reconnects: 0, last: 0, id: null as string | null, faults: [] as string[] }
  const reached = new Map<string, number>()
  const closed = new Set<string>()
  let wake = (): void => undefined
  const fault = (text: string): void => void (state.faults.length < FAULTS_MAX && state.faults.push(text))

  const accept = ({ id, sequence, event }: Envelope): void => {
    if (sequence !== state.last + 1 && state.events > 0) fault(`event ${sequence} came after ${state.last}`)
    Object.assign(state, { last: sequence, id, events: state.events + 1 })
    const { type, round, phase } = event
    if (round === undefined || type === 'agent-error') return
    const step = type === 'round-opened' ? 0 : type === 'round-closed' ? PHASES.length + 1 : PHASES.indexOf(phase as string) + 1
    const before = reached.get(round)
    if (before === undefined ? step !== 0 : step <= before) fault(`round ${round.slice(0, 8)}: ${type} ${phase ?? ''} at the wrong time`)
    reached.set(round, step)
    if (type !== 'round-closed') return
    closed.add(round)
    if (event.rated === true) state.rated++
    wake()
  }

  let opened = (): void => undefined
  const isOpen = new Promise<void>((resolve) => (opened = resolve))
  const read = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const connection = new AbortController()
      const headers: Record<string, string> = state.id === null ? {} : { 'last-event-id': state.id }
      const response = await fetch(`${url}/api/v1/events`, { headers, signal: AbortSignal.any([ending.signal, connection.signal]) })
      if (response.status !== 200 || response.body === null) return fault(`events: status ${response.status}`)
      opened()
      let left = resumeEvery
      for await (const { type, data } of readStream(response.body)) {
        if (type === 'gap') fault(`gap after ${state.id}`)
        else accept(JSON.parse(data) as Envelope)
        if (--left === 0) break
      }
      connection.abort()
      if (left > 0) return fault('the stream of events ended')
      state.reconnects++
    }
  }
  const reading = read().catch((error: unknown) => {
    if (!ending.signal.aborted) fault(`the stream of events broke: ${String(error)}`)
  })
  await Promise.race([isOpen, reading])
  return {
    async untilClosed(rounds, timeoutMs) {
      const deadline = performance.now() + timeoutMs
      for (;;) {
        if ([...rounds].every((round) => closed.has(round))) return true
        const leftMs = deadline - performance.now()
        if (leftMs <= 0 || state.faults.length > 0) return false
        await Promise.race([new Promise<void>((resolve) => (wake = resolve)), new Promise((resolve) => setTimeout(resolve, Math.min(leftMs, 1_000)))])
      }
    },
    figures: () => ({ events: state.events, closed: closed.size, rated: state.rated, reconnects: state.reconnects, faults: [...state.faults] }),
    async stop() {
      ending.abort()
      await reading
    },
  }
}

async function* readStream(body: ReadableStream<Uint8Array>): AsyncGenerator<{ type: string; data: string }> {
  const decoder = new TextDecoder()
  let rest = ''
  let [type, data] = ['', '']
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() as string
    for (const line of lines) {
      if (line.startsWith('event: ')) type = line.slice('event: '.length)
      if (line.startsWith('data: ')) data += line.slice('data: '.length)
      if (line !== '' || data === '') continue
      yield { type, data }
      ;[type, data] = ['', '']
    }
  }
}
