import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { resolveHome } from './home.ts'

describe('resolveHome', () => {
  it('puts everything in one folder for a flag, then for PEERAGE_HOME', () => {
    expect(resolveHome('a', { PEERAGE_HOME: '/b' })).toMatchObject({ root: resolve('a'), configFile: resolve('a/config.toml'), identityFile: resolve('a/identity.key') })
    expect(resolveHome(undefined, { PEERAGE_HOME: '/b', XDG_CONFIG_HOME: '/c' })).toMatchObject({ configDir: '/b', dataDir: '/b', runFile: '/b/run.json' })
  })
  it('follows XDG otherwise, with identity and configuration apart', () => {
    expect(resolveHome(undefined, { HOME: '/h' })).toMatchObject({ root: null, configFile: '/h/.config/peerage/config.toml', identityFile: '/h/.local/share/peerage/identity.key' })
    expect(resolveHome(undefined, { HOME: '/h', XDG_CONFIG_HOME: '/c', XDG_DATA_HOME: '/d' })).toMatchObject({ configDir: '/c/peerage', dataDir: '/d/peerage' })
    expect(resolveHome(undefined, { HOME: '/h', XDG_DATA_HOME: 'relative', PEERAGE_HOME: '' })).toMatchObject({ dataDir: '/h/.local/share/peerage' })
  })
})
