import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { GossipVerdict, Network, NetworkHandlers } from './network.ts'

/** Starts one network host. `address`: of an earlier host with the same seed, to come back under it. */
export type CreateNetwork = (init: { seed: Uint8Array; address?: string; handlers: NetworkHandlers }) => Promise<Network>

/** A host that notes what its handlers were told. */
export interface TestHost extends Network {
  readonly seed: Uint8Array
  readonly heard: string[]
  readonly connected: string[]
  readonly disconnected: string[]
}

export type CreateTestHost = (options?: { seed?: Uint8Array; address?: string; handlers?: Partial<NetworkHandlers> }) => Promise<TestHost>

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
export const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
export const until = (check: () => void, timeout = 5_000): Promise<void> => vi.waitFor(check, { timeout, interval: 5 })
const failure = (code: string): Error => expect.objectContaining({ name: 'NetworkError', code }) as Error
const silenceMs = 150

/** Hosts for one test; all of them stop when it ends. */
export function useHosts(create: CreateNetwork): CreateTestHost {
  const hosts: Network[] = []
  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.stop()))
  })
  return async ({ seed = randomBytes(32), address, handlers = {} } = {}) => {
    const notes = { seed, heard: [] as string[], connected: [] as string[], disconnected: [] as string[] }
    const network = await create({
      seed,
      ...(address === undefined ? {} : { address }),
      handlers: {
        onGossip: async (message, from) => {
          notes.heard.push(decode(message))
          return (await handlers.onGossip?.(message, from)) ?? 'accept'
        },
        onRequest: handlers.onRequest ?? (async (request) => [request]),
        onPeerConnected: (peer) => (notes.connected.push(peer), handlers.onPeerConnected?.(peer)),
        onPeerDisconnected: (peer) => (notes.disconnected.push(peer), handlers.onPeerDisconnected?.(peer)),
      },
    })
    hosts.push(network)
    return { ...network, ...notes }
  }
}

/** Connects each host to the one before it; everybody is in the topic and told of its neighbours. */
export async function connectInLine(hosts: readonly TestHost[]): Promise<void> {
  for (const host of hosts) await host.joinTopic('topic')
  for (const [index, host] of hosts.entries()) if (index > 0) host.keepConnected(firstAddress(hosts[index - 1] as TestHost))
  await until(() => hosts.forEach((host, index) => expect(host.connected).toHaveLength(index === 0 || index === hosts.length - 1 ? 1 : 2)))
}

export function firstAddress(host: Network): string {
  return host.addresses()[0] as string
}

async function createLine(createHost: CreateTestHost, verdicts: (GossipVerdict | Promise<GossipVerdict>)[]): Promise<TestHost[]> {
  const hosts: TestHost[] = []
  for (const verdict of verdicts) hosts.push(await createHost({ handlers: { onGossip: async () => verdict } }))
  await connectInLine(hosts)
  return hosts
}

/** The laws of `Network`, run against every implementation. */
export function describeNetwork(name: string, create: CreateNetwork): void {
  describe(`network: ${name}`, () => {
    const createHost = useHosts(create)
    describe('gossip', () => describeGossip(createHost))
    describe('verdicts', () => describeVerdicts(createHost))
    describe('many hosts', () => describeManyHosts(createHost))
    describe('requests', () => describeRequests(createHost))
    describe('connections', () => describeConnections(createHost))
    describe('stop', () => describeStop(createHost))
  })
}

