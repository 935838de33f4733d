import { describe, expect, it } from 'vitest'
import type { Effect } from '../machine/events.ts'
import type { Machine } from '../machine/machine-state.ts'
import { simulate } from './simulate.ts'
import type { SimNode, World } from './types.ts'

/** What a broken implementation would do at a node after each of its steps. */
type Mutation = (node: SimNode, effects: Effect[], world: World) => Effect[]

/** What the simulator finds wrong with nodes that are broken like this, seed after seed until it says what is expected. */
function findingsOf(mutate: Mutation, init: { expected?: RegExp; seeds?: number; nodes?: number; isBroken?: (node: SimNode) => boolean } = {}): string {
  const { expected = /^$/, seeds = 6, nodes = 4, isBroken = () => true } = init
  const findings: string[] = []
  for (let seed = 1; seed <= seeds && !findings.some((finding) => expected.test(finding)); seed++) {
    const prepare = (world: World): void => {
      const { interfere } = world
      world.interfere = (node, effects) => interfere(node, isBroken(node) ? mutate(node, effects, world) : effects)
    }
    try {
      const { violations, stalls } = simulate({ seed, nodes, noAdversaries: true, prepare })
      findings.push(...violations, ...stalls)
    } catch (error) {
      findings.push(String(error))
    }
  }
  return findings.join('\n')
}

const machineOf = (node: SimNode): Machine => node.machine as Machine
const withoutKeys = (effects: Effect[], prefix: string): Effect[] =>
  effects.filter((effect) => effect.type !== 'persist' || !effect.changes.some(({ key }) => key.startsWith(prefix)))

describe('the simulator finds', () => {
  it('nothing where nothing is broken', () => {
    expect(findingsOf((_, effects) => effects, { seeds: 3 })).toBe('')
  })

  it('votes that are not on disk before they are sent: a node forgets them in a crash and contradicts itself', () => {
    const expected = /contradicts itself|signed two bodies/
    expect(findingsOf((_, effects) => withoutKeys(effects, 'own/'), { expected, seeds: 20 })).toMatch(expected)
  })

  it('items, blocks and state that are not on disk: a node cannot show the chain it has told of', () => {
    const expected = /replay|refuses|another/
    expect(findingsOf((_, effects) => withoutKeys(effects, 'item/'), { expected })).toMatch(expected)
    const unreadable = /replay/
    expect(findingsOf((_, effects) => withoutKeys(effects, 'final/'), { expected: unreadable })).toMatch(unreadable)
  })

  it('a view that is both nullified and finalized', () => {
    const mutation: Mutation = (node, effects) => {
      const { agreement, own } = machineOf(node)
      for (const state of agreement.views.values()) state.ownNullified = false
      for (const slot of own.keys()) if (slot.endsWith('/end')) own.delete(slot)
      return effects
    }
    const expected = /contradicts itself/
    expect(findingsOf(mutation, { expected, seeds: 20, isBroken: ({ index }) => index === 0 })).toMatch(expected)
  })

  it('a quorum of one: everybody decides alone, and the chains part', () => {
    const mutation: Mutation = (node, effects) => {
      const { agreement, self } = machineOf(node)
      const alone = agreement.validators.map(({ member }) => ({ member, weight: member === self ? 1_000_000 : 1 }))
      Object.assign(agreement, { validators: alone })
      return effects
    }
    const expected = /another final block|another chain|bad frame/
    expect(findingsOf(mutation, { expected })).toMatch(expected)
  })

  it('a ledger that pays itself', () => {
    const mutation: Mutation = (node, effects) => {
      const machine = machineOf(node)
      const own = machine.ledger.members[machine.self]
      if (machine.ledger.records > 0 && own !== undefined && own.points < 5_000) {
        machine.ledger = { ...machine.ledger, members: { ...machine.ledger.members, [machine.self]: { ...own, points: own.points + 5_000 } } }
      }
      return effects
    }
    const expected = /replays to another state|points of|heights differ|another final block|rounds closed|refuses/
    expect(findingsOf(mutation, { expected, isBroken: ({ index }) => index === 0 })).toMatch(expected)
  })

  it('a node that computes results from fewer ballots than were agreed', () => {
    const mutation: Mutation = (_, effects) =>
      effects.map((effect) => (effect.type === 'compute' && effect.job === 'close' ? { ...effect, transcript: { ...effect.transcript, ballots: effect.transcript.ballots.slice(1), accepted: null } } : effect))
    const expected = /computed another result/
    expect(findingsOf(mutation, { expected, isBroken: ({ index }) => index === 1 })).toMatch(expected)
  })

  it('credit that does not sum to the value of the round', () => {
    const generous = (effect: Effect): Effect => {
      if (effect.type !== 'notify' || effect.notice.type !== 'round-closed' || effect.notice.closed.result.credit === null) return effect
      const { closed } = effect.notice
      const credit = { ...effect.notice.closed.result.credit, denominator: effect.notice.closed.result.credit.denominator + 1 }
      return { type: 'notify', notice: { ...effect.notice, closed: { ...closed, result: { ...closed.result, credit } } } }
    }
    const expected = /does not sum to v\(N\)/
    expect(findingsOf((_, effects) => effects.map(generous), { expected })).toMatch(expected)
  })

  it('observers that leave out one member: what it says in time is not in the cut', () => {
    const mutation: Mutation = (node, effects, world) => {
      const victim = world.nodes[0]?.member as string
      if (node.member === victim) return effects
      for (const { held } of machineOf(node).rounds.values()) for (const items of held.values()) items.delete(victim)
      return effects
    }
    const expected = /punctual .* is not in the cut/
    expect(findingsOf(mutation, { expected })).toMatch(expected)
  })

  it('nodes that lose what they committed to: they are blamed though they kept their word', () => {
    const mutation: Mutation = (node, effects) => {
      for (const { secrets } of machineOf(node).rounds.values()) if (node.index === 2) secrets.delete('answer-reveal')
      return effects
    }
    const expected = /blamed for a withheld-reveal/
    expect(findingsOf(mutation, { expected })).toMatch(expected)
  })

  it('silence: with two of four saying nothing, nothing gets on', () => {
    const mutation: Mutation = (_, effects) => effects.filter(({ type }) => type !== 'publish' && type !== 'send')
    const expected = /rounds closed/
    expect(findingsOf(mutation, { expected, seeds: 1, isBroken: ({ index }) => index < 2 })).toMatch(expected)
  })

  it('silence that begins only after the network has healed, however much was closed before', () => {
    const isTalk = ({ type }: Effect): boolean => type === 'publish' || type === 'send' || type === 'request'
    const mutation: Mutation = (_, effects, { nowMs }) => (nowMs < 20_050 ? effects : effects.filter((effect) => !isTalk(effect)))
    for (const seed of [2, 5]) {
      const prepare = (world: World): void => {
        const { interfere } = world
        world.interfere = (node, effects) => interfere(node, mutation(node, effects, world))
      }
      expect(simulate({ seed, nodes: 4, noAdversaries: true, prepare }).stalls.join()).toMatch(/since the network healed/)
    }
  })

  it('bodies for one slot that differ', () => {
    const mutation: Mutation = (node, effects) => {
      machineOf(node).own.clear()
      for (const local of machineOf(node).rounds.values()) local.observed.clear()
      return effects
    }
    const expected = /signed two bodies|contradicts itself/
    expect(findingsOf(mutation, { expected, seeds: 10 })).toMatch(expected)
  })
})
