import { describe, expect, it } from 'vitest'
import { runToEnd } from './context-fixture.ts'

const VERBS = ['demo', 'init', 'start', 'join', 'status', 'peers', 'ask', 'rounds', 'reputation', 'rewards', 'identity']

describe('usage', () => {
  it.each(VERBS)('%s --help explains itself on stdout and ends with 0', async (verb) => {
    const { code, out, err } = await runToEnd([verb, '--help'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain(`Usage: peerage ${verb}`)
    expect(out).toContain('--json')
  })
  it('lists every verb and the exit codes', async () => {
    const { code, out } = await runToEnd(['--help'])
    expect(code).toBe(0)
    for (const verb of VERBS) expect(out).toMatch(new RegExp(`^  ${verb} `, 'm'))
    expect(out).toContain('130 interrupted')
  })
  it.each(VERBS)('%s ends with 2 and names an unknown flag', async (verb) => {
    const { code, out, err } = await runToEnd([verb, '--no-such-flag'])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('--no-such-flag')
  })
  it.each([
    [['frobnicate'], 'frobnicate'],
    [['rounds', '--limit', 'many'], '--limit'],
    [['rounds', '--limit', '0'], '--limit'],
    [['ask', 'x', '--kind', 'essay'], '--kind'],
    [['ask', 'x', '--timeout', '-1'], '--timeout'],
    [['rewards', '--at', '1.5'], '--at'],
    [['join'], 'address'],
    [['demo', '--nodes', '2'], '--nodes'],
    [['status', '--node', 'http://'], '--node'],
    [['status', 'extra'], 'arguments'],
  ])('ends with 2 for %j and names %s', async (args, named) => {
    const { code, out, err } = await runToEnd(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(named)
  })
  it('ends with 2 and shows the verbs where there is none', async () => {
    const { code, out, err } = await runToEnd([])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('Usage: peerage')
  })
})