function describeGossip(createHost: CreateTestHost): void {
  it('reaches everybody once, through hosts in between, and not its publisher', async () => {
    const [first, ...others] = (await createLine(createHost, ['accept', 'accept', 'accept', 'accept'])) as [TestHost, ...TestHost[]]
    await first.publish(encode('hello'))
    await until(() => others.forEach((host) => expect(host.heard).toEqual(['hello'])))
    await first.publish(encode('hello'))
    await first.publish(encode('again'))
    await until(() => others.forEach((host) => expect(host.heard).toEqual(['hello', 'again'])))
    expect(first.heard).toEqual([])
  })

  it('reaches a peer to which it is published as soon as that peer is reported', async () => {
    const hosts: TestHost[] = []
    for (let count = 0; count < 2; count++) {
      const host: TestHost = await createHost({ handlers: { onPeerConnected: () => void host.publish(encode(`from ${host.peerId}`)) } })
      hosts.push(host)
    }
    await connectInLine(hosts)
    await until(() => hosts.forEach((host, index) => expect(host.heard).toEqual([`from ${hosts[1 - index]?.peerId}`])))
  })

  it('reaches a peer that connects just after it was published', async () => {
    const [first, second, third] = [await createHost(), await createHost(), await createHost()]
    for (const host of [first, second, third]) await host.joinTopic('topic')
    await first.publish(encode('early'))
    second.keepConnected(firstAddress(first))
    third.keepConnected(firstAddress(second))
    await until(() => [second, third].forEach((host) => expect(host.heard).toEqual(['early'])))
  })

  it('needs no peers, but a topic', async () => {
    const host = await createHost()
    await expect(host.publish(encode('early'))).rejects.toThrow(TypeError)
    await host.joinTopic('topic')
    await host.joinTopic('topic')
    await expect(host.publish(encode('alone'))).resolves.toBeUndefined()
    await expect(host.joinTopic('other')).rejects.toThrow(TypeError)
  })

  it('carries a message of 1 MiB and refuses a larger one with `too-large`', async () => {
    const [first, last] = (await createLine(createHost, ['accept', 'accept'])) as [TestHost, TestHost]
    await expect(first.publish(new Uint8Array(2 ** 20 + 1))).rejects.toEqual(failure('too-large'))
    await first.publish(new Uint8Array(2 ** 20).fill(97))
    await until(() => expect(last.heard.map((text) => text.length)).toEqual([2 ** 20]))
  })

  it('delivers all of a burst of 200', async () => {
    const hosts = await createLine(createHost, Array.from({ length: 6 }, () => 'accept' as const))
    const [first, ...others] = hosts as [TestHost, ...TestHost[]]
    const messages = Array.from({ length: 200 }, (_, index) => `burst ${index} ${'x'.repeat(index * 10)}`)
    await Promise.all(messages.map((message) => first.publish(encode(message))))
    await until(() => others.forEach((host) => expect(host.heard).toHaveLength(200)), 10_000)
    for (const host of others) expect([...host.heard].sort()).toEqual([...messages].sort())
  })
}

function describeVerdicts(createHost: CreateTestHost): void {
  it.each(['ignore', 'reject'] as const)('is not passed on after the verdict `%s`', async (verdict) => {
    const [first, middle, last] = (await createLine(createHost, ['accept', verdict, 'accept'])) as [TestHost, TestHost, TestHost]
    await first.publish(encode('bad'))
    await until(() => expect(middle.heard).toEqual(['bad']))
    await last.publish(encode('probe'))
    await until(() => expect(middle.heard).toContain('probe'))
    await new Promise((resolve) => setTimeout(resolve, silenceMs))
    expect(last.heard).toEqual([])
  })

  it('is passed on only when the verdict is there', async () => {
    const { promise, resolve } = Promise.withResolvers<GossipVerdict>()
    const [first, middle, last] = (await createLine(createHost, ['accept', promise, 'accept'])) as [TestHost, TestHost, TestHost]
    await first.publish(encode('slow'))
    await until(() => expect(middle.heard).toEqual(['slow']))
    await new Promise((wait) => setTimeout(wait, silenceMs))
    expect(last.heard).toEqual([])
    resolve('accept')
    await until(() => expect(last.heard).toEqual(['slow']))
  })

  it('survives a handler that fails: the message counts as ignored', async () => {
    const onGossip = async (message: Uint8Array): Promise<GossipVerdict> => {
      if (decode(message) === 'poison') throw new Error('handler bug')
      return 'accept'
    }
    const hosts = [await createHost(), await createHost({ handlers: { onGossip } }), await createHost()] as const
    await connectInLine(hosts)
    await hosts[0].publish(encode('poison'))
    await hosts[0].publish(encode('fine'))
    await until(() => expect(hosts[2].heard).toEqual(['fine']))
  })
}

function describeManyHosts(createHost: CreateTestHost): void {
  it('delivers every message of 20 hosts on one machine, all connected to all', async () => {
    const hosts = await Promise.all(Array.from({ length: 20 }, () => createHost()))
    for (const host of hosts) await host.joinTopic('topic')
    for (const host of hosts) for (const other of hosts) host.keepConnected(firstAddress(other))
    await until(() => hosts.forEach((host) => expect(host.connected).toHaveLength(19)), 40_000)
    for (let turn = 0; turn < 10; turn++) {
      for (const host of hosts) await host.publish(encode(`${turn} ${host.peerId}`))
      await until(() => hosts.forEach((host) => expect(host.heard).toHaveLength((turn + 1) * 19)), 10_000)
    }
    for (const host of hosts) expect(new Set(host.heard).size).toBe(190)
    expect(hosts.every((host) => host.disconnected.length === 0)).toBe(true)
  }, 60_000)

  it('delivers between 16 hosts that know only a hub', async () => {
    const hub = await createHost()
    const spokes = await Promise.all(Array.from({ length: 16 }, () => createHost()))
    for (const host of [hub, ...spokes]) await host.joinTopic('topic')
    for (const spoke of spokes) spoke.keepConnected(firstAddress(hub))
    await until(() => expect(hub.connected).toHaveLength(16), 20_000)
    await until(() => spokes.forEach((spoke) => expect(spoke.connected).toHaveLength(1)))
    for (const spoke of spokes) await spoke.publish(encode(`from ${spoke.peerId}`))
    await until(() => spokes.forEach((spoke) => expect(spoke.heard).toHaveLength(15)), 10_000)
  }, 60_000)
}

