import type { AdversaryName } from '../../protocol/index.ts'

export interface Edit {
  file: string
  /** Stands in the file exactly once, and is replaced by the other. */
  find: string
  replace: string
}

/** Rules of the protocol, each broken in one place. The simulator has to notice every one of them. */
export interface Mutant extends Edit {
  name: string
  /** What has to go as well for the rule to be broken: some are kept in two places. */
  also?: Edit
  /** Where it shows: bare votes, or whole networks. */
  in: 'agreement' | 'network'
  nodes: number
  /** Who has to be there for it to show. */
  adversary?: AdversaryName
  /** Seeds that are known to catch it, tried first. */
  seeds: readonly number[]
}

const QUORUM = 'consensus/agreement/quorum.ts'
const SIMPLEX = 'consensus/agreement/simplex.ts'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a quorum of a half',
    file: QUORUM,
    find: 'return Math.floor((2 * totalWeight(validators)) / 3) + 1',
    replace: 'return Math.floor(totalWeight(validators) / 2)',
    in: 'agreement',
    nodes: 4,
    seeds: [4],
  },
  {
    name: 'a quorum of heads instead of weight',
    file: QUORUM,
    find: 'return weightOf(validators, authors) >= quorumWeight(validators)',
    replace: 'return 3 * new Set(authors).size > 2 * validators.length',
    in: 'agreement',
    nodes: 7,
    seeds: [51],
  },
  {
    name: 'finalize after nullify',
    file: SIMPLEX,
    find: "const state = viewState(agreement, certificate.view)\n  if (state.ownNullified || state.ownFinalized !== null) return",
    replace: 'const state = viewState(agreement, certificate.view)\n  if (state.ownFinalized !== null) return',
    in: 'agreement',
    nodes: 4,
    seeds: [2],
  },
  {
    name: 'nullify after finalize',
    file: SIMPLEX,
    find: 'const state = viewState(agreement, view)\n  if (state.ownNullified || state.ownFinalized !== null) return',
    replace: 'const state = viewState(agreement, view)\n  if (state.ownNullified) return',
    also: { file: SIMPLEX, find: 'if (view !== agreement.view || !state.armed', replace: 'if (!state.armed' },
    in: 'agreement',
    nodes: 4,
    seeds: [1],
  },
  {
    name: 'two notarize votes in a view',
    file: SIMPLEX,
    find: '  state.proposal ??= proposal\n',
    replace: "  if (state.proposal?.block !== proposal.block) Object.assign(state, { proposal, verdict: 'unasked', ownNotarized: null })\n",
    in: 'agreement',
    nodes: 4,
    seeds: [5],
  },
  {
    name: 'skipped views need no certificate',
    file: SIMPLEX,
    find: 'if (!agreement.nullifications.has(skipped)) return false',
    replace: '',
    in: 'agreement',
    nodes: 4,
    seeds: [9],
  },
  {
    name: 'any parent will do',
    file: SIMPLEX,
    find: 'if (parentView === null || !isBridged(agreement, parentView, proposal.view)) {',
    replace: 'if (parentView !== null && !isBridged(agreement, parentView, proposal.view) && parentView < 0) {',
    in: 'agreement',
    nodes: 4,
    seeds: [16],
  },
  {
    name: 'anybody may lead',
    file: SIMPLEX,
    find: '  if (author !== leaderOf(agreement.validators, view)) return effects\n',
    replace: '',
    in: 'agreement',
    nodes: 4,
    seeds: [5],
  },
  {
    name: 'own votes do not count after a restart',
    file: SIMPLEX,
    find: 'for (const vote of persisted.ownVotes) effects.push(...receiveVote(agreement, vote))',
    replace: '',
    in: 'agreement',
    nodes: 3,
    seeds: [25],
  },
  {
    name: 'own votes are forgotten in a restart',
    file: SIMPLEX,
    find: 'if (vote.epoch === agreement.epoch) markOwnVote(viewState(agreement, vote.view), vote)',
    replace: '',
    in: 'agreement',
    nodes: 4,
    seeds: [7],
  },
  {
    name: 'votes for different blocks make one certificate',
    file: SIMPLEX,
    find: 'votes.get(member)?.block === vote.block)',
    replace: 'votes.has(member))',
    in: 'agreement',
    nodes: 4,
    seeds: [4],
  },
  {
    name: 'a silent node lets its timers run out',
    file: SIMPLEX,
    find: 'if (agreement.silent || !isPending(agreement)) state.armed = false',
    replace: 'if (!isPending(agreement)) state.armed = false',
    in: 'network',
    nodes: 4,
    seeds: [110],
  },
  {
    name: 'what is signed is not on disk',
    file: 'protocol/machine/sign-guard.ts',
    find: '  persist(out, KEYS.own(slot), message.bytes)\n',
    replace: '',
    in: 'network',
    nodes: 4,
    seeds: [3],
  },
  {
    name: 'sent first and written afterwards',
    file: 'protocol/sim/world.ts',
    find: "  if (crash === 'before-write') return crashNode(world, node)\n",
    replace: "  if (crash === 'before-write') {\n    for (const effect of effects) if (effect.type === 'publish') perform(world, node, effect)\n    return crashNode(world, node)\n  }\n",
    in: 'network',
    nodes: 4,
    seeds: [80],
  },
  {
    name: 'certificates are lost in a crash',
    file: 'protocol/sim/voters.ts',
    find: 'certificates: [...disk.certificates.values()], ownVotes',
    replace: 'certificates: [], ownVotes',
    in: 'agreement',
    nodes: 4,
    seeds: [14],
  },
  {
    name: 'any result is taken for the own one',
    file: 'protocol/machine/chain.ts',
    find: "return own === hash ? (machine.results.get(hash) ?? 'missing') : 'wrong'",
    replace: "return machine.results.get(own) ?? 'missing'",
    in: 'network',
    nodes: 4,
    adversary: 'liar',
    seeds: [6],
  },
  {
    name: 'evidence is dropped',
    file: 'protocol/machine/machine-state.ts',
    find: 'if (breach !== null && !machine.pool.breaches.has(breach.member)) machine.pool.breaches.set(breach.member, { breach, published: false })',
    replace: '',
    in: 'network',
    nodes: 4,
    adversary: 'double-voter',
    seeds: [1],
  },
  {
    name: 'who is convicted keeps its vote',
    file: 'protocol/ledger/breach.ts',
    find: 'const others = state.nextValidators.filter((validator) => validator.member !== member)',
    replace: 'const others = state.nextValidators',
    in: 'network',
    nodes: 4,
    adversary: 'double-voter',
    seeds: [1],
  },
  {
    name: 'late reveals clear nothing',
    file: 'protocol/ledger/owed.ts',
    find: 'state: { ...state, owed: state.owed.filter((owed) => owed !== paid) }',
    replace: 'state',
    in: 'network',
    nodes: 4,
    seeds: [33],
  },
  {
    name: 'what is owed falls due at once',
    file: 'protocol/ledger/owed.ts',
    find: 'const HEARD_MAX = 16',
    replace: 'const HEARD_MAX = 0',
    in: 'network',
    nodes: 4,
    seeds: [13],
  },
  {
    name: 'only what a quorum saw is in the cut',
    file: 'consensus/agreement/cut.ts',
    find: '3 * weight > total',
    replace: '3 * weight > 2 * total',
    in: 'network',
    nodes: 4,
    adversary: 'censor',
    seeds: [2],
  },
  {
    name: 'what anybody saw is in the cut',
    file: 'consensus/agreement/cut.ts',
    find: '3 * weight > total',
    replace: 'weight > 0',
    in: 'network',
    nodes: 4,
    adversary: 'liar',
    seeds: [53],
  },
  {
    name: 'a reveal need not open its commitment',
    file: 'protocol/ledger/items.ts',
    find: "if (!opens(context.rules.network, shown.author, shown.body, commit.body.hash)) return 'unfit'",
    replace: '',
    in: 'network',
    nodes: 4,
    adversary: 'copycat',
    seeds: [1],
  },
  {
    name: 'weights count in the next epoch',
    file: 'protocol/ledger/epoch.ts',
    find: '    validators: state.nextValidators,\n',
    replace: '    validators: entries.map(([member], index) => ({ member, weight: weights[index] as number })).filter(({ weight }) => weight > 0).sort((a, b) => (a.member < b.member ? -1 : 1)),\n',
    in: 'network',
    nodes: 4,
    seeds: [48],
  },
  {
    name: 'weight grows by a half',
    file: 'consensus/agreement/voting-weight.ts',
    find: 'const GROWTH_PERCENT = 5',
    replace: 'const GROWTH_PERCENT = 50',
    in: 'network',
    nodes: 7,
    seeds: [17],
  },
  {
    name: 'points from nowhere',
    file: 'protocol/ledger/close-round.ts',
    find: 'minted: state.minted + minted',
    replace: 'minted: state.minted',
    in: 'network',
    nodes: 4,
    seeds: [1],
  },
  {
    name: 'nothing is sent again in a standstill',
    file: 'protocol/machine/standstill.ts',
    find: "if (frames.length > 0) out.push({ type: 'send', to: 'everybody', frames })",
    replace: '',
    in: 'network',
    nodes: 4,
    seeds: [33],
  },
]
