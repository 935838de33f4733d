import type { Agent } from './agents/agent.ts'
import type { CheckpointDocument, MembershipChange } from './change-documents.ts'
import type { LogLevel, NodeConfig } from './config/schema.ts'
import type { NodeHome } from './config/home.ts'
import type { Identity } from './identity.ts'
import type { NodeEvent } from './service/events.ts'
import type { MemberDocumentOptions, ReputationDocument, RewardsDocument } from './service/members.ts'
import type { GenesisDocument, NodeStatus, PeerInfo } from './service/node.ts'
import type { AskOptions, AskRequest, CreditExplanation, ExportOptions, Preference, RoundDetail, RoundListOptions, RoundSummary } from './service/rounds.ts'
import type { Solo } from './service/solo.ts'

/**
 * The seam between a running node and whoever looks at it: HTTP API, command line, dashboard.
 * Everything here is plain JSON: no bytes, no bigint, no Date. Numbers ending in `Micro` are integers in
 * millionths, `At` are ISO 8601 times of this node's own clock, `Ms` are milliseconds.
 */
export type * from './service/events.ts'
export type * from './service/members.ts'
export type * from './service/node.ts'
export type * from './service/rounds.ts'
export type * from './service/solo.ts'

export interface NodeService {
  status(): NodeStatus
  /** This node first, then the others by member id. */
  peers(): PeerInfo[]
  genesis(): GenesisDocument
  /** Resolves once the open is handed to the network. With a key that was used before, for the same task, the round is the one of then. Rejects with ServiceError. */
  ask(request: AskRequest, options?: AskOptions): Promise<{ round: string }>
  rounds(options: RoundListOptions): Promise<RoundSummary[]>
  round(id: string): Promise<RoundDetail | null>
  /** Rejects with ServiceError `unknown-member` or `height-ahead`. */
  reputation(member: string, options: MemberDocumentOptions): Promise<ReputationDocument>
  /** Rejects with ServiceError `unknown-member` or `height-ahead`. */
  rewards(member: string, options: MemberDocumentOptions): Promise<RewardsDocument>
  explain(round: string, member: string): Promise<CreditExplanation>
  /** Closed rounds, the oldest first, and what they say about which answer is better. */
  exportRounds(options: ExportOptions): AsyncIterable<RoundDetail>
  exportPreferences(options: ExportOptions): AsyncIterable<Preference>
  /** Resolves once the request is handed to the network; a block decides. Rejects with ServiceError `not-possible`. */
  membership(change: MembershipChange): Promise<void>
  /** Rejects with ServiceError `not-possible`. */
  checkpoint(): Promise<CheckpointDocument>
  /** The node's own agent, past the network. The one part that is no document. */
  readonly solo: Solo
  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: NodeEvent) => void): () => void
}

export type ServiceErrorCode = 'unknown-member' | 'unknown-round' | 'no-credit' | 'pruned' | 'height-ahead' | 'too-few-peers' | 'not-member' | 'quota' | 'invalid-task' | 'key-reused' | 'observing' | 'not-possible' | 'stopping'

/** A request the node cannot fulfil. The message is a sentence for people; API and exit codes follow from `code`. */
export class ServiceError extends Error {
  readonly code: ServiceErrorCode
  /** Seconds after which another attempt makes sense, where that is known. */
  readonly retryAfterS: number | null
  constructor(code: ServiceErrorCode, message: string, options: ErrorOptions & { retryAfterS?: number } = {}) {
    super(message, options)
    this.name = 'ServiceError'
    this.code = code
    this.retryAfterS = options.retryAfterS ?? null
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
  /** Answers and judges instead of the agent that the configuration describes. */
  agent?: Agent
  /** The node can no longer write its store and has stopped taking part; by default the process ends. */
  onFatal?: (error: unknown) => void
}

/**
 * Starts a node and resolves when it listens and serves its API. Where `config.genesisFile` is missing, the genesis is
 * fetched from `config.bootstrap` first and written there. Rejects with ConfigError, ApiError, NetworkError or AgentError.
 */
export type StartNode = (options: StartNodeOptions) => Promise<RunningNode>