function describeRequests(createHost: CreateTestHost): void {
  const connectPair = async (onRequest: NetworkHandlers['onRequest']): Promise<[TestHost, TestHost]> => {
    const server = await createHost({ handlers: { onRequest } })
    const client = await createHost()
    expect(await client.dial(firstAddress(server))).toBe(server.peerId)
    return [client, server]
  }

  it('brings back the frames in order, also none, empty ones and the largest', async () => {
    const replies = [[], [''], ['a', '', 'b'], Array.from({ length: 1000 }, (_, index) => String(index))]
    const [client, server] = await connectPair(async (request) => (replies[Number(decode(request))] ?? []).map(encode))
    for (const [index, reply] of replies.entries()) {
      expect((await client.request(server.peerId, encode(String(index)))).map(decode)).toEqual(reply)
    }
    const [big, other] = await connectPair(async (request) => [new Uint8Array(4 * 2 ** 20).fill(request.length & 255), request])
    const reply = await big.request(other.peerId, new Uint8Array(2 ** 20))
    expect(reply.map((frame) => frame.length)).toEqual([4 * 2 ** 20, 2 ** 20])
  })

  it('tells the handler who asks, in both directions of one connection', async () => {
    const answerFrom = async (_: Uint8Array, from: string): Promise<Uint8Array[]> => [encode(from)]
    const [client, server] = await connectPair(answerFrom)
    expect((await client.request(server.peerId, encode(''))).map(decode)).toEqual([client.peerId])
    await until(() => expect(server.connected).toEqual([client.peerId]))
    expect(await server.request(client.peerId, encode('echo'))).toEqual([encode('echo')])
  })

  it('answers 300 requests made at once', async () => {
    const [client, server] = await connectPair(async (request) => [request])
    const replies = await Promise.all(Array.from({ length: 300 }, (_, index) => client.request(server.peerId, encode(String(index)))))
    expect(replies.map(([frame]) => decode(frame as Uint8Array))).toEqual(replies.map((_, index) => String(index)))
  })

  it('fails with `request-timeout` when no answer comes in time, and goes on', async () => {
    const [client, server] = await connectPair((request) => (decode(request) === 'hang' ? new Promise(() => {}) : Promise.resolve([request])))
    const hanging = Array.from({ length: 20 }, () => client.request(server.peerId, encode('hang'), { timeoutMs: 200 }))
    await Promise.all(hanging.map((request) => expect(request).rejects.toEqual(failure('request-timeout'))))
    expect(await client.request(server.peerId, encode('ok'))).toEqual([encode('ok')])
  })

  it('fails with `request-failed` when the handler fails or the peer is unknown', async () => {
    const [client, server] = await connectPair(async () => {
      throw new Error('handler bug')
    })
    await expect(client.request(server.peerId, encode(''))).rejects.toEqual(failure('request-failed'))
    const stranger = await createHost()
    await expect(client.request(stranger.peerId, encode(''))).rejects.toEqual(failure('request-failed'))
    await expect(client.request('nonsense', encode(''))).rejects.toEqual(failure('request-failed'))
  })

  it('refuses a request, a frame, a reply and a number of frames beyond the limits', async () => {
    const replies = [[new Uint8Array(4 * 2 ** 20 + 1)], Array.from({ length: 9 }, () => new Uint8Array(4 * 2 ** 20)), Array.from({ length: 10_001 }, () => new Uint8Array(1))]
    const [client, server] = await connectPair(async (request) => replies[request[0] ?? 0] ?? [])
    await expect(client.request(server.peerId, new Uint8Array(2 ** 20 + 1))).rejects.toEqual(failure('too-large'))
    for (const index of replies.keys()) await expect(client.request(server.peerId, Uint8Array.of(index))).rejects.toEqual(failure('request-failed'))
    expect(await client.request(server.peerId, Uint8Array.of(9))).toEqual([])
  })

  it('fails at once with `request-failed` when the peer goes away', async () => {
    const [client, server] = await connectPair(() => new Promise(() => {}))
    const request = client.request(server.peerId, encode(''))
    await new Promise((resolve) => setTimeout(resolve, 50))
    const startMs = performance.now()
    void server.stop()
    await expect(request).rejects.toEqual(failure('request-failed'))
    expect(performance.now() - startMs).toBeLessThan(2_000)
  })
}

