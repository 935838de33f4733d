import type { CheckpointDocument, MembershipChange } from '../change-documents.ts'
import { createSolverAgent } from '../agents/solver-agent.ts'
import { createIdempotency } from '../runtime/idempotency.ts'
import { createSolo } from '../runtime/solo.ts'
import { createMemoryStore } from '../store/memory-store-fixture.ts'
import { roundSummarySchema } from '../service/rounds.ts'
import { ServiceError } from '../service.ts'
import type { AskRequest, CreditExplanation, NodeEvent, NodeService, NodeStatus, PeerInfo, Preference, ReputationDocument, RewardsDocument, RoundDetail, Solo } from '../service.ts'

/**
 * A test fixture: a NodeService over a few values in memory, with no network, agent or record behind it.
 * It exists to test what lies on this side of the service, the API and the command line.
 */
export interface ServiceFixture {
  service: NodeService
  /** Sends an event to every subscriber. */
  emit(event: NodeEvent): void
  subscribers(): number
  asked: AskRequest[]
  changes: MembershipChange[]
  /** Makes the next calls of `ask` fail, until set to null. */
  failAskWith(error: Error | null): void
  /** Puts or replaces a round. */
  setRound(round: RoundDetail): void
  setStatus(changes: Partial<NodeStatus>): void
}

export const SELF = '12D3KooWFixtureSelf1111111111111111111111111111aaaa'
export const OTHER = '12D3KooWFixtureOther222222222222222222222222222bbbb'
export const THIRD = '12D3KooWFixtureThird333333333333333333333333333cccc'
export const HEIGHT = 7

const hash = 'c'.repeat(64)
const CHECKPOINT: CheckpointDocument = { schema: 'peerage.checkpoint/v1', network: hash, epoch: 1, height: HEIGHT, stateRoot: hash, record: hash, proof: '' }
const NAMES: Readonly<Record<string, string>> = { [SELF]: 'brave-teal-otter', [OTHER]: 'quiet-red-fox', [THIRD]: 'quiet-blue-hare' }

