import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encode, encodeBundle, encodeFrame, encodeRequest, generateTask, networkId, sealEnvelope, type Block, type Frame } from '../../protocol/index.ts'
import { PARENT_VARIABLE } from '../cli/context.ts'
import { runToEnd } from '../cli/context-fixture.ts'
import type { NodeStatus, PeerInfo, RoundDetail, RoundSummary } from '../service.ts'
import { BAD_GOSSIP, BAD_REQUESTS, createBadFrames } from './bad-frames.ts'
import { startListener, type GossipListener } from './gossip-listener.ts'
import { ask, BIN, clientOf, configure, poll, runCommand, startTestnet, untilAgreed, untilClosed, type Testnet, type TestNode } from './testnet-processes.ts'
import { createStranger } from './stranger.ts'

const NODES = 5
/** Codes of what comes twice, too early or too late. */
const IGNORED_CODES = ['unknown-member', 'stale', 'not-valid-now', 'unknown-round', 'phase-closed', 'slot-taken', 'not-a-validator', 'far-away', 'buffer-full']
let testnet: Testnet
let listener: GossipListener

beforeAll(async () => {
  testnet = await startTestnet({ nodes: NODES })
  listener = await startListener(testnet.genesis, testnet.nodes.flatMap(({ addresses }) => addresses))
}, 90_000)
afterAll(async () => {
  await listener?.stop()
  await testnet?.stop()
})

const nodeAt = (index: number): TestNode => testnet.nodes[index] as TestNode

describe('five nodes, each a process', () => {
  const closed: RoundDetail[] = []

  it('close rounds that different nodes ask, two of them at the same time', async () => {
    const first = await ask(nodeAt(0), { kind: 'countdown', prompt: generateTask('countdown', 'network/1') })
    closed.push(await untilClosed(nodeAt(0), first))
    const both = await Promise.all([
      ask(nodeAt(1), { kind: 'colouring', prompt: generateTask('colouring', 'network/2') }),
      ask(nodeAt(2), { kind: 'tour', prompt: generateTask('tour', 'network/3') }),
    ])
    closed.push(...(await Promise.all(both.map((round) => untilClosed(nodeAt(3), round)))))
    for (const { rated, answers, credit, evaluation } of closed) {
      expect(rated).toBe(true)
      expect(answers.length).toBe(NODES)
      const sum = credit?.shares.reduce((total, { numerator }) => total + numerator, 0)
      expect(sum).toBe((credit?.grandValueMicro ?? 0) * (credit?.denominator ?? 0))
      expect(evaluation?.source).toBe('checker')
    }
  })

  it('answer a question from another terminal', async () => {
    const prompt = generateTask('countdown', 'network/4')
    const { code, out, err } = await runCommand(['ask', prompt, '--kind', 'countdown', '--node', nodeAt(4).client.url])
    expect([code, err.includes('closed: credit ')]).toEqual([0, true])
    const { rounds } = await nodeAt(0).client.get<{ rounds: RoundSummary[] }>('rounds?limit=1')
    expect(rounds).toMatchObject([{ prompt, status: 'closed', asker: nodeAt(4).node.memberId }])
    expect(out).toBe(`${rounds[0]?.winner?.text.trimEnd()}\n`)
  })

  it('give the same bytes for reputation and rewards of every member at one height, by command line and API', async () => {
    const { height } = await untilAgreed(testnet.nodes)
    const member = closed[0]?.winner?.member as string
    for (const at of [closed[0]?.closedHeight as number, height]) {
      for (const verb of ['reputation', 'rewards']) {
        const texts = await Promise.all(
          testnet.nodes.flatMap(({ client }) => [
            fetch(`${client.url}/api/v1/members/${member}/${verb}?history=1&at=${at}`).then((response) => response.text()),
            runToEnd([verb, member, '--history', '--json', '--at', String(at), '--node', client.url]).then(({ out }) => out),
          ]),
        )
        expect(new Set(texts).size).toBe(1)
        const document = JSON.parse(texts[0] as string) as { history: { round: string }[] }
        expect(document).toMatchObject({ schema: `peerage.${verb}/v1`, member, height: at })
        const rounds = new Set(document.history.map(({ round }) => round))
        expect(rounds).toContain(closed[0]?.round)
        expect(rounds.size).toBe(at === height ? 4 : 1)
      }
    }
    const { code, out } = await runCommand(['rewards', member.slice(-8), '--history', '--json', '--at', String(height), '--node', nodeAt(3).client.url])
    expect([code, out]).toEqual([0, (await runToEnd(['rewards', member, '--history', '--json', '--at', String(height), '--node', nodeAt(1).client.url])).out])
  })

  it('pay out what the closed rounds say, and nothing else', async () => {
    const { client } = nodeAt(2)
    const { rounds } = await client.get<{ rounds: RoundSummary[] }>('rounds?status=closed')
    const details = await Promise.all(rounds.map(({ round }) => client.get<RoundDetail>(`rounds/${round}`)))
    for (const { node } of testnet.nodes) {
      const shares = details.flatMap(({ credit }) => (credit?.shares ?? []).filter(({ member }) => member === node.memberId))
      expect(await client.get(`members/${node.memberId}/rewards`)).toMatchObject({
        points: shares.reduce((sum, { points }) => sum + points, 0),
        creditTotalMicro: shares.reduce((sum, { creditMicro }) => sum + creditMicro, 0),
        rounds: shares.length,
      })
    }
    expect(details.some(({ credit }) => credit?.shares.some(({ points }) => points > 0))).toBe(true)
  })

  it('say clearly what they do not know', async () => {
    const { url } = nodeAt(0).client
    expect(await runToEnd(['rewards', 'nobody-like-this', '--node', url])).toMatchObject({ code: 1, out: '', err: expect.stringContaining('nobody-like-this') })
    expect(await runToEnd(['reputation', '--at', '999999', '--node', url])).toMatchObject({ code: 1, out: '', err: expect.stringContaining('999999') })
    expect(await runToEnd(['reputation', '--at', 'soon', '--node', url])).toMatchObject({ code: 2, out: '' })
    expect(await runToEnd(['ask', 'y'.repeat(70_000), '--node', url])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('prompt') })
    const refused = async (path: string): Promise<unknown> => {
      const response = await fetch(`${url}/api/v1/${path}`)
      return [response.status, ((await response.json()) as { code: string }).code]
    }
    const { memberId } = nodeAt(0).node
    expect(await refused(`members/${memberId.slice(0, -1)}x/reputation`)).toEqual([404, 'unknown-member'])
    expect(await refused('members/constructor/rewards')).toEqual([404, 'unknown-member'])
    expect(await refused(`members/${memberId}/rewards?at=999999`)).toEqual([409, 'height-ahead'])
    expect(await refused(`members/${memberId}/rewards?at=-1`)).toEqual([400, 'invalid-request'])
    for (const id of ['0'.repeat(64), 'constructor', '..%2Fstate', '%F0%9F%90%9F', '%00']) expect(await refused(`rounds/${id}`), id).toEqual([404, 'unknown-round'])
  })
})

