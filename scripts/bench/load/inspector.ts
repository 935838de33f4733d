/** A process that runs with `--inspect`, asked from outside. */
export interface Inspector {
  /** Bytes of heap in use after a full garbage collection. */
  usedHeap(): Promise<number>
  close(): void
}

/** @param port - where it listens, on loopback. Throws TypeError where nothing does. */
export async function inspect(port: number): Promise<Inspector> {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { webSocketDebuggerUrl: string }[]
  const socket = new WebSocket((target as { webSocketDebuggerUrl: string }).webSocketDebuggerUrl)
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve()
    socket.onerror = () => reject(new TypeError(`nothing to inspect at port ${port}`))
  })
  let lastId = 0
  const waiting = new Map<number, (result: unknown) => void>()
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown }
    if (id !== undefined) waiting.get(id)?.(result)
  }
  const call = (method: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = ++lastId
      waiting.set(id, resolve)
      socket.onclose = () => reject(new TypeError('the inspected process has gone'))
      socket.send(JSON.stringify({ id, method }))
    })
  return {
    async usedHeap() {
      await call('HeapProfiler.collectGarbage')
      return ((await call('Runtime.getHeapUsage')) as { usedSize: number }).usedSize
    },
    close: () => socket.close(),
  }
}
