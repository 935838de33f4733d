import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import type { Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fetchProtocol } from './fetch-frames.ts'
import { messageId } from './gossip-options.ts'
import { createHost } from './libp2p-host.ts'
import type { Host } from './libp2p-host.ts'
import { createLibp2pNetwork } from './libp2p-network.ts'
import { connectInLine, decode, describeNetwork, encode, firstAddress, until, useHosts } from './network-conformance.ts'
import type { CreateNetwork } from './network-conformance.ts'
import type { Network } from './network.ts'

const anyPort = '/ip4/127.0.0.1/tcp/0'

const create: CreateNetwork = ({ seed, address, handlers }) =>
  createLibp2pNetwork({ privateKey: seed, listen: [address?.split('/p2p/')[0] ?? anyPort], handlers })

describeNetwork('libp2p', create)

describe('libp2p network', () => {
  const createTestHost = useHosts(create)

  it('takes a key object or its seed, and says `listen-failed` when the port is taken', async () => {
    const key = await generateKeyPair('Ed25519')
    const first = await createTestHost({ seed: key.raw.slice(0, 32) })
    expect(first.peerId).toBe(peerIdFromPrivateKey(key).toString())
    const handlers = { onGossip: async () => 'accept' as const, onRequest: async () => [], onPeerConnected: () => {}, onPeerDisconnected: () => {} }
    const taken = createLibp2pNetwork({ privateKey: await generateKeyPair('Ed25519'), listen: [firstAddress(first).split('/p2p/')[0] as string], handlers })
    await expect(taken).rejects.toMatchObject({ name: 'NetworkError', code: 'listen-failed', message: expect.stringContaining('choose another port') })
  })

  it.each([[null], [['/dns4/kitchen.example.org/tcp/4747']], [[]]])('announces what it is told to, and otherwise what it listens on: %j', async (announce) => {
    const listener = await createTestHost()
    const handlers = { onGossip: async () => 'accept' as const, onRequest: async () => [], onPeerConnected: () => {}, onPeerDisconnected: () => {} }
    const dialler = await createLibp2pNetwork({ privateKey: await generateKeyPair('Ed25519'), listen: [anyPort], announce, handlers })
    try {
      await dialler.dial(firstAddress(listener))
      const own = announce === null ? dialler.addresses() : announce.map((address) => `${address}/p2p/${dialler.peerId}`)
      expect(dialler.addresses()).toEqual(own)
      // A peer that announces nothing is known by nothing, however long one waits; the others after they have introduced themselves.
      await vi.waitFor(async () => expect(await listener.announcedBy(dialler.peerId)).toEqual(own), { timeout: 5_000, interval: 20 })
    } finally {
      await dialler.stop()
    }
  })

  it('tells peers what program it is, and forgets with the connection what they are', async () => {
    const handlers = { onGossip: async () => 'accept' as const, onRequest: async () => [], onPeerConnected: () => {}, onPeerDisconnected: () => {} }
    const [a, b] = await Promise.all(['this/1', 'that/2'.padEnd(200, '!')].map(async (program) => createLibp2pNetwork({ privateKey: await generateKeyPair('Ed25519'), listen: [anyPort], program, handlers })))
    try {
      await a?.dial(firstAddress(b as Network))
      await vi.waitFor(() => expect([a, b].map((host) => host?.peers().map(({ program }) => program))).toEqual([['that/2'.padEnd(100, '!')], ['this/1']]), { timeout: 5_000, interval: 20 })
      await b?.stop()
      await vi.waitFor(() => expect(a?.peers()).toEqual([]), { timeout: 5_000, interval: 20 })
    } finally {
      await Promise.all([a?.stop(), b?.stop()])
    }
  })

  it('opens one connection for a pair, with few exceptions, when all dial all at once', async () => {
    const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const before = sockets()
    const hosts = await Promise.all(Array.from({ length: 8 }, () => createTestHost()))
    for (const host of hosts) for (const other of hosts) host.keepConnected(firstAddress(other))
    await until(() => hosts.forEach((host) => expect(host.connected).toHaveLength(7)), 20_000)
    const pairs = 28
    expect((sockets() - before) / 2).toBeGreaterThanOrEqual(pairs)
    expect((sockets() - before) / 2).toBeLessThan(pairs * 1.3)
  })

  it('silences a peer whose messages were rejected, for a while', async () => {
    const judge = await createTestHost({ handlers: { onGossip: async (message) => (decode(message).startsWith('bad') ? 'reject' : 'accept') } })
    const sinner = await createTestHost()
    await connectInLine([judge, sinner])
    for (let index = 0; index < 5; index++) await sinner.publish(encode(`bad ${index}`))
    await until(() => expect(judge.heard).toHaveLength(5))
    const attempts = Array.from({ length: 40 }, (_, index) => `good ${index}`)
    for (const text of attempts) {
      await sinner.publish(encode(text))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(judge.heard).not.toContain(attempts.at(-1))
  })

  it('hashes the data alone in its own topic, and keeps other topics apart from it', () => {
    const data = encode('message')
    const own = messageId('own', data, 'own')
    expect(Buffer.from(own).toString('hex')).toBe('ab530a13e45914982b79f9b7e3fba994cfd1f3fb22f71cea1afbf02b460c6d1d')
    expect(messageId('other', data, 'own')).not.toEqual(own)
    expect(messageId('own', data, null)).not.toEqual(own)
    expect(messageId('other', data, 'own')).not.toEqual(messageId('third', data, 'own'))
  })
})

describe('a hostile peer', () => {
  const createTestHost = useHosts(create)
  let raw: Host | null = null
  afterEach(async () => {
    await raw?.stop()
    raw = null
  })

  const startRaw = async (): Promise<Host> => {
    raw = await createHost({ privateKey: await generateKeyPair('Ed25519'), listen: [anyPort], gossip: gossipsub() })
    await raw.start()
    return raw
  }

  it.each([
    ['no frame at all', new Uint8Array(5000).fill(0xee)],
    ['an endless length', new Uint8Array(64).fill(0xff)],
    ['a frame beyond the limit', Uint8Array.of(0x81, 0x80, 0x80, 0x01)],
    ['half a frame', Uint8Array.of(100, 1, 2, 3)],
    ['nothing', new Uint8Array(0)],
  ])('that asks with %s loses its stream, and the host goes on', async (_, bytes) => {
    const victim = await createTestHost()
    const host = await startRaw()
    const stream = await host.dialProtocol(multiaddr(firstAddress(victim)), fetchProtocol)
    const closed = new Promise((resolve) => stream.addEventListener('close', resolve, { once: true }))
    if (bytes.length > 0) stream.send(bytes)
    await stream.close()
    await closed
    expect(stream.status).toBe('reset')
    const client = await createTestHost()
    await client.dial(firstAddress(victim))
    expect(await client.request(victim.peerId, encode('ok'))).toEqual([encode('ok')])
  })

  const frame = (...bytes: number[]): number[] => [bytes.length, ...bytes]
  it.each([
    ['closes without a word', [], 'request-failed'],
    ['says more frames than it sends', [...frame(0, 0, 0, 2), ...frame(1)], 'request-failed'],
    ['cuts a frame short', [...frame(0, 0, 0, 1), 5, 1, 2], 'request-failed'],
    ['has no proper head', [...frame(0, 1)], 'request-failed'],
    ['announces too many frames', [...frame(1, 0, 0, 0)], 'too-large'],
    ['announces too large a frame', [...frame(0, 0, 0, 1), 0x81, 0x80, 0x80, 0x02], 'request-failed'],
  ])('that answers and %s fails the request', async (_, bytes, code) => {
    const host = await startRaw()
    await host.handle(fetchProtocol, async (stream: Stream) => {
      if (bytes.length > 0) stream.send(Uint8Array.from(bytes))
      await stream.close()
    })
    const client = await createTestHost()
    const peer = await client.dial((host.getMultiaddrs()[0] as { toString(): string }).toString())
    await expect(client.request(peer, encode('question'))).rejects.toMatchObject({ name: 'NetworkError', code })
  })

  it('that opens streams without end gets no more of them than the limit', async () => {
    const victim = await createTestHost({ handlers: { onRequest: () => new Promise(() => {}) } })
    const host = await startRaw()
    const connection = await host.dial(multiaddr(firstAddress(victim)))
    const streams = await Promise.allSettled(Array.from({ length: 100 }, () => connection.newStream(fetchProtocol, { maxOutboundStreams: 1000 })))
    const open = (): number => streams.filter((result) => result.status === 'fulfilled' && result.value.status === 'open').length
    await until(() => expect(open()).toBeLessThanOrEqual(64))
    expect(open()).toBeGreaterThan(0)
  })
})

describe('processes', () => {
  const createTestHost = useHosts(create)
  const script = (body: string): string => `
    import { createLibp2pNetwork } from ${JSON.stringify(join(import.meta.dirname, 'libp2p-network.ts'))}
    import { randomBytes } from 'node:crypto'
        const handlers = { onGossip: async () => 'accept', onRequest: async (request) => [request], onPeerConnected() {}, onPeerDisconnected() {} }
    const start = () => createLibp2pNetwork({ privateKey: randomBytes(32), listen: ['/ip4/127.0.0.1/tcp/0'], handlers })
    ${body}`
  let child: ChildProcess | null = null
  afterEach(() => void child?.kill('SIGKILL'))

  /** Runs the script; resolves to its first output, or fails when it ends without one. */
  const run = async (body: string): Promise<[ChildProcess, string]> => {
    const started = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script(body)], { stdio: ['ignore', 'pipe', 'inherit'] })
    child = started
    const [output] = await Promise.race([once(started.stdout, 'data'), once(started, 'exit')])
    return [started, String(output).trim()]
  }

  it('sees at once that a peer was killed', async () => {
    const [started, address] = await run(`const host = await start(); await host.joinTopic('topic'); console.log(host.addresses()[0])`)
    const host = await createTestHost()
    await host.joinTopic('topic')
    const peer = await host.dial(address)
    await until(() => expect(host.connected).toEqual([peer]))
    started.kill('SIGKILL')
    await until(() => expect(host.disconnected).toEqual([peer]), 1_000)
    await expect(host.request(peer, encode(''))).rejects.toMatchObject({ code: 'request-failed' })
  })

  it('end by themselves after stop', async () => {
    const [started, output] = await run(`
      const [one, two] = [await start(), await start()]
      for (const host of [one, two]) await host.joinTopic('topic')
      two.keepConnected(one.addresses()[0])
      two.keepConnected('/ip4/127.0.0.1/tcp/1')
      await two.dial(one.addresses()[0])
      await two.request(one.peerId, new Uint8Array(1))
      await two.publish(new Uint8Array(1))
      await Promise.all([one.stop(), two.stop()])
      console.log('stopped')`)
    expect(output).toBe('stopped')
    const startMs = performance.now()
    const [code] = await once(started, 'exit')
    expect(code).toBe(0)
    expect(performance.now() - startMs).toBeLessThan(900)
  })
})
