/** A network of real machines in one process that closes rounds as fast as it can, while members come, go and are away. */
import {
  closeRound,
  createMachine,
  openFrame,
  remember,
  serve,
  step,
  type Effect,
  type Entries,
  type Event,
  type Genesis,
  type Machine,
  type Opened,
  type Read,
  type Reading,
  type RoundResult,
  type Signer,
  type Verify,
} from '../../../protocol/index.ts'

export interface HistoryInit {
  genesis: Genesis
  verify: Verify
  /** Founders: the first `serving` of them are always there and keep what they persist. */
  founders: readonly Signer[]
  serving: number
  /** Join one after the other, each leaving before the next. */
  guests: readonly Signer[]
  rounds: number
  onProgress: (closed: number) => void
}

export interface History {
  height: number
  epoch: number
  stateRoot: string
  /** What each serving founder has persisted, by key. */
  stores: Map<string, Uint8Array>[]
  joined: number
  left: number
  absences: number
}

interface Peer {
  signer: Signer
  machine: Machine
  store: Segments | null
  isUp: boolean
  timers: Map<string, number>
}

/** A store by the first part of its keys, so that a range need not look at everything. */
type Segments = Map<string, Map<string, Uint8Array>>

interface Net {
  init: HistoryInit
  peers: Peer[]
  queue: { peer: Peer; event: Event }[]
  nowMs: number
  results: Map<string, RoundResult>
  lastRoot: string
}

/** Rounds after which what was remembered of them is let go. */
const REMEMBERED_ROUNDS = 20
const AWAY_EVERY = 10
const ANSWER_TEXT = 'The question is read twice, the numbers in it are written down, and what follows from them is checked against each. '

export function buildHistory(init: HistoryInit): History {
  const net: Net = { init, peers: [], queue: [], nowMs: 0, results: new Map(), lastRoot: '' }
  for (const [index, signer] of init.founders.entries()) addPeer(net, signer, index < init.serving)
  const told = { joined: 0, left: 0, absences: 0 }
  const spell = Math.max(1, Math.floor(init.rounds / (2 * init.guests.length + 1)))
  for (let round = 0; round < init.rounds; round++) {
    if (round % REMEMBERED_ROUNDS === 0) remember(true)
    const turn = Math.floor(round / spell) - 1
    if (round % spell === 0 && turn >= 0 && turn < 2 * init.guests.length) {
      if (turn % 2 === 0) admit(net, init.guests[turn / 2] as Signer)
      else dismiss(net, init.guests[(turn - 1) / 2] as Signer)
      if (turn % 2 === 0) told.joined += 1
      else told.left += 1
    }
    if (round % AWAY_EVERY === 0) told.absences += rotateAbsence(net, round / AWAY_EVERY)
    closeOne(net, round)
    init.onProgress(round + 1)
  }
  remember(false)
  const [first] = net.peers as [Peer]
  const stores = net.peers.slice(0, init.serving).map(({ store }) => new Map([...(store as Segments).values()].flatMap((segment) => [...segment])))
  return { height: first.machine.ledger.height, epoch: first.machine.ledger.epoch, stateRoot: net.lastRoot, stores, ...told }
}

function closeOne(net: Net, round: number): void {
  const [first] = net.peers as [Peer]
  const askers = net.peers.filter(({ isUp, machine }) => isUp && first.machine.ledger.members[machine.self] !== undefined)
  const task = { kind: 'label', prompt: `Which of the labels goes with number ${round}? ${ANSWER_TEXT}`, reference: null, answerMs: 5_000, judgeMs: 5_000 } as const
  push(net, askers[round % askers.length] as Peer, { type: 'ask', ticket: round, task, truth: null })
  run(net, () => first.machine.ledger.records > round && Object.keys(first.machine.ledger.rounds).length === 0)
  net.results.clear()
}

function admit(net: Net, signer: Signer): void {
  const peer = addPeer(net, signer, false)
  run(net, () => net.peers[0]?.machine.ledger.members[signer.member] !== undefined && peer.machine.ledger.members[signer.member] !== undefined)
}

