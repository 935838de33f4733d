import type { TaskKind, Verdict } from '../consensus/index.ts'
import type { CheckpointDocument, MembershipChange } from './change-documents.ts'
import type { LogLevel, NodeConfig } from './config/schema.ts'
import type { NodeHome } from './config/home.ts'
import type { Identity } from './identity.ts'

/**
 * The seam between a running node and whoever looks at it: HTTP API, command line, dashboard.
 * Everything here is plain JSON: no bytes, no bigint, no Date. Numbers ending in `Micro` are integers in
 * millionths, `At` are ISO 8601 times of this node's own clock, `Ms` are milliseconds.
 */

/** Phases of a round in the order in which they happen; a phase that a round does not need is left out. `closing`: only the result is missing. */
export const ROUND_PHASES = ['answer-commit', 'answer-reveal', 'ballot-commit', 'ballot-reveal', 'evaluate', 'credit', 'credit-next', 'credit-all', 'closing', 'closed'] as const
export type RoundPhase = (typeof ROUND_PHASES)[number]

export type RoundStatus = 'open' | 'closed'

/** What a member is judged at: how good its answers are, or how good its verdicts on the answers of others. */
export type ReputationRole = 'answering' | 'judging'

/** `founder`: listed in the genesis; `joining` until a block has admitted the node. */
export type NodeRole = 'founder' | 'member' | 'joining'

export interface OpenRound {
  round: string
  phase: RoundPhase
  asker: string
  kind: TaskKind
}

/** A snapshot of the node. `health` holds sentences for people, the most important first; never empty. */
export interface NodeStatus {
  memberId: string
  name: string
  model: string
  networkId: string
  networkName: string
  role: NodeRole
  height: number
  epoch: number
  view: number
  /** Hash of the last final block; of the genesis while there is none. */
  lastBlock: string
  stateRoot: string
  openRounds: OpenRound[]
  canAnswer: boolean
  canJudge: boolean
  peersConnected: number
  /** Members heard of within the presence interval, this node included. */
  membersPresent: number
  health: string[]
  /** Whether this node signs. While `observing`: why, and until when, as the ends of sentences. */
  signing: { mode: 'asking' | 'active' | 'observing'; cause: string | null; reason: string | null; until: string | null }
  startedAt: string
  /** How many frames of peers were refused since the start, by code. */
  refusedFrames: Record<string, number>
  /** Full multiaddrs with /p2p/<id>, as `join` takes them. */
  addresses: string[]
}

/** A connected peer or a known member. The list holds this node too, marked by `self`. */
export interface PeerInfo {
  memberId: string
  name: string
  /** What the member says that answers there; null until it was heard of. */
  model: string | null
  self: boolean
  /** False for a connected peer that is not (yet) a member of the network. */
  isMember: boolean
  connected: boolean
  address: string | null
  latencyMs: number | null
  present: boolean
  canAnswer: boolean
  canJudge: boolean
  votingWeight: number
}

/** The network's genesis in its JSON form, as `genesisSchema` of protocol/ reads it. */
export type GenesisDocument = Readonly<Record<string, unknown>>

/** A task to be put to the network. Limits of the protocol apply: `ask` rejects with `invalid-task`. */
export interface AskRequest {
  prompt: string
  kind: TaskKind
  /** The asker's own label, shown to everybody. */
  reference?: string | undefined
  /** How long members get to answer, and to judge; the network's defaults where absent. */
  answerMs?: number | undefined
  judgeMs?: number | undefined
  /** Accepted values, committed to with the task and revealed after the ballots. */
  truth?: { accepted: string[] } | undefined
}

export interface RoundSummary {
  round: string
  status: RoundStatus
  phase: RoundPhase
  asker: string
  askerName: string
  kind: TaskKind
  prompt: string
  reference: string | null
  /** Height of the block that opened the round, null while it waits for one, and of the one that closed it. */
  openedHeight: number | null
  closedHeight: number | null
  /** Author of the winning answer, known once the ballot reveals are final. */
  winner: RoundWinner | null
  /** Whether the round moves reputation and points, how good the winner was and who says so; null before the close. */
  rated: boolean | null
  evaluation: RoundEvaluation | null
}

export interface RoundEvaluation {
  source: 'truth' | 'checker' | 'consensus' | 'none'
  valueMicro: number
  success: boolean
}

export interface RoundWinner {
  member: string
  name: string
  text: string
  value: string | null
}

/** An answer of a round. `cluster` numbers groups of equal answers; null before the ranking. */
export interface RoundAnswer {
  member: string
  name: string
  text: string
  value: string | null
  cluster: number | null
}

