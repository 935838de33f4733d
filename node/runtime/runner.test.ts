import { describe, expect, it } from 'vitest'
import { createGenesis, createMachine, sealEnvelope, type Effect, type Event, type Machine, type Message, type Notice } from '../../protocol/index.ts'
import { verify } from '../crypto.ts'
import { createMemoryStore } from '../store/memory-store-fixture.ts'
import type { Store } from '../store/store.ts'
import { createStranger } from '../test/stranger.ts'
import { createRunner, type Runner } from './runner.ts'

interface Trial {
  runner: Runner
  machine: Machine
  /** What happened, in order: `write begins`, `write ends`, types of effects, types of notices. */
  happened: string[]
  writes: number[]
  fatal: unknown[]
}

/** A lone member's machine, with a store whose writes end when `disk` lets them. */
function createTrial(disk: () => Promise<void> = () => Promise.resolve()): Trial {
  const signer = createStranger()
  const genesis = createGenesis({ name: 'runner', members: [{ id: signer.member, weight: 1 }] })
  const machine = createMachine({ genesis, signer, verify, agent: { canAnswer: false, canJudge: false, model: 'none' } })
  const inner = createMemoryStore()
  const happened: string[] = []
  const writes: number[] = []
  const fatal: unknown[] = []
  const store: Store = {
    ...inner,
    async write(changes) {
      happened.push('write begins')
      writes.push(changes.length)
      await disk()
      await inner.write(changes)
      happened.push('write ends')
    },
  }
  const perform = (effect: Effect): void => void happened.push(effect.type)
  const onNotice = (notice: Notice): void => void happened.push(notice.type)
  const runner = createRunner({ machine, store, perform, onNotice, onFatal: (error) => fatal.push(error) })
  return { runner, machine, happened, writes, fatal }
}

const askEvent = (ticket: number): Event => ({ type: 'ask', ticket, task: { kind: 'text', prompt: `task ${ticket}`, reference: null, answerMs: 1_000, judgeMs: 1_000 }, truth: null })
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function presenceFor(machine: Machine): Extract<Event, { type: 'message' }> {
  const body = { sequence: 1, canAnswer: true, canJudge: true, model: 'a stranger', links: 0, height: 0 }
  const message = sealEnvelope(machine.rules.network, 'presence', body, createStranger()) as Message
  return { type: 'message', message, from: message.author }
}

describe('createRunner', () => {
  it('has everything on disk before anything is told to anybody', async () => {
    const { promise: disk, resolve: release } = Promise.withResolvers<void>()
    const { runner, happened } = createTrial(() => disk)
    runner.dispatch(askEvent(1))
    await settled()
    expect(happened).toEqual(['write begins'])
    release()
    await runner.stop()
    expect(happened.slice(0, 2)).toEqual(['write begins', 'write ends'])
    expect(happened).toContain('publish')
    expect(happened).toContain('asked')
  })

  it('writes once for all steps that are waiting, and in later batches for what comes meanwhile', async () => {
    const { promise: disk, resolve: release } = Promise.withResolvers<void>()
    const { runner, happened, writes } = createTrial(() => disk)
    for (const ticket of [1, 2, 3]) runner.dispatch(askEvent(ticket))
    await settled()
    for (const ticket of [4, 5]) runner.dispatch(askEvent(ticket))
    release()
    await runner.stop()
    expect(writes).toHaveLength(2)
    expect(happened.filter((what) => what === 'asked')).toHaveLength(5)
  })

  it('writes nothing where there is nothing to write', async () => {
    const { runner, writes, happened } = createTrial()
    runner.dispatch({ type: 'timer', name: 'presence' })
    await runner.stop()
    expect(writes).toEqual([])
    expect(happened).toContain('publish')
  })

  it('says nothing and does nothing more once the store has failed', async () => {
    const { runner, happened, fatal } = createTrial(() => Promise.reject(new Error('the disk is full')))
    runner.dispatch(askEvent(1))
    const judged = runner.judge(presenceFor(runner.machine))
    await settled()
    runner.dispatch(askEvent(2))
    expect(await runner.judge(presenceFor(runner.machine))).toEqual({ verdict: 'ignore', code: 'not-valid-now' })
    await runner.stop()
    expect(happened).toEqual(['write begins'])
    expect(fatal).toEqual([new Error('the disk is full')])
    expect((await judged).verdict).toBe('ignore')
  })

  it('performs nothing of a batch in which a step throws, and answers whoever waits for a verdict', async () => {
    const { runner, happened, fatal } = createTrial()
    const broken = {
      get type(): 'start' {
        throw new Error('a bug')
      },
    }
    runner.dispatch(askEvent(1))
    runner.dispatch(broken)
    const judged = runner.judge(presenceFor(runner.machine))
    expect(await judged).toEqual({ verdict: 'ignore', code: 'not-valid-now' })
    await runner.stop()
    expect(happened).toEqual([])
    expect(fatal).toEqual([new Error('a bug')])
  })

  it('gives the machine\'s verdict', async () => {
    const { runner, machine } = createTrial()
    expect(await runner.judge(presenceFor(machine))).toEqual({ verdict: 'ignore', code: 'unknown-member' })
  })

  it('leaves no event waiting, whenever it comes', async () => {
    // Each event comes some turns of the microtask queue after the one before, also while the runner falls asleep.
    for (let turns = 0; turns < 40; turns++) {
      const { runner, happened } = createTrial()
      runner.dispatch(askEvent(1))
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      runner.dispatch(askEvent(2))
      await settled()
      expect(happened.filter((what) => what === 'asked'), `after ${turns} turns`).toHaveLength(2)
    }
  })

  it('persists and performs what was dispatched before its stop, and nothing after', async () => {
    const { runner, happened } = createTrial()
    runner.dispatch(askEvent(1))
    const stopped = runner.stop()
    runner.dispatch(askEvent(2))
    await stopped
    runner.dispatch(askEvent(3))
    await settled()
    expect(happened.filter((what) => what === 'asked')).toHaveLength(1)
  })
})