export function createServiceFixture(solo: Solo = createSolo(createSolverAgent({ strategy: 'greedy' }))): ServiceFixture {
  const listeners = new Set<(event: NodeEvent) => void>()
  const rounds = new Map<string, RoundDetail>()
  const asked: AskRequest[] = []
  const changes: MembershipChange[] = []
  const idempotency = createIdempotency(createMemoryStore())
  let status = STATUS
  let askError: Error | null = null
  const ask = async (request: AskRequest): Promise<{ round: string }> => {
    if (askError !== null) throw askError
    asked.push(request)
    const round = `round-${asked.length}`
    rounds.set(round, openRound(round, request))
    return { round }
  }
  const service: NodeService = {
    status: () => status,
    peers: () => [peer(SELF), peer(OTHER), peer(THIRD)],
    genesis: () => ({ name: 'fixture', members: [{ id: SELF, weight: 1_000_000 }] }),
    ask: (request, { idempotencyKey } = {}) => (idempotencyKey === undefined ? ask(request) : idempotency.once(idempotencyKey, request, () => ask(request))),
    async rounds({ limit, before, status }) {
      const matching = [...rounds.values()].filter((round) => status === undefined || round.status === status).reverse()
      return matching.slice(1 + matching.findIndex(({ round }) => round === before)).slice(0, limit).map((round) => roundSummarySchema.parse(round))
    },
    round: async (id) => rounds.get(id) ?? null,
    reputation: async (member, { history, at }) => reputationOf(knownMember(member), history, reachedHeight(at)),
    rewards: async (member, { history, at }) => rewardsOf(knownMember(member), history, reachedHeight(at)),
    explain: async (round, member) => explanationOf(round, knownMember(member)),
    async *exportRounds({ after }) {
      yield* [...rounds.values()].filter(({ closedHeight }) => closedHeight !== null && closedHeight > after)
    },
    async *exportPreferences({ after }) {
      if (after < HEIGHT) yield PREFERENCE
    },
    async membership(change) {
      if (askError !== null) throw askError
      changes.push(change)
    },
    checkpoint: async () => CHECKPOINT,
    solo,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return {
    service,
    emit: (event) => listeners.forEach((listener) => listener(event)),
    subscribers: () => listeners.size,
    asked,
    changes,
    failAskWith: (error) => {
      askError = error
    },
    setRound: (round) => rounds.set(round.round, round),
    setStatus: (changes) => {
      status = { ...status, ...changes }
    },
  }
}

const PREFERENCE: Preference = {
  schema: 'peerage.preference/v1',
  round: 'round-0',
  height: HEIGHT,
  kind: 'text',
  prompt: 'Which city?',
  chosen: 'Paris',
  rejected: 'Lyon',
  chosenBy: OTHER,
  rejectedBy: THIRD,
  source: 'ballots',
  weightMicro: 500_000,
  verdicts: 2,
  verdictsMicro: 500_000,
}

const STATUS: ReturnType<NodeService['status']> = {
  memberId: SELF,
  name: 'brave-teal-otter',
  model: 'solver/fixture',
  networkId: 'f'.repeat(64),
  networkName: 'fixture',
  role: 'founder',
  height: HEIGHT,
  epoch: 0,
  view: 9,
  lastBlock: 'a'.repeat(64),
  stateRoot: 'b'.repeat(64),
  openRounds: [],
  canAnswer: true,
  canJudge: true,
  providers: [],
  peersConnected: 2,
  members: 3,
  quorumPresent: true,
  agent: null,
  membersPresent: 3,
  health: ['All 3 members are present.'],
  startedAt: '2026-01-01T00:00:00.000Z',
  signing: { mode: 'active', cause: null, reason: null, until: null },
  refusedFrames: {},
  addresses: [`/ip4/127.0.0.1/tcp/4747/p2p/${SELF}`],
}

function peer(memberId: string): PeerInfo {
  const self = memberId === SELF
  return {
    memberId,
    name: NAMES[memberId] as string,
    model: 'solver/fixture',
    self,
    isMember: true,
    connected: !self,
    address: self ? null : `/ip4/127.0.0.1/tcp/5000/p2p/${memberId}`,
    latencyMs: self ? null : 1,
    present: true,
    canAnswer: true,
    canJudge: true,
    votingWeight: 1_000_000,
  }
}

function knownMember(member: string): string {
  if (NAMES[member] === undefined) throw new ServiceError('unknown-member', `There is no member ${member}.`)
  return member
}

function reachedHeight(at: number | undefined): number {
  if (at !== undefined && at > HEIGHT) throw new ServiceError('height-ahead', `Height ${at} is not reached; this node is at ${HEIGHT}.`)
  return at ?? HEIGHT
}

function reputationOf(member: string, history: boolean, height: number): ReputationDocument {
  const entry = { height: 3, round: 'round-0', domain: 'number', role: 'answering', successMicro: 1_000_000, failureMicro: 0, meanMicro: 750_000 } as const
  return {
    schema: 'peerage.reputation/v1',
    member,
    name: NAMES[member] as string,
    height,
    answering: { number: { meanMicro: 750_000, lowMicro: 400_000, highMicro: 950_000, count: 4, probation: true } },
    judging: {},
    penalties: [],
    ...(history ? { history: [entry] } : {}),
  }
}

function rewardsOf(member: string, history: boolean, height: number): RewardsDocument {
  return {
    schema: 'peerage.rewards/v1',
    member,
    name: NAMES[member] as string,
    height,
    points: 600,
    creditTotalMicro: 412_000,
    rounds: 1,
    ...(history ? { history: [{ height: 3, round: 'round-0', creditMicro: 412_000, points: 600 }] } : {}),
  }
}

function openRound(round: string, request: AskRequest): RoundDetail {
  return {
    round,
    status: 'open',
    phase: 'answer-commit',
    asker: SELF,
    askerName: 'brave-teal-otter',
    kind: request.kind,
    prompt: request.prompt,
    reference: request.reference ?? null,
    openedHeight: HEIGHT,
    closedHeight: null,
    winner: null,
    rated: null,
    evaluation: null,
    task: { answerMs: request.answerMs ?? 30_000, judgeMs: request.judgeMs ?? 30_000, truthCommitted: request.truth !== undefined, acceptedValues: null },
    answers: [],
    comparisons: [],
    grades: [],
    ranking: null,
    credit: null,
    reputation: [],
    record: null,
    pruned: false,
    timings: [],
  }
}

/** The same round after its close: OTHER won with `text`. */
export function closeRound(round: RoundDetail, text: string): RoundDetail {
  const winner = { member: OTHER, name: 'quiet-red-fox', text, value: text }
  return {
    ...round,
    status: 'closed',
    phase: 'closed',
    closedHeight: HEIGHT + 4,
    winner,
    rated: true,
    evaluation: { source: 'truth', valueMicro: 1_000_000, success: true },
    answers: [{ ...winner, cluster: 0 }],
    ranking: { answers: [{ member: OTHER, name: 'quiet-red-fox', strengthMicro: 1_000_000 }], clusters: [{ cluster: 0, massMicro: 1_000_000 }], agreementMicro: 1_000_000 },
    credit: {
      method: 'exact',
      denominator: 1,
      grandValueMicro: 1_000_000,
      bestSingle: { member: OTHER, name: 'quiet-red-fox', valueMicro: 1_000_000 },
      evaluations: 8,
      shares: [{ member: OTHER, name: 'quiet-red-fox', numerator: 1_000_000, creditMicro: 1_000_000, standardErrorMicro: null, points: 1_000 }],
    },
    reputation: [{ member: OTHER, name: 'quiet-red-fox', domain: round.kind, role: 'answering', beforeMicro: 500_000, afterMicro: 620_000 }],
    record: 'c'.repeat(64),
  }
}

/** The event that tells of a closed round. */
export function closedEvent(round: RoundDetail): NodeEvent {
  const { kind, winner, rated, evaluation, reputation } = round
  const credit = (round.credit?.shares ?? []).map(({ member, name, creditMicro, points }) => ({ member, name, creditMicro, points }))
  return { type: 'round-closed', round: round.round, height: round.closedHeight ?? 0, kind, winner, rated: rated ?? false, evaluation, credit, reputation }
}

function explanationOf(round: string, member: string): CreditExplanation {
  return {
    schema: 'peerage.explanation/v1',
    round,
    member,
    name: NAMES[member] ?? member,
    height: HEIGHT,
    creditMicro: 250_000,
    standardErrorMicro: null,
    points: 250,
    method: 'exact',
    grandValueMicro: 500_000,
    bestSingle: { member: OTHER, name: 'quiet-red-fox', valueMicro: 1_000_000 },
    without: { valueMicro: 0, pick: { member: OTHER, name: 'quiet-red-fox', text: 'Paris, I think', value: 'Paris' } },
    best: { valueMicro: 500_000, with: [{ member: OTHER, name: 'quiet-red-fox' }] },
    worst: { valueMicro: -100_000, with: [] },
    grading: round === 'round-graded' ? { draws: 2, graders: [{ member: OTHER, name: 'quiet-red-fox' }], weightMicro: 750_000, counts: true, drawNoiseMicro: 20_000, graderNoiseMicro: 50_000 } : null,
    gradingErrorMicro: round === 'round-graded' ? 30_000 : null,
    coalitions: 4,
    complete: true,
    recompute: 'as the specification says.',
  }
}