/** One agreed comparison; `left` and `right` are the authors of the two answers, in the order shown. */
export interface RoundComparison {
  judge: string
  left: string
  right: string
  verdict: Verdict
  reason: string | null
}

/** The agreed ranking: strengths sum to 1_000_000 over answers, masses over clusters. */
export interface RoundRanking {
  answers: { member: string; name: string; strengthMicro: number }[]
  clusters: { cluster: number; massMicro: number }[]
  agreementMicro: number
}

/** What a member earned by a round: its signed share of the value, rounded to micro-units, and the points minted from it. */
export interface CreditShare {
  member: string
  name: string
  creditMicro: number
  points: number
}

/** Credit of a closed round: numerators over one denominator, which sum exactly to `grandValueMicro * denominator`. */
export interface RoundCredit {
  method: 'exact' | 'regression'
  denominator: number
  /** The value of everybody together, and the best of a single member. */
  grandValueMicro: number
  bestSingle: { member: string; name: string; valueMicro: number } | null
  /** Coalitions that were evaluated. */
  evaluations: number
  shares: (CreditShare & { numerator: number; standardErrorMicro: number | null })[]
}

export interface ReputationChange {
  member: string
  name: string
  domain: TaskKind
  role: ReputationRole
  beforeMicro: number
  afterMicro: number
}

/** Everything known of a round so far; parts that are not final yet are null or empty. */
export interface RoundDetail extends RoundSummary {
  task: {
    answerMs: number
    judgeMs: number
    /** Whether the asker committed to the true answer, and what it revealed. */
    truthCommitted: boolean
    acceptedValues: string[] | null
  }
  answers: RoundAnswer[]
  comparisons: RoundComparison[]
  ranking: RoundRanking | null
  credit: RoundCredit | null
  reputation: ReputationChange[]
  /** Hash of the round's record, once closed. */
  record: string | null
  /** Whether this node has let go of what was said: then texts are empty, and comparisons are missing. */
  pruned: boolean
  /** How long each phase took as this node saw it. */
  timings: { phase: RoundPhase; durationMs: number }[]
}

/** A posterior as people read it: mean, interval, rounds that spoke. `probation`: too few rounds to have influence of its own. */
export interface ReputationEstimate {
  meanMicro: number
  lowMicro: number
  highMicro: number
  count: number
  probation: boolean
}

export interface ReputationPenalty {
  height: number
  round: string | null
  cause: string
}

/** How one closed round moved one posterior: evidence added, and the mean after it. */
export interface ReputationHistoryEntry {
  height: number
  /** Null for what no round explains: a proven breach. */
  round: string | null
  domain: TaskKind
  role: ReputationRole
  successMicro: number
  failureMicro: number
  meanMicro: number
}

/**
 * Agreed reputation of a member after the final block at `height`: the same bytes on every node.
 * Holds nothing of the node that was asked. Domains are those in which the member was ever seen.
 */
export interface ReputationDocument {
  schema: 'peerage.reputation/v1'
  member: string
  name: string
  height: number
  answering: Partial<Record<TaskKind, ReputationEstimate>>
  judging: Partial<Record<TaskKind, ReputationEstimate>>
  penalties: ReputationPenalty[]
  /** Where this node knows only what came above a height: then penalties and history are of the time since. */
  since?: number
  /** Ascending by height, then round, domain and role; present when asked for. */
  history?: ReputationHistoryEntry[]
}

export interface RewardsHistoryEntry {
  height: number
  round: string
  creditMicro: number
  points: number
}

/** Agreed credit and points of a member after the final block at `height`: the same bytes on every node. */
export interface RewardsDocument {
  schema: 'peerage.rewards/v1'
  member: string
  name: string
  height: number
  points: number
  /** Sum of the signed credit of all closed rounds, and how many rounds that were. */
  creditTotalMicro: number
  rounds: number
  /** Where this node knows only what came above a height: then credit, rounds and history are of the time since. */
  since?: number
  /** Ascending by height, then round; present when asked for. */
  history?: RewardsHistoryEntry[]
}

/** A coalition of others, and what it is worth more or less with the member in it. */
export interface ExplainedMarginal {
  valueMicro: number
  with: { member: string; name: string }[]
}

