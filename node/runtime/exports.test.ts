import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Transcript } from '../../protocol/index.ts'
import { ServiceError, type NodeService, type Preference, type RoundDetail } from '../service.ts'
import { preferenceSchema, roundDetailSchema } from '../service/rounds.ts'
import { createScriptedAgent, startMemoryNetwork, type MemoryNetwork, type MemoryNode } from '../test/memory-network.ts'
import { createComputing } from './compute.ts'
import { exportPreferences } from './exports.ts'
import type { PreferredPair } from './preferences.ts'

/** What the members answer; 42 is right, and preferred by all. */
const ANSWERS = ['42', '42', '41']
const ROUNDS_MAX = 20
let network: MemoryNetwork
let services: NodeService[]
const accepted: string[] = []
const refused: unknown[] = []

/** More tasks at once than a node takes, half of them with a truth that contradicts the ballots. */
beforeAll(async () => {
  network = await startMemoryNetwork(ANSWERS.map(createScriptedAgent))
  services = network.nodes.map(({ service }) => service)
  const tasks = Array.from({ length: ROUNDS_MAX + 4 }, (_, index) => ({ prompt: `6 x 7 (${index})`, kind: 'number' as const, answerMs: 20_000, judgeMs: 20_000, ...(index % 2 === 0 ? {} : { truth: { accepted: ['41'] } }) }))
  const asked = await Promise.allSettled(tasks.map((task) => (services[0] as NodeService).ask(task)))
  for (const outcome of asked) if (outcome.status === 'fulfilled') accepted.push(outcome.value.round)
  else refused.push(outcome.reason)
  await vi.waitFor(async () => {
    for (const service of services) for (const round of accepted) expect((await service.round(round))?.status).toBe('closed')
  }, { timeout: 25_000, interval: 100 })
}, 40_000)
afterAll(() => network.stop())

async function read<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

describe('asking', () => {
  it('takes a bounded number of rounds at once, loses none of them, and tells the others when to come again', () => {
    expect([accepted.length, new Set(accepted).size]).toEqual([ROUNDS_MAX, ROUNDS_MAX])
    expect(refused).toHaveLength(4)
    for (const error of refused) expect(error).toMatchObject({ code: 'quota', retryAfterS: expect.any(Number) })
    expect(refused.every((error) => error instanceof ServiceError)).toBe(true)
  })
  it('takes more once these are closed, and gives the round of before for a key that is known', async () => {
    const task = { prompt: 'once more', kind: 'number' as const, answerMs: 20_000, judgeMs: 20_000 }
    const service = services[0] as NodeService
    const [first, second] = await Promise.all([1, 2].map(() => service.ask(task, { idempotencyKey: 'k' })))
    expect(second).toEqual(first)
    await vi.waitFor(async () => expect((await service.round((first as { round: string }).round))?.status).toBe('closed'), { timeout: 10_000, interval: 50 })
    expect(await service.ask(task, { idempotencyKey: 'k' })).toEqual(first)
  })
})

describe('exported rounds', () => {
  it('are all closed ones as they are told of singly, ascending by height', async () => {
    for (const service of services) {
      const rounds = (await read(service.exportRounds({ after: 0 }))).filter(({ round }) => accepted.includes(round))
      expect(rounds.map(({ round }) => round).sort()).toEqual([...accepted].sort())
      const heights = rounds.map(({ closedHeight }) => closedHeight as number)
      expect(heights).toEqual([...heights].sort((a, b) => a - b))
      for (const round of rounds.slice(0, 2)) expect(roundDetailSchema.parse(await service.round(round.round))).toEqual(round)
    }
  })
  it('begin above the height that is named', async () => {
    const [service] = services as [NodeService]
    const all = await read(service.exportRounds({ after: 0 }))
    const middle = all[5]?.closedHeight as number
    expect((await read(service.exportRounds({ after: middle }))).map(({ round }) => round)).toEqual(all.filter(({ closedHeight }) => (closedHeight as number) > middle).map(({ round }) => round))
  })
})

describe('preferences', () => {
  it('are the same on every node', async () => {
    const all = await Promise.all(services.map(async (service) => (await read(service.exportPreferences({ after: 0 }))).filter(({ round }) => accepted.includes(round))))
    expect(all[0]?.length).toBeGreaterThan(0)
    for (const other of all) expect(other).toEqual(all[0])
  })
  it('put what the truth accepts over what it does not, and else what the ballots prefer, never one equal answer over another', async () => {
    const rows = await read((services[1] as NodeService).exportPreferences({ after: 0 }))
    const texts = ({ chosen, rejected }: Preference): string => `${chosen} > ${rejected}`
    const of = (source: Preference['source']): Preference[] => rows.filter((row) => row.source === source)
    for (const row of rows) preferenceSchema.parse(row)
    expect(new Set(of('truth').map(texts))).toEqual(new Set(['It is 41. > It is 42.']))
    expect(new Set(of('truth').map(({ weightMicro }) => weightMicro))).toEqual(new Set([1_000_000]))
    for (const { weightMicro, verdictsMicro } of of('ballots')) expect(verdictsMicro).toBe(weightMicro)
    expect(new Set(of('ballots').map(texts))).toContain('It is 42. > It is 41.')
  })
  it('are found by a worker, as the main thread would find them, one round at a time and only as they are read', async () => {
    const { machine, store } = (network.nodes as [MemoryNode])[0]
    const { rules, self } = machine
    const computing = createComputing({ rules, self, dispatch: () => undefined, onError: () => undefined })
    onTestFinished(() => computing.stop())
    let [asked, under, most] = [0, 0, 0]
    const prefer = async (transcript: Transcript): Promise<PreferredPair[]> => {
      asked++
      most = Math.max(most, ++under)
      const pairs = await computing.prefer(transcript)
      under--
      return pairs
    }
    const rows = exportPreferences({ machine, store, prefer }, { after: 0 })
    const first = (await rows.next()).value as Preference
    expect([asked, first]).toEqual([1, (await read((services[0] as NodeService).exportPreferences({ after: 0 })))[0]])
    expect([first, ...(await read(rows))]).toEqual(await read((services[0] as NodeService).exportPreferences({ after: 0 })))
    expect([asked >= ROUNDS_MAX, most]).toEqual([true, 1])
  })
  it('name the members whose answers these were', async () => {
    const [service] = services as [NodeService]
    for (const { round, chosen, chosenBy, rejected, rejectedBy } of await read(service.exportPreferences({ after: 0 }))) {
      const { answers } = (await service.round(round)) as RoundDetail
      expect(answers.find(({ member }) => member === chosenBy)?.text).toBe(chosen)
      expect(answers.find(({ member }) => member === rejectedBy)?.text).toBe(rejected)
    }
  })
})
