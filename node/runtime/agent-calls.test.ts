import { describe, expect, it } from 'vitest'
import { LIMITS, type Effect, type Event, type Task } from '../../protocol/index.ts'
import { AgentError, type Agent, type AgentComparison, type Answer } from '../agents/agent.ts'
import { createAgentCalls, type AgentCalls, type AgentCallsInit } from './agent-calls.ts'

const ROUND = 'a'.repeat(64)
const task: Task = { kind: 'text', prompt: 'what?', reference: 'label', answerMs: 1_000, judgeMs: 1_000 }
const askAnswer: Extract<Effect, { type: 'ask-agent'; job: 'answer' }> = { type: 'ask-agent', round: ROUND, job: 'answer', task }
const askBallot: Extract<Effect, { type: 'ask-agent'; job: 'judge' }> = {
  type: 'ask-agent',
  round: ROUND,
  job: 'judge',
  task,
  answers: [
    { author: 'one', content: { text: 'x', value: null } },
    { author: 'two', content: { text: 'y', value: 'Y' } },
  ],
  pairs: [{ left: 0, right: 1 }],
}

interface Trial {
  calls: AgentCalls
  events: Event[]
  errors: AgentError[]
}

function createTrial(overrides: Partial<Agent>, whose: Partial<Pick<AgentCallsInit, 'askers' | 'askerOf'>> = {}): Trial {
  const agent: Agent = { model: 'test', canAnswer: true, canJudge: true, answer: async () => null, judge: async () => [], close: async () => undefined, ...overrides }
  const events: Event[] = []
  const errors: AgentError[] = []
  return { calls: createAgentCalls({ agent, askers: 'anyone', askerOf: () => 'somebody', self: 'me', ...whose, dispatch: (event) => events.push(event), onError: (error) => errors.push(error) }), events, errors }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
/** An agent's call that ends only when it is told to. */
const untilAborted = (signal: AbortSignal): Promise<never> => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))

async function answerWith(answer: Answer | null): Promise<{ event: Event | undefined; errors: AgentError[] }> {
  const { calls, events, errors } = createTrial({ answer: async () => answer })
  calls.ask(askAnswer)
  await settled()
  expect(events).toHaveLength(1)
  return { event: events[0], errors }
}

async function judgeWith(comparisons: AgentComparison[]): Promise<Extract<Event, { type: 'judged' }>> {
  const { calls, events } = createTrial({ judge: async () => comparisons })
  calls.ask(askBallot)
  await settled()
  expect(events).toMatchObject([{ type: 'judged', round: ROUND }])
  return events[0] as Extract<Event, { type: 'judged' }>
}

describe('createAgentCalls', () => {
  it('hands the task over and the answer back, with a fresh salt each time', async () => {
    const seen: unknown[] = []
    const { calls, events } = createTrial({
      answer: async (given) => {
        seen.push(given)
        return { text: 'because', value: 'B' }
      },
    })
    calls.ask(askAnswer)
    await settled()
    calls.ask(askAnswer)
    await settled()
    expect(seen[0]).toEqual({ round: ROUND, kind: 'text', prompt: 'what?', reference: 'label', isOwn: false })
    expect(events).toMatchObject([{ type: 'answered', round: ROUND, answer: { text: 'because', value: 'B' } }, { type: 'answered' }])
    const salts = events.map((event) => ('salt' in event ? Buffer.from(event.salt).toString('hex') : ''))
    expect([salts[0]?.length, new Set(salts).size]).toEqual([64, 2])
  })

  it('hands answers and pairs over and comparisons back, extra fields left out', async () => {
    const event = await judgeWith([{ left: 0, right: 1, verdict: 'right', reason: 'clearer', confidence: 1 } as AgentComparison])
    expect(event.ballot).toEqual({ comparisons: [{ left: 0, right: 1, verdict: 'right', reason: 'clearer' }] })
  })

  it('passes where the agent abstains', async () => {
    expect((await answerWith(null)).event).toMatchObject({ type: 'answered', answer: null })
    expect((await judgeWith([])).ballot).toBeNull()
  })

  it('passes, and says so, where the agent fails, whatever it throws', async () => {
    const failures: [Error, string][] = [
      [new AgentError('rate-limited', 'later'), 'rate-limited'],
      [new TypeError('a bug in the agent'), 'malformed-reply'],
      ['a text' as unknown as Error, 'malformed-reply'],
      [undefined as unknown as Error, 'malformed-reply'],
    ]
    for (const [failure, code] of failures) {
      const { calls, events, errors } = createTrial({ answer: () => Promise.reject(failure), judge: () => Promise.reject(failure) })
      calls.ask(askAnswer)
      calls.ask(askBallot)
      await settled()
      expect(events).toMatchObject([{ type: 'answered', answer: null }, { type: 'judged', ballot: null }])
      expect(errors.map((error) => error.code)).toEqual([code, code])
    }
  })

  it('passes where the agent throws before it has promised anything', async () => {
    const { calls, events, errors } = createTrial({
      answer: () => {
        throw new Error('at once')
      },
    })
    calls.ask(askAnswer)
    await settled()
    expect([events.length, errors[0]?.message]).toEqual([1, 'at once'])
  })

  it('takes the largest answer there may be, and passes for a larger one', async () => {
    const text = 'x'.repeat(LIMITS.answerLengthMax)
    expect((await answerWith({ text, value: 'v'.repeat(LIMITS.valueLengthMax) })).event).toMatchObject({ answer: { text } })
    for (const answer of [{ text: `${text}x`, value: null }, { text: 'x', value: 'v'.repeat(LIMITS.valueLengthMax + 1) }]) {
      const { event, errors } = await answerWith(answer)
      expect(event).toMatchObject({ type: 'answered', answer: null })
      expect(errors).toHaveLength(1)
    }
  })

  it('keeps as many comparisons and as much of a reason as fit', async () => {
    const many = Array.from({ length: LIMITS.comparisonsMax + 5 }, () => ({ left: 0, right: 1, verdict: 'tie', reason: 'z'.repeat(LIMITS.reasonLengthMax + 5) }) as const)
    const { ballot } = await judgeWith(many)
    expect(ballot?.comparisons).toHaveLength(LIMITS.comparisonsMax)
    expect(ballot?.comparisons[0]?.reason).toHaveLength(LIMITS.reasonLengthMax)
  })

  it('says nothing of a call that was stopped, also where the agent answers all the same', async () => {
    for (const answer of [(_: unknown, signal: AbortSignal) => untilAborted(signal), async (_: unknown, signal: AbortSignal) => untilAborted(signal).catch(() => ({ text: 'too late', value: null }))]) {
      const { calls, events, errors } = createTrial({ answer })
      calls.ask(askAnswer)
      await settled()
      calls.stopOne(ROUND, 'answer')
      await settled()
      expect([events, errors]).toEqual([[], []])
    }
  })

  it('stops the job that is meant, and all at the end', async () => {
    const aborted: string[] = []
    const note = (job: string, signal: AbortSignal): Promise<never> => {
      signal.addEventListener('abort', () => aborted.push(job))
      return untilAborted(signal)
    }
    const { calls } = createTrial({ answer: (_, signal) => note('answer', signal), judge: (_, signal) => note('judge', signal) })
    calls.ask(askAnswer)
    calls.ask(askBallot)
    calls.ask({ ...askAnswer, round: 'b'.repeat(64) })
    calls.stopOne(ROUND, 'answer')
    calls.stopOne('c'.repeat(64), 'judge')
    expect(aborted).toEqual(['answer'])
    calls.stop()
    expect(aborted.sort()).toEqual(['answer', 'answer', 'judge'])
  })

  it('makes one call for a round and job at a time', async () => {
    let count = 0
    const { calls } = createTrial({
      answer: (_, signal) => {
        count++
        return untilAborted(signal)
      },
    })
    calls.ask(askAnswer)
    calls.ask(askAnswer)
    expect(count).toBe(1)
    calls.stop()
  })
})

