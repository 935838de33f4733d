import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Passes `after-write` five times and `before-write` in between; what was printed, and what ended the process. */
function pass(setting: string | undefined): [string, string | null] {
  const script = `
    import { writeSync } from 'node:fs'
    import { failpoint } from ${JSON.stringify(join(import.meta.dirname, 'failpoint.ts'))}
    for (let time = 1; time <= 5; time++) {
      failpoint('before-write')
      writeSync(1, String(time))
      failpoint('after-write')
    }`
  const env = { ...process.env, ...(setting === undefined ? {} : { PEERAGE_FAILPOINT: setting }) }
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module-typescript', '--eval', script], { env, encoding: 'utf8' })
  return [stdout, signal]
}

describe('a failpoint', () => {
  it('kills the process the named time it is passed, and nothing else does', () => {
    expect(pass('after-write:3')).toEqual(['123', 'SIGKILL'])
    expect(pass('before-write:3')).toEqual(['12', 'SIGKILL'])
    expect(pass('after-write:6')).toEqual(['12345', null])
  })

  it('does nothing unless it is set in a way that means something', () => {
    for (const setting of [undefined, '', 'after-write', 'after-write:0', 'nowhere:1']) expect(pass(setting)).toEqual(['12345', null])
  })
})
