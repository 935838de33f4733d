import { expect, it } from 'vitest'
import { decodeCanonical, encode } from '../encoding.ts'
import { createScene, openRound } from '../test/scene.ts'
import { stateRoot, type LedgerState } from './state.ts'

/** The state with one integer, text or truth value changed, for each of them. */
function* changedIn(value: unknown, rebuild: (changed: unknown) => LedgerState): Generator<LedgerState> {
  if (typeof value === 'number') yield rebuild(value + 1)
  if (typeof value === 'boolean') yield rebuild(!value)
  if (typeof value === 'string') yield rebuild(`${value}!`)
  if (typeof value !== 'object' || value === null) return
  for (const [key, part] of Object.entries(value)) {
    yield* changedIn(part, (changed) => rebuild(Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed }))
  }
}

it('the state root changes with anything in the state, and with nothing else', () => {
  const scene = createScene({ members: 4 })
  openRound(scene)
  const { state } = scene
  expect(stateRoot(decodeCanonical(encode(state)) as LedgerState)).toBe(stateRoot(state))
  const roots = [...changedIn(state, (changed) => changed as LedgerState)].map(stateRoot)
  expect(roots.length).toBeGreaterThan(60)
  expect(new Set([stateRoot(state), ...roots]).size).toBe(roots.length + 1)
})
