import { describe, expect, it } from 'vitest'
import { assertAllowed } from './guard.ts'

const local = { host: '127.0.0.1', token: null }

function codeOf(headers: { host?: string; origin?: string; authorization?: string; apiKey?: string }, options: Parameters<typeof assertAllowed>[1] = local): string | null {
  try {
    assertAllowed({ host: headers.host, origin: headers.origin, authorization: headers.authorization, apiKey: headers.apiKey }, options)
    return null
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('assertAllowed', () => {
  it.each(['127.0.0.1:4748', 'localhost:4748', 'localhost', '[::1]:4748', 'localhost.:9'])('serves Host %s on loopback', (host) => expect(codeOf({ host })).toBeNull())
  it.each(['evil.example:4748', 'localhost.evil.example', '10.0.0.1', 'a b', 'localhost@evil.example', '', undefined])('refuses Host %s on loopback', (host) => {
    expect(codeOf(host === undefined ? {} : { host })).toBe('forbidden-host')
  })
  it('serves any Host elsewhere, where the token protects', () => {
    const options = { host: '0.0.0.0', token: 'secret' }
    expect(codeOf({ host: 'node.example:4748', authorization: 'Bearer secret' }, options)).toBeNull()
    expect(codeOf({ host: 'node.example:4748' }, options)).toBe('unauthorized')
    expect(codeOf({ host: 'node.example:4748', authorization: 'Bearer secret2' }, options)).toBe('unauthorized')
    expect(codeOf({ host: 'node.example:4748', authorization: 'secret' }, options)).toBe('unauthorized')
  })
  it('takes the token from x-api-key where nothing is said by Authorization', () => {
    const options = { host: '0.0.0.0', token: 'secret' }
    expect(codeOf({ host: 'node.example', apiKey: 'secret' }, options)).toBeNull()
    expect(codeOf({ host: 'node.example', apiKey: 'wrong' }, options)).toBe('unauthorized')
    expect(codeOf({ host: 'node.example', apiKey: 'secret', authorization: 'Bearer wrong' }, options)).toBe('unauthorized')
  })
  it("serves a browser's request from its own origin only", () => {
    expect(codeOf({ host: 'localhost:4748', origin: 'http://localhost:4748' })).toBeNull()
    for (const origin of ['http://evil.example', 'http://localhost:9999', 'null', 'file://localhost:4748', '']) {
      expect(codeOf({ host: 'localhost:4748', origin }), origin).toBe('forbidden-origin')
    }
  })
  it('serves its public name and origin beside its own, whatever Host the proxy sends, and no other', () => {
    const options = { ...local, publicUrl: 'https://peerage.example' }
    for (const host of ['peerage.example', 'peerage.example:443', '127.0.0.1:4748']) {
      expect([codeOf({ host }, options), codeOf({ host, origin: 'https://peerage.example' }, options)], host).toEqual([null, null])
    }
    expect(codeOf({ host: 'other.example' }, options)).toBe('forbidden-host')
    for (const origin of ['http://other.example', 'https://peerage.example.evil', 'http://peerage.example:80']) expect(codeOf({ host: '127.0.0.1:4748', origin }, options), origin).toBe('forbidden-origin')
  })
})
