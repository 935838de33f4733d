import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { decodeCanonical, encode } from './encoding.ts'
import { createGenesis, genesisSchema, networkId, parametersSchema, type Genesis, type Parameters } from './genesis.ts'
import { memberWith } from './test/keys.ts'

const [a, b] = [memberWith(1).member, memberWith(2).member].sort() as [string, string]
const INIT = { name: 'test', members: [{ id: a, weight: 10 }, { id: b, weight: 20 }] }

function refusal(genesis: unknown): { path: string; message: string } {
  const parsed = genesisSchema.safeParse(genesis)
  if (parsed.success) throw new Error('it was accepted')
  const issue = parsed.error.issues[0] as z.core.$ZodIssue
  return { path: issue.path.join('.'), message: issue.code === 'unrecognized_keys' ? issue.keys.join() : issue.message }
}

describe('createGenesis', () => {
  it('fills in every parameter', () => {
    const { parameters } = createGenesis(INIT)
    // Networks without grades keep the bytes that they had before there were any.
    expect(Object.keys(parameters).sort()).toEqual(Object.keys(parametersSchema.shape).filter((name) => name !== 'creditGrades').sort())
    expect(createGenesis({ ...INIT, parameters: { creditGrades: 3 } }).parameters.creditGrades).toBe(3)
    expect(parameters).toMatchObject({ revealMs: 5_000, pairing: 'scheduled', selfBallots: false, admission: 'open', pointsPerRound: 1_000 })
  })

  it('sorts members, so that the order they are given in makes no difference', () => {
    const turned = createGenesis({ ...INIT, members: [...INIT.members].reverse() })
    expect(turned).toEqual(createGenesis(INIT))
    expect(networkId(turned)).toBe(networkId(createGenesis(INIT)))
  })

  it('throws, naming the field, for a parameter out of bounds', () => {
    expect(() => createGenesis({ ...INIT, parameters: { revealMs: 0 } })).toThrow(/revealMs/)
    expect(() => createGenesis({ ...INIT, parameters: { exactPlayersMax: 17 } })).toThrow(/exactPlayersMax/)
    expect(() => createGenesis({ ...INIT, parameters: { leaderMs: 1.5 } })).toThrow(/leaderMs/)
    expect(() => createGenesis({ ...INIT, parameters: { creditCost: { freshMicros: 0, prefixMicros: 1 } } })).toThrow(/freshMicros/)
  })
})

describe('genesisSchema', () => {
  const genesis = createGenesis(INIT)

  it('reads what was encoded', () => {
    expect(genesisSchema.parse(decodeCanonical(encode(genesis)))).toEqual(genesis)
  })

  it('refuses an unknown field and names it', () => {
    expect(refusal({ ...genesis, colour: 'red' })).toEqual({ path: '', message: 'colour' })
    expect(refusal({ ...genesis, parameters: { ...genesis.parameters, speed: 1 } })).toEqual({ path: 'parameters', message: 'speed' })
    expect(refusal({ ...genesis, members: [{ id: a, weight: 1, power: 9 }] })).toEqual({ path: 'members.0', message: 'power' })
  })

  it('refuses a member that is listed twice', () => {
    expect(refusal({ ...genesis, members: [{ id: a, weight: 1 }, { id: a, weight: 2 }] })).toEqual({ path: 'members', message: 'a member is listed twice' })
  })

  it('refuses a network in which nobody has voting weight', () => {
    expect(refusal({ ...genesis, members: [{ id: a, weight: 0 }] })).toEqual({ path: 'members', message: 'no member has voting weight' })
    expect(refusal({ ...genesis, members: [] }).path).toBe('members')
  })

  it('refuses ids, weights and names that are none', () => {
    expect(refusal({ ...genesis, members: [{ id: 'alice', weight: 1 }] }).path).toBe('members.0.id')
    for (const weight of [-1, 0.5, 1_000_000_001, '1']) expect(refusal({ ...genesis, members: [{ id: a, weight }] }).path).toBe('members.0.weight')
    expect(refusal({ ...genesis, name: '' }).path).toBe('name')
    expect(refusal({ ...genesis, schema: 'peerage.genesis/v2' }).path).toBe('schema')
  })
})

describe('networkId', () => {
  it('changes with every field and every parameter', () => {
    const genesis = createGenesis(INIT)
    const other = (value: Parameters[keyof Parameters]): unknown => (typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : typeof value === 'string' ? `${value}!` : { ...value, changed: 1 })
    const variants: Genesis[] = [
      genesis,
      { ...genesis, name: 'tesu' },
      { ...genesis, bootstrap: ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'] },
      { ...genesis, members: genesis.members.slice(1) },
      { ...genesis, members: genesis.members.map((member) => ({ ...member, weight: member.weight + 1 })) },
      { ...genesis, members: genesis.members.map((member) => ({ ...member, name: 'x' })) },
      { ...genesis, members: [...genesis.members].reverse() },
      ...(Object.keys(genesis.parameters) as (keyof Parameters)[]).map((key): Genesis =>
        ({ ...genesis, parameters: { ...genesis.parameters, [key]: other(genesis.parameters[key]) } })),
    ]
    expect(new Set(variants.map(networkId)).size).toBe(variants.length)
  })
})