describe('a sixth node', () => {
  let sixth: ChildProcess | null = null
  afterAll(async () => {
    if (sixth?.exitCode !== null) return
    sixth.kill('SIGTERM')
    await once(sixth, 'exit')
  })

  it('joins by the address of one member, takes part, and holds the same state', async () => {
    const home = join(testnet.folder, 'sixth')
    expect((await runCommand(['init', '--no-network', '--home', home])).code).toBe(0)
    await configure(join(home, 'config.toml'), { network: { host: '127.0.0.1', port: 0 }, http: { port: 0 } })
    sixth = spawn(process.execPath, [BIN, 'join', nodeAt(1).addresses[0] as string, '--home', home, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: { ...process.env, [PARENT_VARIABLE]: 'demo' },
    })
    const [line] = (await once(createInterface(sixth.stdout as NodeJS.ReadableStream), 'line')) as [string]
    const { apiUrl, memberId, networkId: network } = JSON.parse(line) as { apiUrl: string; memberId: string; networkId: string }
    expect(network).toBe(networkId(testnet.genesis))
    const client = clientOf(apiUrl)
    await poll('all hear of the newcomer', 30_000, () => Promise.all([...testnet.nodes, { client }].map((node) => node.client.get<{ members: PeerInfo[] }>('members'))), (all) =>
      all.every(({ members }) => members.length === NODES + 1 && members.every(({ memberId: id, present }) => present || id !== memberId)),
    )
    const round = await untilClosed(nodeAt(2), await ask({ client }, { kind: 'countdown', prompt: generateTask('countdown', 'network/5') }))
    expect(round.asker).toBe(memberId)
    expect(round.answers.map(({ member }) => member)).toContain(memberId)
    expect(round.comparisons.map(({ judge }) => judge)).toContain(memberId)
    const { stateRoot } = await untilAgreed([...testnet.nodes, { client }])
    expect(await client.get('status')).toMatchObject({ role: 'member', stateRoot })
    expect(await client.get(`rounds/${round.round}`)).toMatchObject({ record: round.record })
  }, 90_000)
})

