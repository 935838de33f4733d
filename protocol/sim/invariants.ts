/** What must hold in every run, checked from the outside: from notices, from what was sent, and from the stores. */
import { contradicts, sha256, type Vote } from '../../consensus/index.ts'
import { decodeCanonical, encode } from '../encoding.ts'
import type { Message } from '../envelope.ts'
import { openEnvelope } from '../envelope.ts'
import { applyBlock } from '../ledger/apply-block.ts'
import type { ClosedRound } from '../ledger/close-round.ts'
import { isItem } from '../ledger/items.ts'
import { genesisState, stateRoot } from '../ledger/state.ts'
import type { Notice } from '../machine/events.ts'
import { KEYS } from '../machine/keys.ts'
import { readResult } from '../machine/restore.ts'
import type { RoundResult } from '../ledger/result.ts'
import { verifySimulated } from './members.ts'
import { drive, type SimNode, type World } from './world.ts'

export interface Witness {
  violations: string[]
  /** Rounds closed by height, from the first node that said so. */
  closed: Map<string, number>
  /** When the network had healed: from then on nobody loses a word or is blamed for one. */
  healedMs: number
}

/** Watches a world; the witness fills as it runs. */
export function watch(world: World): Witness {
  const witness: Witness = { violations: [], closed: new Map(), healedMs: Infinity }
  const finalByHeight = new Map<number, string>()
  const votes = new Map<string, Vote[]>()
  const slots = new Map<string, string>()
  const words = listen(world, witness)
  world.onNotice = (node, notice) => {
    if (notice.type === 'block-final') noteFinal(witness, finalByHeight, node, notice)
    if (notice.type === 'round-opened') words.noteOpened(notice.round)
    if (notice.type === 'phase-entered') words.checkCuts(node, notice.round)
    if (notice.type === 'round-closed') {
      witness.closed.set(notice.closed.round, notice.height)
      witness.violations.push(...checkResult(notice.closed.result), ...words.checkPenalties(notice.closed))
    }
    if (notice.type === 'refused-to-sign') witness.violations.push(`node ${node.index} was asked to contradict itself in ${notice.slot}`)
    if (notice.type === 'block-refused') witness.violations.push(`node ${node.index} refuses final block ${notice.height}: ${notice.code}`)
    if (notice.type === 'result-differs') witness.violations.push(`node ${node.index} computed another result for ${notice.round}`)
  }
  world.onSent = (node, { message }) => {
    noteSent(witness, votes, slots, node, message)
    words.noteSent(message)
  }
  return witness
}

/** Nothing travels longer than this once the network has healed; what is sent so long before anybody observes is punctual. */
const PUNCTUAL_MS = 50

/** Remembers when everything was said, to tell whether it got its due in rounds that were opened after the network healed. */
function listen(world: World, witness: Witness) {
  const openedMs = new Map<string, number>()
  const items = new Map<string, { id: string; author: string; sentMs: number; isPass: boolean }[]>()
  const firstObservedMs = new Map<string, number>()
  const isHealed = (round: string): boolean => (openedMs.get(round) ?? 0) > witness.healedMs
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
    checkCuts(node: SimNode, round: string): void {
      if (!isHealed(round)) return
      for (const [phase, cut] of Object.entries(node.machine?.ledger.rounds[round]?.cuts ?? {})) {
        const dueMs = (firstObservedMs.get(`${round}/${phase}`) ?? 0) - PUNCTUAL_MS
        for (const { id, author, sentMs, isPass } of items.get(`${round}/${phase}`) ?? []) {
          const isIn = cut.some(([, each]) => each === id)
          if (sentMs < dueMs && !isPass && !isIn) witness.violations.push(`a punctual ${phase} of ${author} is not in the cut of ${round}`)
        }
      }
    },
    checkPenalties({ round, changes }: ClosedRound): string[] {
      const blamed = isHealed(round) ? changes.filter(({ penalty }) => penalty !== null) : []
      return blamed.map(({ member, penalty }) => `${member} kept its word in ${round} and is blamed for a ${penalty}`)
    },
  }
}

function noteFinal(witness: Witness, finals: Map<number, string>, node: SimNode, notice: Extract<Notice, { type: 'block-final' }>): void {
  const said = `${notice.hash}/${notice.stateRoot}`
  const known = finals.get(notice.height)
  if (known === undefined) finals.set(notice.height, said)
  else if (known !== said) witness.violations.push(`node ${node.index} has another final block at height ${notice.height}`)
}

