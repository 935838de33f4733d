import { describe, expect, it } from 'vitest'
import { createGate } from './gate.ts'

const never = (): AbortSignal => new AbortController().signal

describe('a gate', () => {
  it('lets so many through at a time, the others in their order, and turns away beyond its line', async () => {
    const gate = createGate({ concurrency: 2, waitingMax: 2 })
    const entered: number[] = []
    const enter = async (number: number): Promise<() => void> => {
      const leave = await gate.enter(never(), false)
      entered.push(number)
      return leave
    }
    const first = await enter(1)
    await enter(2)
    const [third, fourth] = [enter(3), enter(4)]
    await expect(enter(5)).rejects.toMatchObject({ code: 'busy' })
    expect([entered, gate.running, gate.waiting]).toEqual([[1, 2], 2, 2])
    first()
    first()
    await third
    expect([entered, gate.running, gate.waiting]).toEqual([[1, 2, 3], 2, 1])
    ;(await third)()
    await fourth
    expect(entered).toEqual([1, 2, 3, 4])
  })

  it('lets what is urgent go before what is not, and after what is', async () => {
    const gate = createGate({ concurrency: 1, waitingMax: 9 })
    const leave = await gate.enter(never(), false)
    const order: string[] = []
    const waiting = (['a', 'b', 'C', 'D'] as const).map((name) =>
      gate.enter(never(), name < 'a').then((next) => {
        order.push(name)
        next()
      }),
    )
    leave()
    await Promise.all(waiting)
    expect(order).toEqual(['C', 'D', 'a', 'b'])
    expect([gate.running, gate.waiting]).toEqual([0, 0])
  })

  it('forgets who stops waiting', async () => {
    const gate = createGate({ concurrency: 1, waitingMax: 1 })
    const leave = await gate.enter(never(), false)
    const controller = new AbortController()
    const waiting = gate.enter(controller.signal, false)
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(gate.enter(controller.signal, false)).rejects.toThrow('enough')
    expect(gate.waiting).toBe(0)
    leave()
    expect(gate.running).toBe(0)
  })
})
