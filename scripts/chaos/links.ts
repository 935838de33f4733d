/** Wires that can be cut: a TCP proxy for everything that one node dials of another. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Link {
  readonly from: number
  readonly to: number
  readonly port: number
  /** What `from` sends gets through, and what `to` answers. */
  forward: boolean
  backward: boolean
  delayMs: number
  /** Ends all connections at once, without a word. */
  reset: () => void
  close: () => Promise<void>
}

const GATE_MS = 20

/** A link on a port of its own to a port of this machine. */
export async function openLink(from: number, to: number, port: number, targetPort: number): Promise<Link> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    if (!link.forward || !link.backward) return void near.resetAndDestroy()
    const far = connect({ host: '127.0.0.1', port: targetPort })
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    void carry(near, far, () => link.forward, link)
    void carry(far, near, () => link.backward, link)
  })
  const link: Link = {
    from,
    to,
    port,
    forward: true,
    backward: true,
    delayMs: 0,
    reset() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    close() {
      link.reset()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  await listen(server, port)
  return Object.assign(link, { port: (server.address() as AddressInfo).port })
}

// Piece by piece and in order; what may not pass waits, as on a wire whose packets are lost and sent again.
async function carry(from: Socket, to: Socket, isOpen: () => boolean, link: Link): Promise<void> {
  try {
    for await (const piece of from) {
      if (link.delayMs > 0) await sleep(link.delayMs)
      while (!isOpen() && !to.destroyed) await sleep(GATE_MS)
      if (to.destroyed) return
      if (!to.write(piece as Buffer)) await new Promise<void>((resolve) => { to.once('drain', resolve).once('close', resolve) })
    }
    to.end()
  } catch {
    to.destroy()
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', () => resolve()))
}
