import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { canonicalJson } from '../http/canonical-json.ts'
import type { NodeEvent, RoundDetail } from '../service.ts'
import { formatRound } from '../cli/round-text.ts'
import { decodeCanonical, KEYS, type ClosedEntry } from '../../protocol/index.ts'
import { createScriptedAgent, startMemoryNetwork, type MemoryNetwork, type MemoryNode } from '../test/memory-network.ts'

/** What the members answer; 42 is right. */
const ANSWERS = ['42', '42', '41', '40']
let network: MemoryNetwork
let nodes: MemoryNode[]
let first: RoundDetail
let second: RoundDetail

async function playRound(asker: MemoryNode, accepted: string[]): Promise<RoundDetail> {
  const { round } = await asker.service.ask({ prompt: '6 x 7', kind: 'number', answerMs: 5_000, judgeMs: 5_000, ...(accepted.length > 0 ? { truth: { accepted } } : {}) })
  await vi.waitFor(async () => {
    for (const { service } of nodes) expect((await service.round(round))?.status).toBe('closed')
  }, { timeout: 20_000, interval: 20 })
  return (await asker.service.round(round)) as RoundDetail
}

beforeAll(async () => {
  network = await startMemoryNetwork(ANSWERS.map(createScriptedAgent))
  nodes = network.nodes
  first = await playRound(nodes[0] as MemoryNode, [])
  second = await playRound(nodes[1] as MemoryNode, ['42'])
})
afterAll(() => network.stop())

const nodeAt = (index: number): MemoryNode => nodes[index] as MemoryNode
const heightOf = ({ closedHeight }: RoundDetail): number => closedHeight as number

describe('reputation and rewards', () => {
  it('are the same bytes on every node, at every height', async () => {
    const top = Math.min(...nodes.map(({ service }) => service.status().height))
    expect(top).toBeGreaterThan(0)
    for (const { member } of nodes) {
      for (let at = 0; at <= top; at++) {
        const options = { history: true, at }
        const reputations = await Promise.all(nodes.map(async ({ service }) => canonicalJson(await service.reputation(member, options))))
        const rewards = await Promise.all(nodes.map(async ({ service }) => canonicalJson(await service.rewards(member, options))))
        expect([new Set(reputations).size, new Set(rewards).size], `${member} at ${at}`).toEqual([1, 1])
      }
    }
  })

  it('at a height hold nothing that closed above it, and the latest is the one at the top', async () => {
    const { service, member } = nodeAt(0)
    const before = await service.rewards(member, { history: true, at: heightOf(first) - 1 })
    expect(before).toMatchObject({ height: heightOf(first) - 1, points: 0, rounds: 0, history: [] })
    expect((await service.reputation(member, { history: true, at: heightOf(first) - 1 })).answering).toEqual({})
    const between = await service.rewards(member, { history: true, at: heightOf(second) - 1 })
    expect(between.history?.map(({ round }) => round)).toEqual([first.round])
    const { height } = service.status()
    expect(await service.reputation(member, { history: true })).toEqual(await service.reputation(member, { history: true, at: height }))
  })

  it('add up to what the rounds paid, and leave the history out where it is not asked for', async () => {
    for (const { member } of nodes) {
      const shares = [first, second].flatMap(({ credit }) => (credit?.shares ?? []).filter((share) => share.member === member))
      const rewards = await nodeAt(3).service.rewards(member, { history: false })
      expect(rewards).toMatchObject({ points: shares.reduce((sum, { points }) => sum + points, 0), creditTotalMicro: shares.reduce((sum, { creditMicro }) => sum + creditMicro, 0) })
      expect(rewards).not.toHaveProperty('history')
    }
  })

  it('move with the truth: who was right rises above who was wrong, and who asked with the truth is no player', async () => {
    const meanOf = async (index: number): Promise<number> => (await nodeAt(0).service.reputation(nodeAt(index).member, { history: false })).answering.number?.meanMicro ?? 0
    expect(await meanOf(0)).toBeGreaterThan(await meanOf(2))
    expect(second.answers.map(({ member }) => member)).not.toContain(nodeAt(1).member)
    const history = (await nodeAt(2).service.reputation(nodeAt(2).member, { history: true })).history ?? []
    expect(history.map(({ round }) => round)).toContain(second.round)
    expect(history.filter(({ round, role }) => round === second.round && role === 'answering')).toMatchObject([{ domain: 'number', failureMicro: expect.any(Number) }])
    expect(history).toEqual([...history].sort((a, b) => a.height - b.height))
  })

  it('of nobody, and of names that objects have, are refused', async () => {
    for (const member of ['', 'constructor', '__proto__', 'toString', `${nodeAt(0).member}x`]) {
      await expect(nodeAt(0).service.reputation(member, { history: false }), member).rejects.toMatchObject({ code: 'unknown-member' })
      await expect(nodeAt(0).service.rewards(member, { history: true }), member).rejects.toMatchObject({ code: 'unknown-member' })
    }
  })

  it('ahead of the node are refused, whoever it is about', async () => {
    const { service, member } = nodeAt(0)
    const at = service.status().height + 1
    for (const id of [member, 'nobody']) await expect(service.reputation(id, { history: false, at })).rejects.toMatchObject({ code: 'height-ahead', message: expect.stringContaining(String(at)) })
  })
})

