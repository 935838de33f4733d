import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { withoutProvider, withProvider } from './edit-providers.ts'

const FILE = 'config.toml'
const cloud = { id: 'cloud', baseUrl: 'https://models.example/v1', model: 'big "one"', keyEnv: 'KEY', price: { input: 0.15, output: 0.6 }, roles: ['answer'] }
const agentOf = (text: string): unknown => parse(text)['agent']
const SOLVER = { type: 'solver', strategy: 'searching' }

const HEAD = '# my node\nname = "kitchen" # where it stands\n\n'
const TAIL = '\n# how others reach it\n[network]\nport = 4747 # open\n'
const OPENAI = `${HEAD}# who answers\n[agent] # mine\ntype = "openai" # one of them\n# small and quick\nmodel = "small" # quantised\nbaseUrl = "http://127.0.0.1:8080/v1"\ncanaryEvery = 20 # often\n${TAIL}`
const TWO = `${HEAD}[agent]\ntype = "providers"\n\n# the first\n[[agent.providers]]\nid = "one"\nbaseUrl = "http://127.0.0.1:1/v1"\nmodel = "a"\n[agent.providers.price] # a lot\ninput = 1\noutput = 2\n\n# the second\n[[agent.providers]]\nid = "two" # of two\nbaseUrl = "http://127.0.0.1:2/v1"\nmodel = "b"\n${TAIL}`

const comments = (text: string): string[] => (text.match(/#.*/g) ?? []).sort()

describe('adding a provider', () => {
  it('appends it to those that are there', () => {
    const text = withProvider(TWO, FILE, cloud)
    expect(agentOf(text)).toMatchObject({ providers: [{ id: 'one' }, { id: 'two' }, cloud] })
    expect(text.startsWith(TWO.trimEnd())).toBe(true)
  })

  it('makes the only one the first of several, and keeps every comment', () => {
    const text = withProvider(OPENAI, FILE, cloud)
    expect(agentOf(text)).toEqual({ type: 'providers', canaryEvery: 20, providers: [{ id: 'agent', model: 'small', baseUrl: 'http://127.0.0.1:8080/v1' }, cloud] })
    expect(parse(text)['network']).toEqual({ port: 4747 })
    expect(comments(text)).toEqual(comments(OPENAI))
  })

  it('takes the place of a solver, and keeps every comment but that of its strategy', () => {
    const solver = `${HEAD}[agent] # who\ntype = "solver" # for now\nstrategy = "searching" # good\n${TAIL}`
    const text = withProvider(solver, FILE, cloud)
    expect(agentOf(text)).toEqual({ type: 'providers', providers: [cloud] })
    expect(comments(text)).toEqual(comments(solver).filter((comment) => comment !== '# good'))
  })

  it.each([
    ['another agent', '[agent]\ntype = "command"\ncommand = "x"\n', 'agent.type'],
    ['the same id', TWO.replaceAll('two', 'cloud'), 'agent.providers'],
    ['an inline table', 'agent = { type = "openai", baseUrl = "http://x/v1", model = "m" }\n', null],
    ['a field over lines', '[agent]\ntype = "openai"\nkeyCommand = [\n  "x",\n]\nbaseUrl = "http://x/v1"\nmodel = "m"\n', null],
    ['a table within', '[agent]\ntype = "openai"\nbaseUrl = "http://x/v1"\nmodel = "m"\n[agent.price]\ninput = 1\noutput = 1\n', null],
  ])('is refused, and says what to write, given %s', (_, text, field) => {
    expect(() => withProvider(text, FILE, cloud)).toThrow(expect.objectContaining({ name: 'ConfigError', code: 'invalid', field }))
  })
})

describe('removing a provider', () => {
  it('takes its table with all that is in it, and no comment of the next', () => {
    const text = withoutProvider(TWO, FILE, 'one')
    expect(agentOf(text)).toEqual({ type: 'providers', providers: [{ id: 'two', baseUrl: 'http://127.0.0.1:2/v1', model: 'b' }] })
    expect(comments(text)).toEqual(comments(TWO).filter((comment) => comment !== '# a lot'))
    expect(agentOf(withoutProvider(TWO, FILE, 'two'))).toMatchObject({ providers: [{ id: 'one', price: { input: 1, output: 2 } }] })
  })

  it('undoes adding', () => {
    expect(withoutProvider(withProvider(TWO, FILE, cloud), FILE, 'cloud')).toBe(TWO)
  })

  it('leaves the solver where none is left', () => {
    const last = withoutProvider(withoutProvider(TWO, FILE, 'one'), FILE, 'two')
    expect(agentOf(last)).toEqual(SOLVER)
    expect(comments(last)).toContain('# how others reach it')
    expect(agentOf(withoutProvider(OPENAI, FILE, 'agent'))).toEqual(SOLVER)
  })

  it('is refused where there is no such provider', () => {
    for (const text of [TWO, OPENAI, '[agent]\ntype = "solver"\nstrategy = "hasty"\n']) {
      expect(() => withoutProvider(text, FILE, 'three')).toThrow(expect.objectContaining({ code: 'invalid', message: expect.stringContaining('no provider three') }))
    }
  })
})
