import { describe, expect, it } from 'vitest'
import { closedEvent, closeRound, createServiceFixture, type ServiceFixture } from '../http/service-fixture.ts'
import type { RoundDetail } from '../service.ts'
import { followRound, watchRound, type FollowOptions } from './follow-round.ts'

const never = new AbortController().signal
const patient: FollowOptions = { signal: never, timeoutMs: 60_000 }

async function ask(fixture: ServiceFixture): Promise<RoundDetail> {
  const { round } = await fixture.service.ask({ prompt: 'x', kind: 'text' })
  return (await fixture.service.round(round)) as RoundDetail
}

function close(fixture: ServiceFixture, round: RoundDetail): void {
  const closed = closeRound(round, 'won')
  fixture.setRound(closed)
  fixture.emit(closedEvent(closed))
}

describe('following a round', () => {
  it('ends with the round as it was closed, and leaves no listener behind', async () => {
    const fixture = createServiceFixture()
    const round = await ask(fixture)
    const followed = followRound(fixture.service, round.round, patient)
    await new Promise((resolve) => setImmediate(resolve))
    close(fixture, round)
    expect(await followed).toMatchObject({ status: 'closed', winner: { text: 'won' } })
    expect(fixture.subscribers()).toBe(0)
  })

  it('looks once at a round that is closed', async () => {
    const fixture = createServiceFixture()
    const round = await ask(fixture)
    close(fixture, round)
    let looks = 0
    for await (const { events } of watchRound(fixture.service, round.round, patient)) looks += 1 + events.length
    expect(looks).toBe(1)
  })

  it('shows every event of the round once, in order, and none of another', async () => {
    const fixture = createServiceFixture()
    const [other, round] = [await ask(fixture), await ask(fixture)]
    const phases: string[] = []
    for await (const { events } of watchRound(fixture.service, round.round, patient)) {
      if (phases.length === 0) {
        for (const phase of ['answer-reveal', 'ballot-commit'] as const) {
          for (const each of [other, round]) fixture.emit({ type: 'phase-entered', round: each.round, phase, height: 1 })
        }
        phases.push('first look')
      }
      for (const event of events) phases.push(event.type === 'phase-entered' ? `${event.phase} of ${event.round}` : event.type)
      if (phases.length === 3) close(fixture, round)
    }
    expect(phases).toEqual(['first look', `answer-reveal of ${round.round}`, `ballot-commit of ${round.round}`, 'round-closed'])
  })

  it('ends early when the time is up, or once enough is known', async () => {
    const fixture = createServiceFixture()
    const round = await ask(fixture)
    expect((await followRound(fixture.service, round.round, { signal: never, timeoutMs: 5 })).status).toBe('open')
    expect((await followRound(fixture.service, round.round, { ...patient, until: ({ phase }) => phase === 'answer-commit' })).status).toBe('open')
    expect(fixture.subscribers()).toBe(0)
  })

  it("rejects with the signal's reason, at once and midway", async () => {
    const fixture = createServiceFixture()
    const { round } = await ask(fixture)
    const gone = new AbortController()
    const followed = followRound(fixture.service, round, { ...patient, signal: gone.signal })
    await new Promise((resolve) => setImmediate(resolve))
    gone.abort(new Error('gone'))
    await expect(followed).rejects.toThrow('gone')
    await expect(followRound(fixture.service, round, { ...patient, signal: gone.signal })).rejects.toThrow('gone')
    expect(fixture.subscribers()).toBe(0)
  })

  it('rejects for a round that nobody knows', async () => {
    await expect(followRound(createServiceFixture().service, 'nothing', patient)).rejects.toMatchObject({ code: 'unknown-round' })
  })
})
