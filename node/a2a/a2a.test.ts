/** The official client against a real network: card, signature, tasks, streams, refusals. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { AgentCard, Role, TaskState, verifyAgentCardSignature } from '@a2a-js/sdk'
import type { SendMessageRequest, StreamResponse, Task } from '@a2a-js/sdk'
import { ClientFactory, DefaultAgentCardResolver, JsonRpcTransportFactory, type Client } from '@a2a-js/sdk/client'
import { base58btc } from 'multiformats/bases/base58'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { startEmbeddedNetwork, type EmbeddedNetwork } from '../test/embedded-network.ts'
import type { ReputationDocument, RunningNode } from '../service.ts'
import { createCard, legacyCard, REPUTATION_EXTENSION, ROUND_EXTENSION } from './card.ts'
import { ANSWER_ARTIFACT, ROUND_ARTIFACT } from './task.ts'

let network: EmbeddedNetwork
let node: RunningNode
let client: Client
beforeAll(async () => {
  network = await startEmbeddedNetwork()
  node = network.nodes[0] as RunningNode
  client = await new ClientFactory().createFromUrl(node.apiUrl)
})
afterAll(() => network.stop())

/** As node/a2a/README.md says: a member id is the base58 text of six fixed bytes and the public key. */
const keyOf = async (memberId: string): Promise<KeyObject> => {
  const x = Buffer.from(base58btc.decode(`z${memberId}`).slice(6)).toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

const fetchCard = async (at: string): Promise<AgentCard> => AgentCard.fromJSON(await (await fetch(`${at}/.well-known/agent-card.json`)).json())

let messages = 0
const message = (text: string, more: Partial<SendMessageRequest['message'] & object> = {}): SendMessageRequest['message'] => ({
  messageId: `message-${++messages}`,
  contextId: '',
  taskId: '',
  role: Role.ROLE_USER,
  parts: [{ content: { $case: 'text', value: text }, metadata: undefined, filename: '', mediaType: 'text/plain' }],
  metadata: { [ROUND_EXTENSION]: { kind: 'number' } },
  extensions: [],
  referenceTaskIds: [],
  ...more,
})

const request = (given = message('six times seven'), returnImmediately = false): SendMessageRequest => ({
  tenant: '',
  message: given,
  configuration: { acceptedOutputModes: [], taskPushNotificationConfig: undefined, returnImmediately },
  metadata: undefined,
})

const collect = async (stream: AsyncIterable<StreamResponse>): Promise<NonNullable<StreamResponse['payload']>[]> => {
  const payloads = []
  for await (const { payload } of stream) if (payload !== undefined) payloads.push(payload)
  return payloads
}

const textOf = ({ parts }: { parts: { content?: { $case: string; value: unknown } | undefined }[] }): unknown => parts[0]?.content?.value

describe('the agent card', () => {
  it('is signed with the key that the member id holds', async () => {
    const { memberId } = node.service.status()
    const asked: string[] = []
    const verify = verifyAgentCardSignature(async (kid) => {
      asked.push(kid)
      return keyOf(kid)
    })
    const card = await client.getAgentCard(undefined, verify)
    expect([asked, card.name]).toEqual([[memberId], `Peerage ${node.service.status().name}`])
  })

  it('does not verify when a word of it is changed, or under the key of another', async () => {
    const card = await fetchCard(node.apiUrl)
    const told = vi.spyOn(console, 'debug').mockImplementation(() => undefined)
    onTestFinished(() => told.mockRestore())
    const other = network.nodes[1]?.service.status().memberId ?? ''
    await expect(verifyAgentCardSignature(keyOf)(card)).resolves.toBeUndefined()
    await expect(verifyAgentCardSignature(keyOf)({ ...card, description: 'trust me' })).rejects.toThrow()
    await expect(verifyAgentCardSignature(() => keyOf(other))(card)).rejects.toThrow()
  })

  it('points at a reputation that every node gives the same bytes of', async () => {
    const { capabilities } = await fetchCard(node.apiUrl)
    const pointer = capabilities?.extensions.find(({ uri }) => uri === REPUTATION_EXTENSION)?.params as Record<string, string>
    const { memberId, networkId } = node.service.status()
    expect(pointer).toMatchObject({ member: memberId, network: networkId, height: expect.any(Number), stateRoot: expect.stringMatching(/^[0-9a-f]{64}$/) })
    const url = new URL(pointer['reputation'] as string)
    const documents = await Promise.all(network.nodes.map(async ({ apiUrl }) => (await fetch(`${apiUrl}${url.pathname}${url.search}`)).text()))
    expect(new Set(documents).size).toBe(1)
    expect(JSON.parse(documents[0] as string) as ReputationDocument).toMatchObject({ member: memberId, height: pointer['height'] })
  })

  it('asks for the token where the node has one', () => {
    const { securitySchemes, securityRequirements } = createCard(node.service.status(), 'http://127.0.0.1:1', true)
    expect([securitySchemes['bearer']?.scheme?.$case, securityRequirements]).toEqual(['httpAuthSecurityScheme', [{ schemes: { bearer: { list: [] } } }]])
  })
})

describe('a task', () => {
  it('is a round: it is completed with the winning answer, and is the same later and without its history', async () => {
    const task = (await client.sendMessage(request(message('six times seven', { contextId: 'conversation-1' })))) as Task
    expect(task).toMatchObject({ contextId: 'conversation-1', status: { state: TaskState.TASK_STATE_COMPLETED } })
    expect(task.artifacts.map(({ artifactId }) => artifactId)).toEqual([ANSWER_ARTIFACT, ROUND_ARTIFACT])
    expect(textOf(task.artifacts[0] as never)).toBe('It is 42.')
    expect(textOf(task.artifacts[1] as never)).toMatchObject({ round: task.id, rated: true, winner: { value: '42' }, answers: [{}, {}, {}] })
    expect(task.history.map((said) => [said.role, textOf(said as never)])).toEqual([[Role.ROLE_USER, 'six times seven']])
    expect(await client.getTask({ tenant: '', id: task.id })).toEqual(task)
    expect(await client.getTask({ tenant: '', id: task.id, historyLength: 0 })).toEqual({ ...task, history: [] })
    expect(await node.service.round(task.id)).toMatchObject({ status: 'closed', reference: 'conversation-1' })
  })

  it('is held as the metadata of the call says, where that of the message says nothing', async () => {
    const about = { kind: 'number', reference: 'of the call', answerMs: 20_000, judgeMs: 30_000 }
    const { id } = (await client.sendMessage({ ...request(message('six times seven', { metadata: { 'urn:example:other': 1 } })), metadata: { [ROUND_EXTENSION]: about, other: true } })) as Task
    expect(await node.service.round(id)).toMatchObject({ kind: 'number', reference: 'of the call', task: { answerMs: 20_000, judgeMs: 30_000 } })
  })

  it('need not be waited for, and can be followed to its end', async () => {
    const task = (await client.sendMessage(request(undefined, true))) as Task
    expect(task.status?.state).not.toBe(TaskState.TASK_STATE_COMPLETED)
    const payloads = await collect(client.resubscribeTask({ tenant: '', id: task.id }))
    expect(payloads[0]).toMatchObject({ $case: 'task', value: { id: task.id } })
    expect(payloads.at(-1)).toMatchObject({ $case: 'statusUpdate', value: { taskId: task.id, status: { state: TaskState.TASK_STATE_COMPLETED } } })
    expect((await client.getTask({ tenant: '', id: task.id })).status?.state).toBe(TaskState.TASK_STATE_COMPLETED)
  })

  it('streams: the task, progress in words, the answer, the round, the end', async () => {
    const payloads = await collect(client.sendMessageStream(request()))
    const kinds = payloads.map(({ $case }) => $case)
    expect([kinds[0], kinds.at(-1), kinds.filter((kind) => kind === 'artifactUpdate')]).toEqual(['task', 'statusUpdate', ['artifactUpdate', 'artifactUpdate']])
    const updates = payloads.flatMap((payload) => (payload.$case === 'statusUpdate' ? [payload.value] : []))
    expect(updates.map(({ status }) => status?.state === TaskState.TASK_STATE_WORKING)).toEqual(updates.map((_, index) => index < updates.length - 1))
    expect(updates.map(({ status }) => textOf(status?.message as never)).join(' ')).toMatch(/answers are in.*won/)
    const ids = updates.map(({ status }) => status?.message?.messageId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('is the same when its message is sent again, and none when that says something else', async () => {
    const sent = message('six times seven')
    const [one, two] = (await Promise.all([client.sendMessage(request(sent)), client.sendMessage(request(sent))])) as [Task, Task]
    expect(two.id).toBe(one.id)
    const other = message('seven times six', { messageId: sent?.messageId ?? '' })
    await expect(client.sendMessage(request(other))).rejects.toMatchObject({ name: 'RequestMalformedError', message: expect.stringMatching(/another task/) })
  })

  it('cannot be called off, continued, or followed after its end', async () => {
    const { id } = (await client.sendMessage(request())) as Task
    await expect(client.cancelTask({ tenant: '', id, metadata: undefined })).rejects.toMatchObject({ name: 'TaskNotCancelableError' })
    await expect(client.sendMessage(request(message('go on', { taskId: id })))).rejects.toMatchObject({ name: 'UnsupportedOperationError' })
    await expect(collect(client.resubscribeTask({ tenant: '', id }))).rejects.toMatchObject({ name: 'UnsupportedOperationError' })
  })
})

describe('the list of tasks', () => {
  const list = (more: Partial<Parameters<Client['listTasks']>[0]>): ReturnType<Client['listTasks']> =>
    client.listTasks({ tenant: '', contextId: '', status: TaskState.TASK_STATE_UNSPECIFIED, pageToken: '', statusTimestampAfter: undefined, ...more })

  it('has the rounds that this node asked, page by page, the newest first', async () => {
    const ids: string[] = []
    for (let number = 0; number < 3; number++) ids.unshift(((await client.sendMessage(request(message('six times seven', { contextId: 'list' })))) as Task).id)
    const other = network.nodes[1] as RunningNode
    await other.service.ask({ kind: 'number', prompt: 'six times seven', reference: 'list' })
    const first = await list({ contextId: 'list', pageSize: 2 })
    expect([first.tasks.map(({ id }) => id), first.totalSize, first.tasks[0]?.artifacts]).toEqual([ids.slice(0, 2), 3, []])
    const rest = await list({ contextId: 'list', pageSize: 2, pageToken: first.nextPageToken, includeArtifacts: true })
    expect([rest.tasks.map(({ id }) => id), rest.nextPageToken, rest.tasks[0]?.artifacts.length]).toEqual([ids.slice(2), '', 2])
    expect((await list({ contextId: 'list', status: TaskState.TASK_STATE_FAILED })).tasks).toEqual([])
  })

  it.each([
    [{ pageSize: 101 }, 'RequestMalformedError', /pageSize/],
    [{ pageToken: 'x' }, 'RequestMalformedError', /pageToken/],
    [{ statusTimestampAfter: '2026-01-01T00:00:00Z' }, 'UnsupportedOperationError', /heights/],
  ])('refuses %o', async (more, name, said) => {
    await expect(list(more)).rejects.toMatchObject({ name, message: expect.stringMatching(said) })
  })
})

describe('A2A 0.3', () => {
  const legacyCompat = { enabled: true }
  const fetchImpl: typeof fetch = (input, init) => fetch(input, { ...init, headers: { 'a2a-version': '0.3' } })
  const connect = (): Promise<Client> =>
    new ClientFactory({ transports: [new JsonRpcTransportFactory({ legacyCompat })], cardResolver: new DefaultAgentCardResolver({ legacyCompat, fetchImpl }) }).createFromUrl(node.apiUrl)

  it('has its card, tasks and streams, too', async () => {
    const legacy = await connect()
    expect([legacy.protocolVersion, (await legacy.getAgentCard()).skills[0]?.id]).toEqual(['0.3', 'ask'])
    const task = (await legacy.sendMessage(request())) as Task
    expect([task.status?.state, textOf(task.artifacts[0] as never)]).toEqual([TaskState.TASK_STATE_COMPLETED, 'It is 42.'])
    const { id } = (await legacy.sendMessage({ ...request(message('six times seven', { metadata: undefined })), metadata: { [ROUND_EXTENSION]: { kind: 'number', answerMs: 20_000 } } })) as Task
    expect(await node.service.round(id)).toMatchObject({ kind: 'number', task: { answerMs: 20_000 } })
    expect((await legacy.getTask({ tenant: '', id: task.id })).id).toBe(task.id)
    const payloads = await collect(legacy.sendMessageStream(request()))
    expect([payloads[0]?.$case, payloads.at(-1)?.$case]).toEqual(['task', 'statusUpdate'])
    await expect(legacy.cancelTask({ tenant: '', id: task.id, metadata: undefined })).rejects.toThrow(/closed/)
  })

  it('finds its address in the card that clients get that name no version', async () => {
    const card: unknown = await (await fetch(`${node.apiUrl}/.well-known/agent-card.json`)).json()
    expect(card).toMatchObject({ url: `${node.apiUrl}/a2a`, preferredTransport: 'JSONRPC', protocolVersion: '0.3.0', signatures: [{}] })
    const message = { kind: 'message', messageId: 'legacy-1', role: 'user', parts: [{ kind: 'text', text: 'six times seven' }] }
    const reply = await fetch(`${node.apiUrl}/a2a`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'message/send', params: { message } }) })
    expect(await reply.json()).toMatchObject({ id: 1, result: { kind: 'task', status: { state: 'completed' }, artifacts: [{ parts: [{ kind: 'text', text: 'It is 42.' }] }, {}] } })
  })

  it('asks for the token as that version writes it', () => {
    expect(legacyCard(createCard(node.service.status(), 'http://127.0.0.1:1', true))).toMatchObject({ url: 'http://127.0.0.1:1/a2a', securitySchemes: { bearer: { type: 'http' } }, security: [{ bearer: [] }] })
  })
})

describe('what is refused', () => {
  const raw = async (body: unknown, headers: Record<string, string> = {}): Promise<unknown> =>
    (await fetch(`${node.apiUrl}/a2a`, { method: 'POST', headers: { 'content-type': 'application/json', 'a2a-version': '1.0', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) })).json()

  it.each([
    ['an unknown task', () => client.getTask({ tenant: '', id: 'f'.repeat(64) }), 'TaskNotFoundError', /no round/],
    ['a message without text', () => client.sendMessage(request(message('', { parts: [] }))), 'RequestMalformedError', /prompt/],
    ['a file', () => client.sendMessage(request(message('', { parts: [{ content: { $case: 'url', value: 'https://example.org/x.png' }, metadata: undefined, filename: '', mediaType: 'image/png' }] }))), 'ContentTypeNotSupportedError', /files/],
    ['an unknown kind', () => client.sendMessage(request(message('x', { metadata: { [ROUND_EXTENSION]: { kind: 'poem' } } }))), 'RequestMalformedError', /kind/],
    ['metadata that says twice how the round is held', () => client.sendMessage({ ...request(), metadata: { [ROUND_EXTENSION]: { kind: 'number' } } }), 'RequestMalformedError', /message\.metadata\[.*already/],
    ['an unknown field of ours', () => client.sendMessage({ ...request(message('x', { metadata: undefined })), metadata: { [ROUND_EXTENSION]: { answer_ms: 1 } } }), 'RequestMalformedError', /answer_ms/],
    ['an unknown key of ours', () => client.sendMessage({ ...request(), metadata: { peerage: { kind: 'number' } } }), 'RequestMalformedError', /metadata\["peerage"\].*urn:peerage:a2a:round:v1/],
    ['a reference beside another context', () => client.sendMessage(request(message('x', { contextId: 'a', metadata: { [ROUND_EXTENSION]: { reference: 'b' } } }))), 'RequestMalformedError', /contextId/],
    ['a truth that cannot be compared', () => client.sendMessage(request(message('x', { metadata: { [ROUND_EXTENSION]: { truth: { accepted: ['y'] } } } }))), 'RequestMalformedError', /truth/],
    ['a task that streams and is none', () => collect(client.sendMessageStream(request(message('', { parts: [] })))), 'RequestMalformedError', /prompt/],
  ])('%s', async (_, call, name, said) => {
    await expect(call()).rejects.toMatchObject({ name, message: expect.stringMatching(said) })
  })

  it.each([
    ['another version', { jsonrpc: '2.0', id: 7, method: 'GetTask', params: { id: 'x' } }, { 'a2a-version': '2.0' }, { id: 7, error: { code: -32009 } }],
    ['an unknown method', { jsonrpc: '2.0', id: 7, method: 'message/send', params: {} }, {}, { id: 7, error: { code: -32601 } }],
    ['what is no JSON', '{', {}, { id: null, error: { code: -32700 } }],
    ['what is no request', 'null', {}, { id: null, error: { code: -32600, message: expect.stringContaining('one JSON-RPC request') } }],
    ['several at once', [{ jsonrpc: '2.0', id: 7, method: 'GetTask', params: { id: 'x' } }], {}, { id: null, error: { code: -32600 } }],
    ['push notifications', { jsonrpc: '2.0', id: 7, method: 'CreateTaskPushNotificationConfig', params: { taskId: 'x', url: 'https://example.org' } }, {}, { id: 7, error: { code: -32003 } }],
    ['another type than JSON', 'x', { 'content-type': 'text/plain' }, { code: 'unsupported-media-type' }],
    ['a foreign origin', {}, { origin: 'https://example.org' }, { code: 'forbidden-origin' }],
  ])('%s', async (_, body, headers, said) => {
    expect(await raw(body, headers as Record<string, string>)).toMatchObject(said)
  })
})