/** Why a member has the credit that a closed round gave it. All values are of the same round, in micro-units. */
export interface CreditExplanation {
  schema: 'peerage.explanation/v1'
  round: string
  member: string
  name: string
  height: number
  creditMicro: number
  /** Null where credit is exact. */
  standardErrorMicro: number | null
  points: number
  method: string
  /** What the swarm's pick was worth, and the best that one member would have reached alone. */
  grandValueMicro: number
  bestSingle: { member: string; name: string; valueMicro: number } | null
  /** What the others would have picked without the member, and what that is worth. */
  without: { valueMicro: number; pick: RoundWinner | null }
  /** Where the member helped most and least, of the coalitions looked at; `complete` if those were all. */
  best: ExplainedMarginal
  worst: ExplainedMarginal
  coalitions: number
  complete: boolean
  recompute: string
}

/** What happens, as it happens. Listeners must not throw and must not block. */
export type NodeEvent =
  | { type: 'round-opened'; round: string; height: number; asker: string; askerName: string; kind: TaskKind; prompt: string }
  | { type: 'phase-entered'; round: string; phase: RoundPhase; height: number }
  | {
      type: 'round-closed'
      round: string
      height: number
      kind: TaskKind
      winner: RoundWinner | null
      rated: boolean
      evaluation: RoundEvaluation | null
      credit: CreditShare[]
      reputation: ReputationChange[]
    }
  | { type: 'block-final'; height: number; hash: string; entries: number }
  | { type: 'peer-connected'; peer: string; name: string }
  | { type: 'peer-disconnected'; peer: string; name: string }
  /** This node stops signing, or signs again. */
  | { type: 'signing'; mode: NodeStatus['signing']['mode']; reason: string | null }
  /** This node's own agent failed; `code` is an AgentErrorCode. */
  | { type: 'agent-error'; code: string; message: string; round: string | null }

/** Options of the member documents; `at` is a height not above the node's own, which is the default. */
export interface MemberDocumentOptions {
  history: boolean
  at?: number | undefined
}

export interface RoundListOptions {
  /** At most so many rounds, the newest opened first. */
  limit: number
  /** Only rounds older than this one. Rejects with `unknown-round`. */
  before?: string | undefined
  status?: RoundStatus | undefined
}

export interface NodeService {
  status(): NodeStatus
  /** This node first, then the others by member id. */
  peers(): PeerInfo[]
  genesis(): GenesisDocument
  /** Resolves once the open is handed to the network. Rejects with ServiceError. */
  ask(request: AskRequest): Promise<{ round: string }>
  rounds(options: RoundListOptions): Promise<RoundSummary[]>
  round(id: string): Promise<RoundDetail | null>
  /** Rejects with ServiceError `unknown-member` or `height-ahead`. */
  reputation(member: string, options: MemberDocumentOptions): Promise<ReputationDocument>
  /** Rejects with ServiceError `unknown-member` or `height-ahead`. */
  rewards(member: string, options: MemberDocumentOptions): Promise<RewardsDocument>
  explain(round: string, member: string): Promise<CreditExplanation>
  /** Resolves once the request is handed to the network; a block decides. Rejects with ServiceError `not-possible`. */
  membership(change: MembershipChange): Promise<void>
  /** Rejects with ServiceError `not-possible`. */
  checkpoint(): Promise<CheckpointDocument>
  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: NodeEvent) => void): () => void
}

export type ServiceErrorCode = 'unknown-member' | 'unknown-round' | 'no-credit' | 'pruned' | 'height-ahead' | 'too-few-peers' | 'not-member' | 'quota' | 'invalid-task' | 'observing' | 'not-possible' | 'stopping'

/** A request the node cannot fulfil. The message is a sentence for people; API and exit codes follow from `code`. */
export class ServiceError extends Error {
  readonly code: ServiceErrorCode
  constructor(code: ServiceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ServiceError'
    this.code = code
  }
}

/** Where the node's log lines go; fields are plain JSON and hold no secret. Must not throw. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void

/** A node at work. `stop` ends everything it started and resolves when its data is on disk; may be called twice. */
export interface RunningNode {
  service: NodeService
  /** Base URL of the HTTP API, without a slash at the end. */
  apiUrl: string
  stop(): Promise<void>
}

export interface StartNodeOptions {
  home: NodeHome
  config: NodeConfig
  identity: Identity
  log: Log
  /** Ends the start early (while a genesis is being fetched, say): `StartNode` then rejects with the signal's reason. */
  signal: AbortSignal
}

/**
 * Starts a node and resolves when it listens and serves its API. Where `config.genesisFile` is missing, the genesis is
 * fetched from `config.bootstrap` first and written there. Rejects with ConfigError, ApiError, NetworkError or AgentError.
 */
export type StartNode = (options: StartNodeOptions) => Promise<RunningNode>
