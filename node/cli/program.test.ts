import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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
  it('says what others sent it without the controls that steer a terminal', async () => {
    const server = createServer((_, response) => response.writeHead(404, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ code: 'unknown-round', detail: 'gone\u001b]0;title\u0007', hint: '' })))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { code, err } = await runToEnd(['rounds', 'x', '--node', `http://127.0.0.1:${(server.address() as AddressInfo).port}`])
    server.close()
    expect([code, err.split('\n')[0]]).toEqual([1, 'peerage: gone ]0;title '])
  })
  it('is led to no other host by what answers as a node', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      request.resume().on('end', () => response.writeHead(307, { location: '/elsewhere' }).end())
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { code, err } = await runToEnd(['leave', '--node', `http://127.0.0.1:${(server.address() as AddressInfo).port}`])
    server.close()
    expect([code, asked, err]).toEqual([1, ['POST /api/v1/membership'], expect.stringContaining('no Peerage node (status 307)')])
  })
  it('ends with 2 and shows the verbs where there is none', async () => {
    const { code, out, err } = await runToEnd([])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('Usage: peerage')
  })
})
