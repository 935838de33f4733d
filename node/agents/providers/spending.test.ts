import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Charge } from './counters.ts'
import { limitsSchema } from './limits.ts'
import type { Limits } from './limits.ts'
import { boundOf, costOf } from './metering.ts'
import { openSpending } from './open-spending.ts'
import { createSpending } from './spending.ts'
import type { Spending } from './spending.ts'
import { addAmount, emptyRecord, NOTHING } from './spending-record.ts'
import type { Amount } from './spending-record.ts'

const NOON = Date.UTC(2026, 10, 20, 12)
const HOUR = 3_600_000
const limitsOf = (limits: Partial<Limits>): Limits => limitsSchema.parse(limits)
const charge = (change: Partial<Charge> = {}): Charge => ({ provider: 'p', providerPerDay: {}, round: 'r', isOwn: false, amount: { costMicro: 400_000, tokens: 400, calls: 1 }, ...change })

/** Nothing is written down; the clock stands still until it is set. */
function createTrial(limits: Partial<Limits>): { spending: Spending; clock: { ms: number } } {
  const clock = { ms: NOON }
  return { spending: createSpending({ limits: limitsOf(limits), record: emptyRecord('2026-11-20'), save: async () => undefined, now: () => clock.ms }), clock }
}

describe('spending', () => {
  it.each([
    ['per round', { perRound: { calls: 2 } }, { round: 'other' }],
    ['per day', { perDay: { tokens: 1_000 } }, null],
    ["for others' rounds", { othersPerDay: { cost: 1 } }, { isOwn: true }],
  ] as const)('is refused beyond a limit %s, before anything is spent', async (_, limits, fits) => {
    const { spending } = createTrial(limits)
    await spending.reserve(charge())
    await spending.reserve(charge())
    await expect(spending.reserve(charge())).rejects.toMatchObject({ code: 'budget-refused', message: expect.stringContaining('would be exceeded') })
    expect(spending.today('p').calls).toBe(2)
    if (fits !== null) await spending.reserve(charge(fits))
  })

  it('keeps to the limit of one provider, which is none of another', async () => {
    const { spending } = createTrial({})
    const own = charge({ providerPerDay: { calls: 1 } })
    await spending.reserve(own)
    await expect(spending.reserve(own)).rejects.toMatchObject({ code: 'budget-refused' })
    await spending.reserve({ ...own, provider: 'q' })
  })

  it('frees what was reserved and not spent, once', async () => {
    const { spending } = createTrial({ perDay: { cost: 0.5 } })
    const { settle } = await spending.reserve(charge())
    await expect(spending.reserve(charge())).rejects.toMatchObject({ code: 'budget-refused' })
    settle({ costMicro: 50_000, tokens: 9, calls: 1 })
    settle({ costMicro: 0, tokens: 0, calls: 0 })
    expect(spending.today('p')).toEqual({ costMicro: 50_000, tokens: 9, calls: 1 })
    await spending.reserve(charge())
  })

  it('begins anew with each UTC day; what was reserved the day before is no more', async () => {
    const { spending, clock } = createTrial({ perDay: { calls: 1 } })
    const { settle } = await spending.reserve(charge())
    clock.ms += 12 * HOUR
    expect(spending.today('p')).toEqual(NOTHING)
    settle({ costMicro: 0, tokens: 0, calls: 0 })
    await spending.reserve(charge({ round: 'other' }))
    expect(spending.today('p').calls).toBe(1)
    clock.ms -= 24 * HOUR
    await expect(spending.reserve(charge({ round: 'third' }))).rejects.toMatchObject({ code: 'budget-refused' })
  })

  it('is not bound for years by a clock that was ahead, nor freed at once when it is set back', async () => {
    const { spending, clock } = createTrial({ perDay: { calls: 1 } })
    clock.ms += 365 * 24 * HOUR
    await spending.reserve(charge())
    clock.ms = NOON
    await expect(spending.reserve(charge())).rejects.toMatchObject({ code: 'budget-refused' })
    clock.ms += 24 * HOUR
    await spending.reserve(charge())
  })

  it('never goes over a limit, whatever is reserved and settled', async () => {
    const amount = fc.record({ costMicro: fc.nat({ max: 900_000 }), tokens: fc.nat({ max: 900 }), calls: fc.constant(1) })
    const step = fc.oneof(
      fc.record({ type: fc.constant('reserve' as const), amount, round: fc.constantFrom('a', 'b', null), isOwn: fc.boolean(), provider: fc.constantFrom('p', 'q') }),
      fc.record({ type: fc.constant('settle' as const), which: fc.nat(), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { spending } = createTrial({ perRound: { tokens: 1_500 }, perDay: { cost: 2 }, othersPerDay: { calls: 5 } })
        const open: { reserved: Amount; settle: (spent: Amount) => void; counts: Charge }[] = []
        const spent: { amount: Amount; counts: Charge }[] = []
        for (const next of steps) {
          if (next.type === 'reserve') {
            const counts = charge(next)
            const reservation = await spending.reserve(counts).catch(() => null)
            if (reservation !== null) open.push({ reserved: next.amount, settle: reservation.settle, counts })
          } else if (open.length > 0) {
            const [ended] = open.splice(next.which % open.length, 1) as [(typeof open)[number]]
            const amount = { costMicro: Math.floor(ended.reserved.costMicro * next.part), tokens: Math.floor(ended.reserved.tokens * next.part), calls: 1 }
            ended.settle(amount)
            spent.push({ amount, counts: ended.counts })
          }
          const all = [...spent, ...open.map(({ reserved, counts }) => ({ amount: reserved, counts }))]
          const sum = (filter: (counts: Charge) => boolean): Amount => all.filter(({ counts }) => filter(counts)).map((one) => one.amount).reduce(addAmount, NOTHING)
          expect(sum(() => true).costMicro).toBeLessThanOrEqual(2_000_000)
          expect(sum(({ isOwn }) => !isOwn).calls).toBeLessThanOrEqual(5)
          for (const round of ['a', 'b']) expect(sum((counts) => counts.round === round).tokens).toBeLessThanOrEqual(1_500)
          for (const provider of ['p', 'q']) expect(spending.today(provider)).toEqual(sum((counts) => counts.provider === provider))
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('spending that is written down', () => {
  let dataDir: string
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'spending-'))
  })
  afterEach(() => rm(dataDir, { recursive: true }))
  const open = (writer: 'node' | 'verbs' = 'node', warn?: (line: string) => void): Promise<Spending> =>
    openSpending({ dataDir, writer, limits: limitsOf({ perDay: { calls: 3 } }), warn, now: () => NOON })

  it('is known after a crash, and what was under way then counts with its most', async () => {
    const before = await open()
    const { settle } = await before.reserve(charge())
    await before.reserve(charge())
    settle({ costMicro: 1, tokens: 2, calls: 1 })
    await expect.poll(async () => (await open()).today('p')).toEqual({ costMicro: 400_001, tokens: 402, calls: 2 })
    const after = await open()
    await after.reserve(charge())
    await expect(after.reserve(charge())).rejects.toMatchObject({ code: 'budget-refused' })
  })

  it('counts what verbs of the same home spend beside the node, and the other way round', async () => {
    const [node, verbs] = [await open('node'), await open('verbs')]
    await node.reserve(charge())
    await verbs.reserve(charge())
    await verbs.reserve(charge())
    for (const spending of [node, verbs]) await expect(spending.reserve(charge())).rejects.toMatchObject({ code: 'budget-refused' })
  })

  it('counts that for the provider too, and only on that day', async () => {
    const clock = { ms: NOON }
    const openAt = (writer: 'node' | 'verbs'): Promise<Spending> => openSpending({ dataDir, writer, limits: limitsOf({ perDay: { calls: 2 } }), now: () => clock.ms })
    const [node, verbs] = [await openAt('node'), await openAt('verbs')]
    await verbs.reserve(charge())
    const narrow = charge({ providerPerDay: { calls: 1 } })
    await expect(node.reserve(narrow)).rejects.toMatchObject({ code: 'budget-refused', message: expect.stringContaining('per day of p') })
    await node.reserve({ ...narrow, provider: 'q' })
    expect(node.refusal(charge())).not.toBeNull()
    clock.ms += 12 * HOUR
    expect([node.refusal(charge()), node.refusal(narrow)]).toEqual([null, null])
  })

  it('is not written by who spends nothing', async () => {
    const spending = await open()
    await spending.flush()
    expect(await readdir(dataDir)).toEqual([])
  })

  it.each(['', '{"schema":"peerage.spending/v1"}', '\u0000\u0000', '{"schema":"peerage.spending/v1","day":"2026-11-20","isUnknown":false,"providers":{"p":{"costMicro":-1,"tokens":0,"calls":0}},"others":{"costMicro":0,"tokens":0,"calls":0},"rounds":{}}'])(
    'takes the day for used up where the record is damaged (%j), keeps the pieces, and says so once',
    async (text) => {
      await writeFile(join(dataDir, 'spending.json'), text)
      const said: string[] = []
      const spending = await open('node', (line) => said.push(line))
      await expect(spending.reserve(charge())).rejects.toMatchObject({ code: 'budget-refused', message: expect.stringContaining('not known') })
      await expect((await open('node', (line) => said.push(line))).reserve(charge())).rejects.toMatchObject({ code: 'budget-refused' })
      expect(said).toHaveLength(1)
      const aside = (await readdir(dataDir)).find((file) => file.includes('damaged')) as string
      expect(await readFile(join(dataDir, aside), 'utf8')).toBe(text)
      const tomorrow = await openSpending({ dataDir, writer: 'node', limits: limitsOf({ perDay: { calls: 3 } }), now: () => NOON + 24 * HOUR })
      await tomorrow.reserve(charge())
    },
  )

  it('is refused where it cannot be written down, if there is a limit to keep', async () => {
    const failing = (limits: Partial<Limits>): Spending =>
      createSpending({ limits: limitsOf(limits), record: emptyRecord('2026-11-20'), save: () => Promise.reject(new Error('disk full')), now: () => NOON })
    const limited = failing({ perDay: { calls: 9 } })
    await expect(limited.reserve(charge())).rejects.toMatchObject({ code: 'budget-refused', message: 'what is spent cannot be written down' })
    expect(limited.today('p')).toEqual(NOTHING)
    await failing({}).reserve(charge())
    await expect(failing({}).reserve(charge({ providerPerDay: { cost: 9 } }))).rejects.toMatchObject({ code: 'budget-refused' })
  })

  it('remembers rounds only where they have a limit, and only those of late', async () => {
    const record = emptyRecord('2026-11-20')
    const clock = { ms: NOON }
    const create = (limits: Partial<Limits>): Spending => createSpending({ limits: limitsOf(limits), record, save: async () => undefined, now: () => clock.ms })
    await create({ perDay: { calls: 99 } }).reserve(charge())
    expect(record.rounds).toEqual({})
    const spending = create({ perRound: { calls: 1 } })
    const { settle } = await spending.reserve(charge({ round: 'r0' }))
    for (let number = 1; number < 2_100; number++) await spending.reserve(charge({ round: `r${number}` }))
    settle(NOTHING)
    expect([Object.keys(record.rounds).length, 'r0' in record.rounds, 'r99' in record.rounds, 'r100' in record.rounds]).toEqual([2_000, false, false, true])
    await expect(spending.reserve(charge({ round: 'r100' }))).rejects.toMatchObject({ code: 'budget-refused' })
    clock.ms += 7 * HOUR
    spending.today('p')
    expect(record.rounds).toEqual({})
  })
})

describe('the bound of a call', () => {
  it('is at least a token for each byte of the prompt, and the longest reply', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { maxLength: 4 }), fc.nat({ max: 10_000 }), (contents, maxTokens) => {
        const bytes = contents.reduce((sum, content) => sum + Buffer.byteLength(content), 0)
        const price = { input: 0.15, output: 0.6 }
        const bound = boundOf({ messages: contents.map((content) => ({ role: 'user', content })), maxTokens }, price)
        expect(bound.tokens).toBeGreaterThanOrEqual(bytes + maxTokens)
        expect(bound.costMicro).toBeGreaterThanOrEqual(costOf({ inputTokens: bytes, outputTokens: maxTokens }, price))
        expect(Number.isInteger(bound.costMicro)).toBe(true)
      }),
    )
  })

  it('costs the price of a million tokens for a million tokens, and nothing without a price', () => {
    expect(costOf({ inputTokens: 1_000_000, outputTokens: 0 }, { input: 0.15, output: 9 })).toBe(150_000)
    expect(costOf({ inputTokens: 0, outputTokens: 1 }, { input: 0, output: 0.6 })).toBe(1)
    expect(costOf({ inputTokens: 5, outputTokens: 5 }, undefined)).toBe(0)
  })
})