describe('rounds', () => {
  it('are described alike on every node, but for the times it measured itself', async () => {
    for (const { round } of [first, second]) {
      const details = await Promise.all(nodes.map(async ({ service }) => ({ ...(await service.round(round)), timings: null })))
      expect(new Set(details.map((detail) => JSON.stringify(detail))).size).toBe(1)
    }
  })

  it('say who answered what, who judged how, who won and what it was worth', () => {
    expect(first).toMatchObject({ status: 'closed', phase: 'closed', rated: true, kind: 'number', prompt: '6 x 7', reference: null, winner: { value: '42' } })
    expect(first.answers.map(({ value }) => value).sort()).toEqual([...ANSWERS].sort())
    const clusters = new Map(first.answers.map(({ value, cluster }) => [value, cluster]))
    expect(new Set(clusters.values()).size).toBe(3)
    const members = nodes.map(({ member }) => member)
    for (const { judge, left, right } of first.comparisons) {
      expect([members.includes(judge), members.includes(left), members.includes(right), judge === left, judge === right]).toEqual([true, true, true, false, false])
    }
    expect(first.ranking?.answers.reduce((sum, { strengthMicro }) => sum + strengthMicro, 0)).toBe(1_000_000)
    expect(first.credit?.shares.reduce((sum, { numerator }) => sum + numerator, 0)).toBe((first.credit?.grandValueMicro as number) * (first.credit?.denominator as number))
    expect(first.credit?.shares.reduce((sum, { points }) => sum + points, 0)).toBe(1_000)
    expect(second).toMatchObject({ evaluation: { source: 'truth', valueMicro: 1_000_000, success: true }, task: { truthCommitted: true, acceptedValues: ['42'] } })
    expect(first.timings.map(({ phase }) => phase).slice(0, 4)).toEqual(['answer-commit', 'answer-reveal', 'ballot-commit', 'ballot-reveal'])
  })

  it('are listed newest first, in pages, by status', async () => {
    const { service } = nodeAt(2)
    const ids = async (options: Parameters<typeof service.rounds>[0]): Promise<string[]> => (await service.rounds(options)).map(({ round }) => round)
    expect(await ids({ limit: 10 })).toEqual([second.round, first.round])
    expect(await ids({ limit: 1 })).toEqual([second.round])
    expect(await ids({ limit: 10, before: second.round })).toEqual([first.round])
    expect(await ids({ limit: 10, status: 'open' })).toEqual([])
    expect(await ids({ limit: 10, status: 'closed' })).toEqual([second.round, first.round])
    await expect(service.rounds({ limit: 1, before: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'unknown-round' })
  })

  it('that nobody opened are null, whatever the name', async () => {
    for (const id of ['', 'f'.repeat(64), 'constructor', '__proto__', '../state', '\ud83d\ude00', '\u0000']) expect(await nodeAt(0).service.round(id), id).toBeNull()
  })

  it('are told of as they happen: opened, each phase in order, closed with winner and credit', () => {
    for (const { events } of nodes) {
      const of = (round: string): NodeEvent[] => events.filter((event) => 'round' in event && event.round === round)
      expect(of(first.round).map((event) => (event.type === 'phase-entered' ? event.phase : event.type))).toEqual([
        'round-opened',
        'answer-commit',
        'answer-reveal',
        'ballot-commit',
        'ballot-reveal',
        'closing',
        'round-closed',
      ])
      expect(of(second.round).at(-1)).toMatchObject({ type: 'round-closed', winner: { value: '42' }, rated: true, credit: second.credit?.shares.map(({ member, points }) => ({ member, points })) })
    }
  })
})

describe('a round whose items were let go', () => {
  it('is still told of, as far as it was agreed, and says what is missing', async () => {
    const { service, store } = nodeAt(3)
    const before = (await service.round(first.round)) as RoundDetail
    const entry = decodeCanonical((await store.get(KEYS.round(first.round))) as Uint8Array) as ClosedEntry
    await store.write(Object.values(entry.round.cuts).flat().map(([, id]) => ({ key: KEYS.item(id), value: null })))
    const after = (await service.round(first.round)) as RoundDetail
    expect(before.pruned).toBe(false)
    expect(after).toMatchObject({ pruned: true, prompt: before.prompt, credit: before.credit, evaluation: before.evaluation, winner: { member: before.winner?.member, text: '' } })
    expect(after.answers.map(({ member, value, cluster }) => ({ member, value, cluster }))).toEqual(before.answers.map(({ member, value, cluster }) => ({ member, value, cluster })))
    expect(formatRound(after, { columns: 100, colour: false } as never)).toContain('is kept here no more')
    expect((await service.rounds({ limit: 10 })).map(({ round }) => round)).toContain(first.round)
  })
})

describe('a task', () => {
  it('is refused where the network does not allow it, by the field', async () => {
    const { service } = nodeAt(0)
    await expect(service.ask({ prompt: '', kind: 'text' })).rejects.toMatchObject({ code: 'invalid-task', message: expect.stringContaining('prompt') })
    await expect(service.ask({ prompt: 'x', kind: 'text', answerMs: 3_600_000 })).rejects.toMatchObject({ code: 'invalid-task', message: expect.stringContaining('answerMs') })
    await expect(service.ask({ prompt: 'x', kind: 'text', truth: { accepted: [] } })).rejects.toMatchObject({ code: 'invalid-task', message: expect.stringContaining('truth') })
  })

  it('with half a character means the same to its asker as to everybody else', async () => {
    const { round } = await nodeAt(0).service.ask({ prompt: 'half \ud800', kind: 'label', reference: '\udc00', answerMs: 5_000, judgeMs: 5_000, truth: { accepted: ['\ud800', '\ue000'] } })
    await vi.waitFor(async () => expect((await nodeAt(1).service.round(round))?.status).toBe('closed'), { timeout: 20_000, interval: 20 })
    await vi.waitFor(async () => expect((await nodeAt(0).service.round(round))?.status).toBe('closed'), { timeout: 20_000, interval: 20 })
    const [own, other] = await Promise.all([nodeAt(0), nodeAt(1)].map(({ service }) => service.round(round)))
    expect(own).toMatchObject({ prompt: 'half \ufffd', reference: '\ufffd', rated: true })
    expect({ ...own, timings: null }).toEqual({ ...other, timings: null })
  })
})

describe('a newcomer', () => {
  it('becomes a member, has the same history, and takes part', async () => {
    const newcomer = await network.join(createScriptedAgent('42'))
    await vi.waitFor(() => expect(nodes.map(({ service }) => service.peers().find(({ memberId }) => memberId === newcomer.member)?.present)).toEqual(nodes.map(() => true)), { timeout: 20_000, interval: 20 })
    const third = await playRound(newcomer, [])
    expect(third.answers.map(({ member }) => member)).toContain(newcomer.member)
    for (const { member } of nodes) {
      const options = { history: true, at: heightOf(third) }
      const [own, other] = await Promise.all([newcomer, nodeAt(0)].map(async ({ service }) => [await service.reputation(member, options), await service.rewards(member, options)]))
      expect(own).toEqual(other)
    }
    await expect(nodeAt(0).service.rewards(newcomer.member, { history: true, at: heightOf(second) })).rejects.toMatchObject({ code: 'unknown-member' })
  }, 30_000)
})
