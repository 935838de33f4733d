import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, it, vi } from 'vitest'
import { closedEvent, closeRound, createServiceFixture, type ServiceFixture } from '../http/service-fixture.ts'
import type { RoundDetail } from '../service.ts'
import { accessService } from './node-access.ts'
import { serveStdio } from './serve-stdio.ts'

const LONG_MS = 60_000

interface Trial {
  fixture: ServiceFixture
  say(message: object): void
  input: PassThrough
  /** The replies by the id of their request, once it has ended. */
  done: Promise<Record<string, unknown>>
  interrupt(): void
}

function start(lastAnswersMs: number): Trial {
  const fixture = createServiceFixture()
  const [input, output] = [new PassThrough(), new PassThrough()]
  const controller = new AbortController()
  const failures: unknown[] = []
  const served = serveStdio(accessService(fixture.service), { signal: controller.signal, onError: (error) => failures.push(error), input, output, lastAnswersMs }).then(() => output.end())
  const say = (message: object): void => void input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  say({ id: 'hello', method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } } })
  say({ method: 'notifications/initialized' })
  const done = Promise.all([text(output), served]).then(([lines]) => {
    expect(failures).toEqual([])
    const messages = lines.trim().split('\n').map((line) => JSON.parse(line) as { id?: string })
    return Object.fromEntries(messages.map((message) => [message.id ?? '', message]))
  })
  return { fixture, say, input, done, interrupt: () => controller.abort() }
}

const callTool = (id: string, name: string, given: object) => ({ id, method: 'tools/call', params: { name, arguments: given } })
const ask = callTool('ask', 'ask', { prompt: 'six times seven', waitSeconds: 300 })
const untilFollowed = ({ fixture }: Trial): Promise<void> => vi.waitFor(() => expect(fixture.subscribers()).toBe(1))

async function closeFirst({ fixture }: Trial): Promise<void> {
  const closed = closeRound((await fixture.service.round('round-1')) as RoundDetail, '42')
  fixture.setRound(closed)
  fixture.emit(closedEvent(closed))
}

it('answers, after the end of its input, what was asked before, and then ends', async () => {
  const trial = start(LONG_MS)
  trial.say(ask)
  trial.input.end(`${JSON.stringify({ jsonrpc: '2.0', ...callTool('last', 'status', {}) })}\n`)
  await untilFollowed(trial)
  await closeFirst(trial)
  const replies = await trial.done
  expect(Object.keys(replies).sort()).toEqual(['ask', 'hello', 'last'])
  expect(replies['ask']).toMatchObject({ result: { structuredContent: { status: 'closed', winner: { text: '42' } } } })
})

it('ends with its input where nothing is under way', async () => {
  const trial = start(LONG_MS)
  trial.input.end()
  expect(Object.keys(await trial.done)).toEqual(['hello'])
})

it('waits no longer than it may, and leaves nothing behind', async () => {
  const trial = start(20)
  trial.say(ask)
  trial.input.end()
  expect(Object.keys(await trial.done)).toEqual(['hello'])
  await vi.waitFor(() => expect(trial.fixture.subscribers()).toBe(0))
})

it('waits for nothing that was called off', async () => {
  const trial = start(LONG_MS)
  trial.say(ask)
  await untilFollowed(trial)
  trial.say({ method: 'notifications/cancelled', params: { requestId: 'ask' } })
  trial.input.end()
  expect(Object.keys(await trial.done)).toEqual(['hello'])
})

it('ends at once when it is told to, whatever is under way', async () => {
  const trial = start(LONG_MS)
  trial.say(ask)
  await untilFollowed(trial)
  trial.interrupt()
  expect(Object.keys(await trial.done)).toEqual(['hello'])
})