// Nobody signs two things for one slot, over all of its lives.
function noteSent(witness: Witness, votes: Map<string, Vote[]>, slots: Map<string, string>, node: SimNode, message: Message): void {
  if (message.kind === 'presence') return
  if (message.kind === 'vote') {
    const key = `${node.index}/${message.body.view}`
    const earlier = votes.get(key) ?? []
    if (earlier.some((vote) => contradicts(vote, message.body))) witness.violations.push(`node ${node.index} contradicts itself in view ${message.body.view}`)
    votes.set(key, [...earlier, message.body])
    return
  }
  const slot = slotOf(node, message)
  const known = slots.get(slot)
  const said = sha256(encode(message.body))
  if (known !== undefined && known !== said) witness.violations.push(`node ${node.index} signed two bodies for ${slot}`)
  slots.set(slot, said)
}

function slotOf(node: SimNode, message: Message): string {
  if (message.kind === 'proposal') return `${node.index}/proposal/${message.body.epoch}/${message.body.view}`
  if ('round' in message.body) return `${node.index}/${message.body.round}/${message.body.phase}/${message.kind === 'observation'}`
  return `${node.index}/${message.kind}/${'sequence' in message.body ? message.body.sequence : ''}`
}

function checkResult(result: RoundResult): string[] {
  const violations: string[] = []
  if (result.credit !== null) {
    const { credit, grandValue, denominator } = result.credit
    const sum = credit.reduce((total, part) => total + BigInt(part), 0n)
    if (sum !== BigInt(grandValue) * BigInt(denominator)) violations.push(`credit of ${result.round} does not sum to v(N)`)
  }
  const mass = result.clusters.reduce((total, cluster) => total + cluster.mass, 0)
  if (result.clusters.length > 0 && mass !== 1_000_000) violations.push(`masses of ${result.round} do not sum to one`)
  return violations
}

/**
 * Replays one node's stored blocks from genesis: the state they lead to must be the node's own, and points conserved.
 * Everybody else must have stored the same blocks.
 */
export function checkReplay(world: World, node: SimNode): string[] {
  const ledger = node.machine?.ledger
  if (ledger === undefined) return [`node ${node.index} is down`]
  let state = genesisState(world.genesis, world.network)
  for (let height = 1; height <= ledger.height; height++) {
    const replayed = replayBlock(world, node, state, height)
    if (replayed === null) return [`node ${node.index} can't replay block ${height}`]
    state = replayed
  }
  const held = Object.values(state.members).reduce((sum, member) => sum + member.points, 0)
  const others = world.nodes.filter((other) => !isSameChain(node, other))
  return [
    ...(stateRoot(state) === stateRoot(ledger) ? [] : [`node ${node.index} replays to another state`]),
    ...(held === state.minted ? [] : [`node ${node.index} holds ${held} points of ${state.minted} minted`]),
    ...others.map((other) => `node ${other.index} stored another chain than node ${node.index}`),
  ]
}

function isSameChain(a: SimNode, b: SimNode): boolean {
  const finals = [...a.store.keys()].filter((key) => key.startsWith('final/') && b.store.has(key))
  return finals.every((key) => finalHash(a, key) === finalHash(b, key))
}

function finalHash(node: SimNode, key: string): string {
  return (decodeCanonical(node.store.get(key) as Uint8Array) as { hash: string }).hash
}

function replayBlock(world: World, node: SimNode, state: ReturnType<typeof genesisState>, height: number): typeof state | null {
  const { network, parameters } = { network: world.network, parameters: world.genesis.parameters }
  const message = (key: string): Message | undefined => {
    const bytes = node.store.get(key)
    const opened = bytes === undefined ? null : openEnvelope(bytes, network, verifySimulated)
    return opened?.ok === true ? opened.message : undefined
  }
  const key = KEYS.final(height)
  const proposal = node.store.has(key) ? message(`proposal/${finalHash(node, key)}`) : undefined
  if (proposal?.kind !== 'proposal') return null
  const applied = applyBlock(state, proposal.body, {
    rules: { network, parameters },
    open: (envelope) => openEnvelope(envelope, network, verifySimulated),
    verify: verifySimulated,
    item: (id) => message(`item/${id}`),
    result: (_, hash) => drive(node, readResult(hash)) ?? 'missing',
  })
  return applied.ok ? applied.state : null
}
