import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLink, type Link } from './links.ts'

let server: Server
let link: Link
let near: Socket

// An echo at the far end.
beforeEach(async () => {
  server = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  link = await openLink(0, 1, 0, (server.address() as AddressInfo).port)
  near = connect(link.port, '127.0.0.1')
  near.on('error', () => undefined)
  await once(near, 'connect')
})
afterEach(async () => {
  near.destroy()
  await link.close()
  server.close()
})

// `once` of node:events would reject at the reset.
const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()))

const echoed = async (text: string): Promise<string> => {
  near.write(text)
  const [bytes] = (await once(near, 'data')) as [Buffer]
  return bytes.toString()
}

describe('a link', () => {
  it('passes everything on both ways, in order', async () => {
    expect(await echoed('one')).toBe('one')
    expect(await echoed('two')).toBe('two')
  })

  it.each(['forward', 'backward'] as const)('that is cut %s holds back what was said until it is whole again', async (direction) => {
    expect(await echoed('before')).toBe('before')
    link[direction] = false
    near.write('held')
    const heard = once(near, 'data') as Promise<[Buffer]>
    const early = await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, 60, 'nothing'))])
    link[direction] = true
    expect([early, (await heard)[0].toString()]).toEqual(['nothing', 'held'])
  })

  it('that is cut takes no new connection, and one that is reset loses those it has', async () => {
    const lost = closed(near)
    link.reset()
    await lost
    link.forward = false
    const again = connect(link.port, '127.0.0.1').on('error', () => undefined)
    await closed(again)
    expect(again.destroyed).toBe(true)
  })
})