describe('grades', () => {
  const ask: Extract<Effect, { type: 'ask-agent'; job: 'grade' }> = { type: 'ask-agent', round: ROUND, job: 'grade', task, answers: [{ text: 'x', value: null }, { text: 'y', value: 'Y' }], draws: 2 }
  const gradeWith = async (grade: Agent['grade']): Promise<Pick<Trial, 'events' | 'errors'>> => {
    const { calls, events, errors } = createTrial(grade === undefined ? {} : { grade })
    calls.ask(ask)
    await settled()
    expect(events).toMatchObject([{ type: 'graded', round: ROUND }])
    return { events, errors }
  }

  it('are handed back in micro-units, no more of them than asked for', async () => {
    expect(await gradeWith(async ({ answers, draws }) => answers.map(({ text }) => (text === 'x' ? [0, 1, 0.5] : [1 / 3, draws / 2])))).toMatchObject({ events: [{ grades: { grades: [[0, 1_000_000], [333_333, 1_000_000]] } }], errors: [] })
  })

  it('are a pass where the agent cannot grade or abstains', async () => {
    expect(await gradeWith(undefined)).toMatchObject({ events: [{ grades: null }], errors: [] })
    expect(await gradeWith(async () => [])).toMatchObject({ events: [{ grades: null }], errors: [] })
  })

  it('are a pass, and reported, where they are out of range or not of all answers', async () => {
    for (const grades of [[[0.5], [1.5]], [[0.5], [-0.1]], [[0.5], [Number.NaN]], [[0.5]], [[0.5], []]]) {
      expect(await gradeWith(async () => grades)).toMatchObject({ events: [{ grades: null }], errors: [{ code: 'malformed-reply' }] })
    }
  })
})

describe('whose rounds an agent works on', () => {
  const answerFor = async (asker: string | null, askers: AgentCallsInit['askers']): Promise<{ asked: (boolean | undefined)[]; errors: AgentError[]; events: Event[] }> => {
    const asked: (boolean | undefined)[] = []
    const answer: Agent['answer'] = async ({ isOwn }) => {
      asked.push(isOwn)
      return { text: 'x', value: null }
    }
    const { calls, events, errors } = createTrial({ answer }, { askers, askerOf: () => asker })
    calls.ask(askAnswer)
    await settled()
    return { asked, errors, events }
  }

  it.each([
    ['me', 'self', true],
    ['somebody', 'anyone', false],
    ['somebody', ['somebody'], false],
    ['me', ['somebody'], true],
    [null, 'anyone', false],
  ] as const)('is asked by %j where %j may: it is told whether that is its owner', async (asker, askers, isOwn) => {
    expect(await answerFor(asker, askers)).toMatchObject({ asked: [isOwn], errors: [], events: [{ type: 'answered', answer: { text: 'x' } }] })
  })

  it.each([
    ['somebody', 'self'],
    ['somebody', ['other']],
    [null, ['somebody']],
  ] as const)('passes, and says why, on a round of %j where %j may ask', async (asker, askers) => {
    expect(await answerFor(asker, askers)).toMatchObject({ asked: [], errors: [{ code: 'budget-refused' }], events: [{ type: 'answered', answer: null }] })
  })
})
