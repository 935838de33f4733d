import { expect, it } from 'vitest'
import { runSlices } from './slices.ts'
import type { Slices } from './slices.ts'

function* spin(steps: number): Slices<number> {
  for (let step = 0; step < steps; step++) {
    const end = performance.now() + 1
    while (performance.now() < end);
    yield
  }
  return steps
}

it('returns what the work returns and lets others have their turn meanwhile', async () => {
  let turns = 0
  const count = setInterval(() => turns++, 1)
  expect(await runSlices(spin(60), new AbortController().signal)).toBe(60)
  clearInterval(count)
  expect(turns).toBeGreaterThan(2)
})

it('stops soon after the signal aborts', async () => {
  const controller = new AbortController()
  setTimeout(() => {
    controller.abort(new Error('enough'))
  }, 20)
  await expect(runSlices(spin(100_000), controller.signal)).rejects.toThrow('enough')
})

it('starts nothing once the signal has aborted', async () => {
  const work = spin(1)
  await expect(runSlices(work, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
  expect(work.next().done).toBe(false)
})
