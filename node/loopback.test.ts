import { describe, expect, it } from 'vitest'
import { isLoopback } from './loopback.ts'

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.9.9.9', 'localhost', 'LOCALHOST', '::1', '[::1]'])('holds for %s', (host) => expect(isLoopback(host)).toBe(true))
  it.each(['0.0.0.0', '::', '192.168.0.1', '127.0.0.1.example.org', 'localhost.example.org', '127.evil', ''])('does not hold for "%s"', (host) => expect(isLoopback(host)).toBe(false))
})