function dismiss(net: Net, signer: Signer): void {
  const peer = net.peers.find(({ machine }) => machine.self === signer.member) as Peer
  push(net, peer, { type: 'membership', ticket: 0, request: { kind: 'leave' } })
  run(net, () => net.peers[0]?.machine.ledger.members[signer.member] === undefined)
  disconnect(net, peer)
  net.peers.splice(net.peers.indexOf(peer), 1)
}

// In turn the founders that do not serve are away for some rounds; whoever was comes back.
function rotateAbsence(net: Net, turn: number): number {
  const mayGo = net.peers.slice(net.init.serving, net.init.founders.length)
  for (const peer of mayGo) if (!peer.isUp) connect(net, peer)
  if (turn % 2 === 0 || mayGo.length === 0) return 0
  disconnect(net, mayGo[turn % mayGo.length] as Peer)
  return 1
}

function addPeer(net: Net, signer: Signer, keeps: boolean): Peer {
  const { genesis, verify } = net.init
  const machine = createMachine({ genesis, signer, verify, agent: { canAnswer: true, canJudge: true, model: 'scripted' } })
  const peer: Peer = { signer, machine, store: keeps ? new Map() : null, isUp: false, timers: new Map() }
  net.peers.push(peer)
  push(net, peer, { type: 'start' })
  connect(net, peer)
  return peer
}

function connect(net: Net, peer: Peer): void {
  peer.isUp = true
  for (const other of net.peers) {
    if (other === peer || !other.isUp) continue
    push(net, peer, { type: 'peer-connected', member: other.machine.self })
    push(net, other, { type: 'peer-connected', member: peer.machine.self })
  }
}

function disconnect(net: Net, peer: Peer): void {
  peer.isUp = false
  for (const other of net.peers) {
    if (other === peer) continue
    push(net, other, { type: 'peer-disconnected', member: peer.machine.self })
    push(net, peer, { type: 'peer-disconnected', member: other.machine.self })
  }
}

function push(net: Net, peer: Peer, event: Event): void {
  net.queue.push({ peer, event })
}

/** Everything that was said is heard at once; time passes only where everybody waits. */
function run(net: Net, done: () => boolean): void {
  const { queue } = net
  for (let taken = 0; ; taken++) {
    if (taken === queue.length) {
      queue.length = 0
      taken = -1
      if (done()) return
      fireNext(net)
      continue
    }
    const { peer, event } = queue[taken] as Net['queue'][number]
    for (const effect of step(peer.machine, event, net.nowMs).effects) perform(net, peer, effect)
  }
}

function fireNext(net: Net): void {
  let next: { peer: Peer; name: string; atMs: number } | null = null
  for (const peer of net.peers) {
    for (const [name, atMs] of peer.timers) if (peer.isUp && (next === null || atMs < next.atMs)) next = { peer, name, atMs }
  }
  if (next === null) throw new Error('the network stands still')
  const { peer, name, atMs } = next
  net.nowMs = Math.max(net.nowMs, atMs)
  peer.timers.delete(name)
  push(net, peer, { type: 'timer', name })
}

function perform(net: Net, peer: Peer, effect: Effect): void {
  const { self, rules } = peer.machine
  switch (effect.type) {
    case 'persist':
      return persist(peer, effect.changes)
    case 'timer':
      return void peer.timers.set(effect.name, net.nowMs + effect.ms)
    case 'ask-agent':
      return answer(net, peer, effect)
    case 'compute': {
      if (effect.job !== 'close') return
      const result = net.results.get(effect.round) ?? closeRound(effect.transcript, rules)
      net.results.set(effect.round, result)
      return push(net, peer, { type: 'computed', round: effect.round, result })
    }
    case 'notify':
      if (peer === net.peers[0] && effect.notice.type === 'block-final') net.lastRoot = effect.notice.stateRoot
      return
    case 'publish':
      for (const other of net.peers) if (other !== peer && other.isUp && peer.isUp) push(net, other, { type: 'message', message: effect.message, from: self })
      return
    case 'send':
      for (const other of net.peers) {
        if (other === peer || !other.isUp || !peer.isUp || (effect.to !== 'everybody' && effect.to !== other.machine.self)) continue
        push(net, other, { type: 'frames', frames: openAll(rules.network, effect.frames), from: self, asked: null })
      }
      return
    case 'request':
      return request(net, peer, effect)
    case 'stop-agent':
    case 'verdict':
  }
}

