import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agentConfigSchema, createAgent } from './create-agent.ts'
import type { AgentConfig } from './create-agent.ts'

const program = fileURLToPath(new URL('./command-fixture.ts', import.meta.url))

describe('agent configuration', () => {
  it('refuses what is unknown, missing or out of bounds', () => {
    const bad: unknown[] = [
      {},
      { type: 'oracle' },
      { type: 'solver', strategy: 'lucky' },
      { type: 'solver', strategy: 'hasty', typo: 1 },
      { type: 'openai', baseUrl: 'ftp://x/v1', model: 'm' },
      { type: 'openai', baseUrl: 'http://user:secret@x/v1', model: 'm' },
      { type: 'openai', baseUrl: 'http://x/v1?key=secret', model: 'm' },
      { type: 'openai', baseUrl: 'http://x/v1#', model: 'm' },
      { type: 'openai', baseUrl: 'http://x/v1', model: 'm', key: 'sk-1' },
      { type: 'openai', baseUrl: 'http://x/v1', model: 'm', keyEnv: 'sk-1' },
      { type: 'openai', baseUrl: 'http://x/v1', model: 'm', keyEnv: 'A', keyFile: 'b' },
      { type: 'openai', baseUrl: 'http://x/v1', model: 'm', concurrency: 0 },
      { type: 'recorded', file: 'f', agent: 'a' },
      { type: 'command', command: '' },
    ]
    for (const config of bad) expect(agentConfigSchema.safeParse(config).success, JSON.stringify(config)).toBe(false)
  })
})

describe('creating an agent', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agents-'))
    await writeFile(join(folder, 'key'), 'sk-12345', { mode: 0o600 })
    await writeFile(join(folder, 'small.jsonl'), JSON.stringify({ taskId: 't', category: 'c', answers: [{ agent: 'x', text: 'yes' }], ballots: [] }))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('gives the agent that the configuration describes, paths relative to the folder', async () => {
    const configs: [unknown, string][] = [
      [{ type: 'solver', strategy: 'hasty' }, 'solver:hasty'],
      [{ type: 'openai', baseUrl: 'http://127.0.0.1:1/v1', model: 'small', keyFile: 'key' }, 'small'],
      [{ type: 'recorded', file: 'small.jsonl', agent: 'x', members: { m: 'x' } }, 'recorded:x'],
      [{ type: 'command', command: process.execPath, args: [program], model: 'mine' }, 'mine'],
    ]
    for (const [config, model] of configs) {
      const agent = await createAgent(agentConfigSchema.parse(config), { folder })
      expect(agent.model).toBe(model)
      await agent.close()
    }
  })

  it('rejects with a typed error what cannot be created', async () => {
    const configs: [AgentConfig, string][] = [
      [{ type: 'openai', baseUrl: 'http://127.0.0.1:1/v1', model: 'small', keyFile: 'missing' }, 'refused'],
      [{ type: 'recorded', file: 'missing.jsonl', agent: 'x', members: {} }, 'unreadable'],
      [{ type: 'recorded', file: 'small.jsonl', agent: 'y', members: {} }, 'unknown-agent'],
    ]
    for (const [config, code] of configs) await expect(createAgent(config, { folder })).rejects.toMatchObject({ code })
  })
})
