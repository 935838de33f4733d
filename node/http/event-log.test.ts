import { describe, expect, it } from 'vitest'
import type { NodeEvent } from '../service.ts'
import { createEventLog } from './event-log.ts'
import { createServiceFixture } from './service-fixture.ts'

const block = (height: number): NodeEvent => ({ type: 'block-final', height, hash: '', entries: 0 })

function logged(count: number, event = block) {
  const fixture = createServiceFixture()
  const log = createEventLog(fixture.service)
  const ids: string[] = []
  log.subscribe(({ id }) => ids.push(id))
  for (let height = 1; height <= count; height++) fixture.emit(event(height))
  return { log, ids, fixture }
}

describe('createEventLog', () => {
  it('gives exactly the events after an id', () => {
    const { log, ids } = logged(10)
    for (const [index, id] of ids.entries()) {
      const { gap, events } = log.since(id)
      expect([gap, events.map((event) => event.id)]).toEqual([null, ids.slice(index + 1)])
    }
  })
  it('keeps a bounded number of events, and says when older ones are asked for', () => {
    const { log, ids } = logged(5_000)
    const { gap, events } = log.since(ids[0] as string)
    expect([gap?.reason, events.length]).toEqual(['too-old', 4_096])
    expect(log.since(gap?.id as string)).toEqual({ gap: null, events })
  })
  it('keeps a bounded number of characters', () => {
    const prompt = 'x'.repeat(60_000)
    const { log, ids } = logged(200, (height) => ({ type: 'round-opened', round: String(height), height, asker: '', askerName: '', kind: 'text', prompt }))
    const { events } = log.since(ids[0] as string)
    expect(events.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThanOrEqual(4_194_304)
    expect(events.at(-1)?.id).toBe(ids.at(-1))
  })
  it('takes an id from the future for none of its own', () => {
    const { log, ids } = logged(2)
    expect(log.since((ids[1] as string).replace(/-2$/, '-3')).gap?.reason).toBe('unknown-id')
  })
  it('ends its subscription', () => {
    const { log, fixture } = logged(1)
    log.close()
    expect(fixture.subscribers()).toBe(0)
  })
})
