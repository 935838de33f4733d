import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { formatConfig, withBootstrap } from './config-file.ts'

describe('withBootstrap', () => {
  it.each([
    ['a table without the field', '# mine\n[network] # here\nport = 1 # why\n\n[agent]\ntype = "solver"\n'],
    ['a field on a line', '[network]\nport = 1\nbootstrap = ["x"] # old\n# mine\n'],
    ['no such table', '# mine\n[agent]\ntype = "solver"\n'],
  ])('keeps comments and all else, given %s', (_, text) => {
    const changed = withBootstrap(text, 'config.toml', ['a', 'b'])
    const before = parse(text)
    expect(parse(changed)).toEqual({ ...before, network: { ...(before['network'] as object | undefined), bootstrap: ['a', 'b'] } })
    expect(changed).toContain('# mine')
  })
  it.each([
    ['a list over lines', '[network]\nbootstrap = [\n  "x",\n]\nport = 1\n'],
    ['an inline table', 'network = { port = 1 }\n'],
    ['a field of that name elsewhere', '[agent]\nbootstrap = ["x"]\n[network]\nport = 1\n'],
    ['text that looks like the field', '[agent]\nprompt = """\nbootstrap = 1\n[network]\n"""\n'],
  ])('changes nothing but the field, given %s', (_, text) => {
    const before = parse(text)
    expect(parse(withBootstrap(text, 'config.toml', ['a']))).toEqual({ ...before, network: { ...(before['network'] as object | undefined), bootstrap: ['a'] } })
  })
})

describe('formatConfig', () => {
  it('writes what parses to the same, without what is undefined', () => {
    const table = { agent: { type: 'solver', strategy: undefined }, network: { port: 1, bootstrap: ['a'] } }
    expect(parse(formatConfig(table))).toEqual({ agent: { type: 'solver' }, network: { port: 1, bootstrap: ['a'] } })
  })
})