describe('a hostile host in the topic', () => {
  /** What a node refused of peers that break the rules, by code. Of honest ones it ignores what comes twice or too late. */
  const refusedBy = async (index: number): Promise<Record<string, number>> => {
    const { refusedFrames } = await nodeAt(index).client.get<NodeStatus>('status')
    return Object.fromEntries(Object.entries(refusedFrames).filter(([code]) => !IGNORED_CODES.includes(code)))
  }

  it('finds that nothing of an honest network was refused', async () => {
    expect(await Promise.all(testnet.nodes.map((_, index) => refusedBy(index)))).toEqual(testnet.nodes.map(() => ({})))
  })

  it('has each bad frame refused with its code, by gossip and by stream, and passed on by nobody', async () => {
    const target = nodeAt(0)
    const frames = createBadFrames(networkId(testnet.genesis), nodeAt(1).node.memberId)
    const expected: Record<string, number> = {}
    const count = (code: string): number => (expected[code] = (expected[code] ?? 0) + 1)
    for (const { what, code, bytes } of frames) {
      // Each from a host of its own: who sends such things is soon not listened to.
      const host = await startListener(testnet.genesis, target.addresses)
      try {
        await poll('the host is connected', 20_000, async () => host.network.peers(), (peers) => peers.length > 0)
        await host.network.publish(encodeBundle([bytes]))
        count(code)
        await poll(`${what} is refused by gossip`, 20_000, () => refusedBy(0), (refused) => refused[code] === expected[code])
        await host.network.request(target.node.memberId, encodeRequest({ type: 'deliver', frames: [encodeFrame({ type: 'envelope', bytes })] }))
        count(code)
        expect(await refusedBy(0), what).toEqual(expected)
      } finally {
        await host.stop()
      }
    }
    expect(await Promise.all([1, 2, 3, 4].map(refusedBy))).toEqual([{}, {}, {}, {}])
  }, 60_000)

  it('has gossip refused that is no list of frames', async () => {
    const host = await startListener(testnet.genesis, nodeAt(3).addresses)
    try {
      await poll('the host is connected', 20_000, async () => host.network.peers(), (peers) => peers.length > 0)
      for (const [index, bytes] of BAD_GOSSIP.entries()) {
        await host.network.publish(bytes)
        await poll('it is refused', 10_000, () => refusedBy(3), ({ malformed }) => malformed === index + 1)
      }
    } finally {
      await host.stop()
    }
  }, 60_000)

  it('has requests refused that mean nothing, and votes, blocks and certificates of strangers', async () => {
    const target = nodeAt(1)
    const host = await startListener(testnet.genesis, target.addresses)
    try {
      await poll('the host is connected', 20_000, async () => host.network.peers(), (peers) => peers.length > 0)
      for (const request of BAD_REQUESTS) expect(await host.network.request(target.node.memberId, request)).toEqual([])
      expect(await refusedBy(1)).toEqual({ 'malformed-request': BAD_REQUESTS.length })

      const { view, lastBlock, stateRoot, height } = await target.client.get<{ view: number; lastBlock: string; stateRoot: string; height: number }>('status')
      const stranger = createStranger()
      const network = networkId(testnet.genesis)
      const block: Block = { epoch: 0, view, height: height + 1, parent: lastBlock, entries: [], stateRoot }
      const { signature } = sealEnvelope(network, 'vote', { kind: 'finalize', epoch: 0, view, block: lastBlock }, stranger)
      const certificate: Extract<Frame, { type: 'certificate' }>['certificate'] = {
        kind: 'finalize',
        epoch: 0,
        view,
        block: lastBlock,
        signatures: [{ author: stranger.member, signature }],
      }
      // Signed, but by nobody who has a say; and signed for another view.
      const certificates = [certificate, { ...certificate, view: view + 1 }].map((each) => encodeFrame({ type: 'certificate', certificate: each }))
      await host.network.request(target.node.memberId, encodeRequest({ type: 'deliver', frames: [...certificates, encode({ type: 'certificate' })] }))
      expect(await refusedBy(1)).toMatchObject({ 'bad-certificate': 1, malformed: 1 })
      await host.network.publish(encodeBundle([sealEnvelope(network, 'proposal', block, stranger).bytes]))
      await poll('the block is refused', 10_000, () => refusedBy(1), (refused) => refused['not-the-leader'] === 1)
      expect(await target.client.get('status')).toMatchObject({ height, lastBlock })
    } finally {
      await host.stop()
    }
  }, 60_000)

  it('changes nothing by saying again what was said, and rounds go on', async () => {
    const before = await untilAgreed(testnet.nodes)
    const target = nodeAt(2)
    const frames = listener.heard.map(({ bytes }) => encodeFrame({ type: 'envelope', bytes }))
    expect(frames.length).toBeGreaterThan(100)
    const host = await startListener(testnet.genesis, target.addresses)
    try {
      await poll('the host is connected', 20_000, async () => host.network.peers(), (peers) => peers.length > 0)
      for (let start = 0; start < frames.length; start += 50) {
        await host.network.request(target.node.memberId, encodeRequest({ type: 'deliver', frames: frames.slice(start, start + 50) }))
      }
    } finally {
      await host.stop()
    }
    expect(await target.client.get('status')).toMatchObject({ height: before.height, stateRoot: before.stateRoot, openRounds: [] })
    expect(await refusedBy(2)).toEqual({})
    const round = await untilClosed(target, await ask(target, { kind: 'countdown', prompt: generateTask('countdown', 'network/6') }))
    expect(round).toMatchObject({ rated: true, status: 'closed' })
    expect((await untilAgreed(testnet.nodes)).height).toBeGreaterThan(before.height)
  }, 60_000)
})