function describeConnections(createHost: CreateTestHost): void {
  it('reports each peer once, also when both sides dial, and shows it among the peers', async () => {
    const hosts = await Promise.all(Array.from({ length: 4 }, () => createHost()))
    for (const host of hosts) for (const other of hosts) for (let time = 0; time < 2; time++) host.keepConnected(firstAddress(other))
    await until(() => hosts.forEach((host) => expect(host.connected).toHaveLength(3)))
    await new Promise((resolve) => setTimeout(resolve, silenceMs))
    for (const host of hosts) {
      const others = hosts.filter((other) => other !== host).map((other) => other.peerId).sort()
      expect([...host.connected].sort()).toEqual(others)
      expect(host.disconnected).toEqual([])
      expect(host.peers().map(({ id }) => id).sort()).toEqual(others)
      await until(() => expect(host.peers().every(({ latencyMs }) => latencyMs !== null && latencyMs >= 0)).toBe(true))
    }
    const [first] = hosts as [TestHost]
    await first.stop()
    await until(() => hosts.slice(1).forEach((host) => expect(host.disconnected).toEqual([first.peerId])))
  })

  it('comes back to a kept address when the peer there restarts, and gossip with it', async () => {
    const first = await createHost()
    const second = await createHost()
    await connectInLine([first, second])
    const address = firstAddress(first)
    await first.stop()
    await until(() => expect(second.disconnected).toEqual([first.peerId]))
    expect(second.peers()).toEqual([])
    const again = await createHost({ seed: first.seed, address })
    await again.joinTopic('topic')
    await until(() => expect(second.connected).toEqual([first.peerId, first.peerId]), 10_000)
    await second.publish(encode('welcome back'))
    await until(() => expect(again.heard).toEqual(['welcome back']))
  })

  it('connects to a kept address whose peer starts later', async () => {
    const first = await createHost()
    const address = firstAddress(first)
    await first.stop()
    const second = await createHost()
    second.keepConnected(address)
    await expect(second.dial(address)).rejects.toEqual(failure('dial-failed'))
    await createHost({ seed: first.seed, address })
    await until(() => expect(second.connected).toEqual([first.peerId]), 10_000)
  })

  it('says `dial-failed` to what is no address and to a peer that is somebody else', async () => {
    const [first, second, third] = [await createHost(), await createHost(), await createHost()]
    await expect(first.dial('not an address')).rejects.toEqual(failure('dial-failed'))
    expect(() => first.keepConnected('not an address')).toThrow(failure('dial-failed'))
    const wrong = firstAddress(second).replace(second.peerId, third.peerId)
    await expect(first.dial(wrong)).rejects.toEqual(failure('dial-failed'))
    expect(first.peers()).toEqual([])
  })

  it('gives addresses that name the peer, and ignores its own', async () => {
    const host = await createHost()
    expect(host.addresses().length).toBeGreaterThan(0)
    for (const address of host.addresses()) expect(address).toContain(`/p2p/${host.peerId}`)
    host.keepConnected(firstAddress(host))
    await new Promise((resolve) => setTimeout(resolve, silenceMs))
    expect(host.connected).toEqual([])
  })
}

function describeStop(createHost: CreateTestHost): void {
  it('ends within a second, once, and lets the others know', async () => {
    const hosts = await createLine(createHost, ['accept', 'accept', 'accept'])
    const [first, middle, last] = hosts as [TestHost, TestHost, TestHost]
    const startMs = performance.now()
    await Promise.all([middle.stop(), middle.stop()])
    await middle.stop()
    expect(performance.now() - startMs).toBeLessThan(1_000)
    await until(() => [first, last].forEach((host) => expect(host.disconnected).toEqual([middle.peerId])))
    expect(middle.peers()).toEqual([])
  })

  it('answers `stopped` to what was asked before and after', async () => {
    const server = await createHost({ handlers: { onRequest: () => new Promise(() => {}) } })
    const client = await createHost()
    await client.joinTopic('topic')
    await client.dial(firstAddress(server))
    const pending = client.request(server.peerId, encode('')).catch((error: unknown) => error)
    await client.stop()
    expect(await pending).toEqual(failure('stopped'))
    await expect(client.publish(encode('late'))).rejects.toEqual(failure('stopped'))
    await expect(client.request(server.peerId, encode(''))).rejects.toEqual(failure('stopped'))
    await expect(client.dial(firstAddress(server))).rejects.toEqual(failure('stopped'))
    await expect(client.joinTopic('topic')).rejects.toEqual(failure('stopped'))
    expect(() => client.keepConnected(firstAddress(server))).not.toThrow()
    expect(client.disconnected).toEqual([])
  })
}
