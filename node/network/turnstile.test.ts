import { describe, expect, it } from 'vitest'
import { createTurnstile } from './turnstile.ts'

const never = new AbortController().signal

describe('turnstile', () => {
  it('lets in a number for each key, then whoever waited longest', async () => {
    const turnstile = createTurnstile(1, 10)
    const inside: string[] = []
    const enter = async (key: string, name: string): Promise<() => void> => {
      const leave = await turnstile.enter(key, never)
      inside.push(name)
      return leave
    }
    const first = await enter('a', 'first')
    const second = enter('a', 'second')
    const third = enter('a', 'third')
    await enter('b', 'other')
    expect(inside).toEqual(['first', 'other'])
    first()
    const leaveSecond = await second
    expect(inside).toEqual(['first', 'other', 'second'])
    leaveSecond()
    await third
    expect(inside).toEqual(['first', 'other', 'second', 'third'])
  })

  it('lets nobody wait beyond the bound', async () => {
    const turnstile = createTurnstile(1, 1)
    const leave = await turnstile.enter('a', never)
    const waiting = turnstile.enter('a', never)
    await expect(turnstile.enter('a', never)).rejects.toThrow('too many')
    leave()
    await waiting
  })

  it('sends away whoever gives up, and keeps the place for the next', async () => {
    const turnstile = createTurnstile(1, 10)
    const leave = await turnstile.enter('a', never)
    const controller = new AbortController()
    const impatient = turnstile.enter('a', controller.signal)
    const patient = turnstile.enter('a', never)
    controller.abort(new Error('gave up'))
    await expect(impatient).rejects.toThrow('gave up')
    leave()
    const leavePatient = await patient
    leavePatient()
    await turnstile.enter('a', never)
    await expect(turnstile.enter('a', controller.signal)).rejects.toThrow('gave up')
  })
})
