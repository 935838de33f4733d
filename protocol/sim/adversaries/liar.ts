import { sha256 } from '../../../consensus/index.ts'
import type { Block, Body } from '../../bodies.ts'
import { decodeVouched, encode } from '../../encoding.ts'
import { shownIn } from '../../round/joint.ts'
import { commitmentOf, shareContent } from '../../sealed.ts'
import type { Adversary, SimNode, World } from '../types.ts'
import { forge, published, withEntries } from './tools.ts'

/** Proposes blocks with a wrong root, height, parent, leader or result, observes what does not exist, grades the opposite of what it finds, and shares made-up credit. */
export const liar: Adversary = {
  name: 'liar',
  hears: (_, event) => (event.type === 'graded' && event.grades !== null ? { ...event, grades: { grades: invertAll(event.grades.grades) } } : event),
  acts: (self, effects, world) =>
    published(effects, (message) => {
      if (message.kind === 'proposal') return forge(self, world, 'proposal', falsified(self, message.body, world.random.below(4)))
      if (message.kind === 'observation') {
        // It has seen what nobody has said, of somebody who said nothing if there is one.
        const heard = message.body.items
        const silent = world.nodes.find(({ member }) => heard.every(([author]) => author !== member))?.member
        const made = sha256(message.body.round)
        const items = silent === undefined ? heard.map(([author, id], index): [string, string] => [author, index === 0 ? made : id]) : [...heard, [silent, made] as [string, string]]
        return forge(self, world, 'observation', { ...message.body, items })
      }
      // It commits to what it makes up, or that would only be refused.
      if (message.kind === 'commit') return forge(self, world, 'commit', { ...message.body, hash: madeUp(self, world, message.body) })
      if (message.kind === 'share') return forge(self, world, 'share', { ...message.body, blocks: invert(message.body.blocks) })
      return message
    }),
}

type Blocks = Body<'share'>['blocks']

function madeUp(self: SimNode, world: World, { round, phase, hash }: Body<'commit'>): string | null {
  const shown = shownIn(phase)
  const secret = shown === null ? undefined : self.machine?.rounds.get(round)?.secrets.get(shown)
  if (shown === null || secret === undefined) return hash
  const [blocks, checks] = decodeVouched(secret.content) as ReturnType<typeof shareContent>
  return commitmentOf(world.network, round, shown, self.member, { ...secret, content: encode(shareContent({ blocks: invert(blocks), checks })) })
}

function invert(blocks: Blocks): Blocks {
  return blocks.map(({ block, values }) => ({ block, values: invertAll(values) }))
}

function invertAll(values: readonly number[][]): number[][] {
  return values.map((unit) => unit.map((value) => 1_000_000 - value))
}

function falsified(self: SimNode, block: Block, how: number): Block {
  const lie = sha256(block.stateRoot)
  if (block.entries.some(({ type }) => type === 'result')) {
    return withEntries(self, block, block.entries.map((entry) => (entry.type === 'result' ? { ...entry, hash: lie } : entry)))
  }
  if (how === 0) return { ...block, stateRoot: lie }
  if (how === 1) return { ...block, height: block.height + 1 }
  return how === 2 ? { ...block, parent: lie } : { ...block, view: block.view + 1 }
}
