import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateTask } from '../../protocol/index.ts'
import type { RoundDetail } from '../service.ts'
import { startTestnet, type Testnet } from './testnet-processes.ts'

let testnet: Testnet

beforeAll(async () => {
  testnet = await startTestnet({ nodes: 1 })
}, 60_000)
afterAll(() => testnet.stop())

const TASK = JSON.stringify({ kind: 'countdown', prompt: generateTask('countdown', 'restart') })
const apiUrl = (): string => testnet.nodes[0]?.client.url as string
const ask = async (body = TASK): Promise<Response> =>
  fetch(`${apiUrl()}/api/v1/rounds`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'idempotency-key': 'once' } })

/** The first event after an id, as it was sent. */
async function firstEvent(after: string): Promise<string> {
  const response = await fetch(`${apiUrl()}/api/v1/events?after=${after}`)
  let text = ''
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    text += new TextDecoder().decode(chunk)
    if (text.includes('\n\n')) break
  }
  return text
}

describe('the API of a node that was killed and started again', () => {
  it('knows the keys of before, and tells a reader of events that it has missed some', async () => {
    const asked = await ask()
    const { round } = (await asked.json()) as { round: string }
    const closed = (await (await fetch(`${apiUrl()}/api/v1/rounds/${round}?wait=30`)).json()) as RoundDetail
    expect([asked.status, closed.status]).toEqual([202, 'closed'])
    const id = /^id: (\S+)$/m.exec(await firstEvent('none'))?.[1] as string

    await testnet.kill(0)
    await testnet.restart(0)
    expect(await (await ask()).json()).toEqual({ schema: 'peerage.ask/v1', round })
    expect(await (await ask(TASK.replace('countdown', 'text'))).json()).toMatchObject({ status: 422, code: 'key-reused' })
    expect(await (await fetch(`${apiUrl()}/api/v1/rounds/${round}`)).json()).toEqual({ ...closed, timings: [] })
    expect(await firstEvent(id)).toContain('"reason":"restarted"')
  }, 60_000)
})