// Only who keeps a store can answer.
function request(net: Net, peer: Peer, { to, request: asked }: Extract<Effect, { type: 'request' }>): void {
  if (!peer.isUp) return
  const target = net.peers.find(({ machine, store }) => machine.self === to && store !== null) ?? net.peers.find((other) => other !== peer && other.store !== null)
  if (target === undefined || target === peer) return
  const frames = openAll(peer.machine.rules.network, drive(target.store as Segments, serve(asked, target.machine, peer.machine.self)))
  const reply: Event = { type: 'frames', frames, from: target.machine.self, asked: asked.type }
  push(net, peer, asked.type === 'chain' ? { ...reply, fromHeight: asked.fromHeight } : reply)
}

// Everybody here is honest: signatures are checked where the history is used.
function openAll(network: string, frames: readonly Uint8Array[]): Opened[] {
  return frames.flatMap((bytes) => {
    const result = openFrame(bytes, { network, verify: () => true })
    return result.ok ? [result.opened] : []
  })
}

function answer(net: Net, peer: Peer, effect: Extract<Effect, { type: 'ask-agent' }>): void {
  const { round } = effect
  const digits = Number.parseInt(round.slice(0, 8), 16)
  const place = net.peers.indexOf(peer)
  const salt = new Uint8Array(32).fill((digits + place) % 256)
  const right = `label-${digits % 5}`
  // One in three is wrong about it, in one of two ways; who judges prefers the right one.
  const value = (digits + place) % 3 === 0 ? `wrong-${(digits >> 3) % 2}` : right
  if (effect.job === 'answer') return push(net, peer, { type: 'answered', round, answer: { text: `${ANSWER_TEXT.repeat(3)}It is ${value}.`, value }, salt })
  if (effect.job === 'grade') throw new TypeError('nobody grades in this network')
  const comparisons = effect.pairs.map((pair) => {
    const [left, right_] = [pair.left, pair.right].map((index) => effect.answers[index]?.content.value === right)
    return { ...pair, verdict: left === right_ ? ('tie' as const) : left === true ? ('left' as const) : ('right' as const) }
  })
  push(net, peer, { type: 'judged', round, ballot: { comparisons }, salt })
}

function persist(peer: Peer, changes: Extract<Effect, { type: 'persist' }>['changes']): void {
  if (peer.store === null) return
  for (const { key, value } of changes) {
    const head = key.split('/', 1)[0] as string
    let segment = peer.store.get(head)
    if (segment === undefined) peer.store.set(head, (segment = new Map<string, Uint8Array>()))
    if (value === null) segment.delete(key)
    else segment.set(key, value)
  }
}

function drive<T>(store: Segments, reading: Reading<T>): T {
  let next = reading.next()
  while (next.done !== true) next = reading.next(read(store, next.value))
  return next.value
}

function read(store: Segments, asked: Read): Entries {
  const segmentOf = (key: string): Map<string, Uint8Array> => store.get(key.split('/', 1)[0] as string) ?? new Map<string, Uint8Array>()
  if (asked.type === 'get') {
    return asked.keys.flatMap((key) => {
      const value = segmentOf(key).get(key)
      return value === undefined ? [] : [[key, value] as [string, Uint8Array]]
    })
  }
  const { prefix, from = '', limit = Infinity } = asked
  const segment = segmentOf(prefix)
  const keys = [...segment.keys()].filter((each) => each.startsWith(prefix) && each >= from).sort()
  return keys.slice(0, limit).map((each) => [each, segment.get(each) as Uint8Array])
}
