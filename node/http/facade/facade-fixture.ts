import { Hono } from 'hono'
import type { Agent, ChatEvent, ChatRequest } from '../../agents/agent.ts'
import { createSolverAgent } from '../../agents/solver-agent.ts'
import { createSolo } from '../../runtime/solo.ts'
import type { Solo } from '../../service.ts'
import { closedEvent, closeRound, createServiceFixture, type ServiceFixture } from '../service-fixture.ts'
import { facadeMount } from './facade.ts'

const TURNS_MAX = 1_000

export const solver = createSolverAgent({ strategy: 'careful' })

/** An agent that answers a conversation with given events, and notes what it was asked. */
export function talking(reply: (request: ChatRequest, signal: AbortSignal) => AsyncIterable<ChatEvent>): Agent {
  return { ...solver, model: 'talker', chat: reply }
}

export async function* say(...texts: string[]): AsyncGenerator<ChatEvent, void, void> {
  for (const text of texts) yield { type: 'text', text }
  yield { type: 'end', finish: 'stop', usage: { inputTokens: 7, outputTokens: texts.length } }
}

/** What tests look at. */
export interface Facade {
  fixture: ServiceFixture
  app: Hono
  errors: unknown[]
}

/** The facade over the service fixture, without a server. */
export function openFacade(solo: Solo = createSolo(solver)): Facade {
  const fixture = createServiceFixture(solo)
  const errors: unknown[] = []
  const { path, routes, refuse } = facadeMount(fixture.service, { onError: (error) => errors.push(error), keepAliveMs: 20 })
  const app = new Hono().route(path, routes)
  app.onError((error, context) => refuse?.(context, error) ?? context.text('', 500))
  return { fixture, app, errors }
}

/** Closes the last round that was asked, as won by OTHER with the text. */
export async function closeLast({ fixture }: Facade, text: string | null): Promise<void> {
  const round = await fixture.service.round(`round-${fixture.asked.length}`)
  if (round === null) throw new Error('nothing was asked')
  const closed = text === null ? { ...round, status: 'closed' as const, phase: 'closed' as const, rated: false } : closeRound({ ...round, openedHeight: 7 }, text)
  fixture.setRound(closed)
  fixture.emit(closedEvent(closed))
}

/** Waits until so many rounds were asked, and the last one is followed. */
export async function untilAsked({ fixture }: Facade, count = 1): Promise<void> {
  for (let turn = 0; fixture.asked.length < count || fixture.subscribers() === 0; turn++) {
    if (turn > TURNS_MAX) throw new Error(`${count} rounds were not asked`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
