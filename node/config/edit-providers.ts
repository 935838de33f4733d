/** Adds providers to the text of a config.toml and takes them out of it, line by line, so that comments stay. */
import { ONLY_PROVIDER_ID } from '../agents/create-agent.ts'
import { ConfigError } from './config-error.ts'
import { means, parseToml } from './config-file.ts'

/** The fields of a provider as they stand in the file. */
export type ProviderFields = Readonly<Record<string, unknown>> & { id: string }

type AgentTable = Readonly<Record<string, unknown>> & { type?: unknown; providers?: readonly ProviderFields[] }

/** What is about the agent and not about its one provider, in a table of type `openai`. */
const AGENT_FIELDS: readonly string[] = ['type', 'canaryEvery', 'markSteps']

const FALLBACK: Readonly<Record<string, string>> = { type: 'solver', strategy: 'searching' }

/**
 * Adds a provider after those that are there. An agent of type `openai` becomes one of type `providers` with its own as the first, a
 * solver makes way. Throws ConfigError where the agent is something else, or the text cannot be changed line by line.
 */
export function withProvider(text: string, file: string, provider: ProviderFields): string {
  const table = parseToml(text, file)
  const agent = (table['agent'] ?? {}) as AgentTable
  if (providerIdsOf(agent).includes(provider.id)) throw new ConfigError('invalid', file, `there is a provider ${provider.id} already`, { field: 'agent.providers' })
  const block = formatProvider(provider)
  const hint = `Set the type of [agent] to "providers", and add:\n\n${block}`
  switch (agent.type) {
    case 'providers':
      return checked(text, file, { ...table, agent: { ...agent, providers: [...(agent.providers ?? []), provider] } }, hint, (lines) => [...lines, '', block])
    case 'openai': {
      const [own, rest] = split(agent)
      const only = { id: ONLY_PROVIDER_ID, ...own }
      const wanted = { ...table, agent: { ...rest, type: 'providers', providers: [only, provider] } }
      return checked(text, file, wanted, hint, (lines) => {
        const { kept, moved } = takeFields(lines, { type: '"providers"' }, Object.keys(own))
        return [...kept, '', '[[agent.providers]]', `id = "${only.id}"`, ...moved, '', block]
      })
    }
    case 'solver': {
      const wanted = { ...table, agent: { type: 'providers', providers: [provider] } }
      return checked(text, file, wanted, hint, (lines) => [...takeFields(lines, { type: '"providers"' }, ['strategy']).kept, '', block])
    }
    default:
      throw new ConfigError('invalid', file, `an agent of type ${String(agent.type)} has no providers`, { field: 'agent.type', hint })
  }
}

/** Takes a provider out; where it was the last, the embedded solver takes its place. Throws ConfigError as above, or if it is not there. */
export function withoutProvider(text: string, file: string, id: string): string {
  const table = parseToml(text, file)
  const agent = (table['agent'] ?? {}) as AgentTable
  const ids = providerIdsOf(agent)
  const index = ids.indexOf(id)
  if (index < 0) throw new ConfigError('invalid', file, `there is no provider ${id}`, { field: 'agent', hint: ids.length === 0 ? 'This node has none.' : `There are: ${ids.join(', ')}.` })
  const hint = `Take it out of ${file} by hand.`
  if (agent.type === 'openai') {
    const [own] = split(agent)
    const wanted = { ...table, agent: FALLBACK }
    return checked(text, file, wanted, hint, (lines) => takeFields(lines, { type: '"solver"\nstrategy = "searching"' }, [...Object.keys(own), 'canaryEvery', 'markSteps']).kept)
  }
  const others = (agent.providers ?? []).filter((_, position) => position !== index)
  if (others.length > 0) return checked(text, file, { ...table, agent: { ...agent, providers: others } }, hint, (lines) => dropBlock(lines, index))
  return checked(text, file, { ...table, agent: FALLBACK }, hint, (lines) => takeFields(dropBlock(lines, index), { type: '"solver"\nstrategy = "searching"' }, ['canaryEvery', 'markSteps']).kept)
}

/** The ids of the providers of an [agent] table that was not checked yet. */
function providerIdsOf(agent: AgentTable): string[] {
  if (agent.type === 'openai') return [ONLY_PROVIDER_ID]
  return agent.type === 'providers' ? (agent.providers ?? []).map(({ id }) => id) : []
}

function split(agent: AgentTable): [own: Record<string, unknown>, rest: Record<string, unknown>] {
  const entries = Object.entries(agent)
  return [Object.fromEntries(entries.filter(([key]) => !AGENT_FIELDS.includes(key))), Object.fromEntries(entries.filter(([key]) => AGENT_FIELDS.includes(key)))]
}

/** The edited text if it says what is wanted, and nothing else. */
function checked(text: string, file: string, wanted: Readonly<Record<string, unknown>>, hint: string, edit: (lines: readonly string[]) => string[]): string {
  const edited = `${edit(text.trimEnd().split('\n')).join('\n').trimEnd()}\n`
  if (!means(edited, wanted)) throw new ConfigError('invalid', file, 'is written in a way that cannot be changed without losing comments', { hint })
  return edited
}

const isHead = (line: string): boolean => /^\s*\[.*\]\s*(?:#.*)?$/.test(line)

/** Takes fields out of the table [agent], and sets others there; each on a line of its own, with its comment. */
function takeFields(lines: readonly string[], set: Readonly<Record<string, string>>, taken: readonly string[]): { kept: string[]; moved: string[] } {
  const start = lines.findIndex((line) => /^\s*\[\s*agent\s*\]/.test(line)) + 1
  const next = lines.findIndex((line, index) => index >= start && isHead(line))
  const end = next < 0 ? lines.length : next
  const fieldOf = (line: string): string => /^\s*([A-Za-z0-9_-]+)\s*=/.exec(line)?.[1] ?? ''
  const inside = lines.slice(start, end)
  const moved = inside.filter((line) => taken.includes(fieldOf(line)))
  const left = inside.filter((line) => !moved.includes(line))
  const changed = left.map((line) => {
    const value = set[fieldOf(line)]
    return value === undefined ? line : line.replace(/=\s*(?:"[^"]*"|'[^']*')/, () => `= ${value}`)
  })
  return { kept: [...lines.slice(0, start), ...changed, ...lines.slice(end)], moved }
}

/** Without one [[agent.providers]] and the tables within it. Comments right before the next table belong to that one. */
function dropBlock(lines: readonly string[], index: number): string[] {
  const heads = lines.flatMap((line, at) => (/^\s*\[\[\s*agent\s*\.\s*providers\s*\]\]/.test(line) ? [at] : []))
  const start = heads[index] ?? lines.length
  const next = lines.findIndex((line, at) => at > start && isHead(line) && !/^\s*\[\s*agent\s*\.\s*providers\s*\./.test(line))
  let end = next < 0 ? lines.length : next
  while (end > start + 1 && /^\s*(?:#.*)?$/.test(lines[end - 1] as string)) end--
  return [...lines.slice(0, start), ...lines.slice(end)]
}

function formatProvider(provider: ProviderFields): string {
  return ['[[agent.providers]]', ...Object.entries(provider).map(([key, value]) => `${key} = ${formatValue(value)}`)].join('\n')
}

/** A value as TOML on one line; its strings are those of JSON. */
function formatValue(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value)
  return `{ ${Object.entries(value).map(([key, inner]) => `${key} = ${formatValue(inner)}`).join(', ')} }`
}
