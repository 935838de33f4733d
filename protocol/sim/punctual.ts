/** Whether what was said in time was heard. */
import { sha256 } from '../../consensus/index.ts'
import { encode } from '../encoding.ts'
import type { Message } from '../envelope.ts'
import { isItem } from '../ledger/items.ts'
import type { SimNode, World } from './types.ts'

/** What is shown in one phase was committed to in another. */
const SEALED = [
  ['answer-reveal', 'answer-commit'],
  ['ballot-reveal', 'ballot-commit'],
  ['grade', 'grade-commit'],
  ['credit', 'credit-commit'],
  ['credit-next', 'credit-next-commit'],
  ['credit-all', 'credit-all-commit'],
] as const

/** Nothing travels longer than this once the network has healed; what is sent so long before anybody observes is punctual. */
const PUNCTUAL_MS = 50

/** Remembers when honest members said what, to tell whether it got its due in rounds that were opened after the network healed. */
export function listen(world: World, witness: { violations: string[]; healedMs: number }) {
  const openedMs = new Map<string, number>()
  const items = new Map<string, { id: string; author: string; sentMs: number; isPass: boolean }[]>()
  const firstObservedMs = new Map<string, number>()
  const checked = new Set<string>()
  return {
    noteOpened(round: string): void {
      if (!openedMs.has(round)) openedMs.set(round, world.nowMs)
    },
    noteSent(message: Message): void {
      if (!('phase' in message.body)) return
      const phase = `${message.body.round}/${message.body.phase}`
      if (message.kind === 'observation') firstObservedMs.set(phase, Math.min(world.nowMs, firstObservedMs.get(phase) ?? Infinity))
      if (!isItem(message)) return
      const isPass = message.kind === 'commit' && message.body.hash === null
      items.set(phase, [...(items.get(phase) ?? []), { id: message.id, author: message.author, sentMs: world.nowMs, isPass }])
    },
    checkReveals(node: SimNode, round: string): void {
      for (const [reveals, commits] of SEALED) {
        const cuts = node.machine?.ledger.rounds[round]?.cuts
        if (cuts?.[reveals] === undefined || checked.has(`${round}/${reveals}`)) continue
        checked.add(`${round}/${reveals}`)
        for (const [author, id] of cuts[reveals]) {
          const [, commit] = cuts[commits]?.find(([each]) => each === author) ?? []
          if (!opens(world.network, node.machine?.items.get(id), node.machine?.items.get(commit ?? ''))) witness.violations.push(`${author} did not commit to its ${reveals} in ${round}`)
        }
      }
    },
    checkCuts(node: SimNode, round: string): void {
      if ((openedMs.get(round) ?? 0) <= witness.healedMs) return
      for (const [phase, cut] of Object.entries(node.machine?.ledger.rounds[round]?.cuts ?? {})) {
        const dueMs = (firstObservedMs.get(`${round}/${phase}`) ?? 0) - PUNCTUAL_MS
        for (const { id, author, sentMs, isPass } of items.get(`${round}/${phase}`) ?? []) {
          const isIn = cut.some(([, each]) => each === id)
          if (sentMs < dueMs && !isPass && !isIn) witness.violations.push(`a punctual ${phase} of ${author} is not in the cut of ${round}`)
        }
      }
    },
  }
}

// What a commitment is, written down a second time.
function opens(network: string, shown: Message | undefined, commit: Message | undefined): boolean {
  if ((shown?.kind !== 'reveal' && shown?.kind !== 'share') || commit?.kind !== 'commit') return false
  const { round, phase, salt } = shown.body
  const content = shown.kind === 'reveal' ? shown.body.content : encode([shown.body.blocks, shown.body.checks])
  return commit.author === shown.author && commit.body.hash === sha256(encode(['peerage/sealed/1', network, round, phase, shown.author, salt, content]))
}
