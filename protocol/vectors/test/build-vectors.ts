import { everySituation, sha256, type Certificate, type VoteKind } from '../../../consensus/index.ts'
import type { Block, Body, Breach, MessageKind } from '../../bodies.ts'
import { encode } from '../../encoding.ts'
import { sealEnvelope, type Message, type Signer } from '../../envelope.ts'
import { consentBytes } from '../../ledger/members.ts'
import { encodeFrame, encodeRequest, type Frame, type Request } from '../../frames.ts'
import { createGenesis, networkId } from '../../genesis.ts'
import { resultHash } from '../../ledger/close-round.ts'
import type { RoundResult } from '../../ledger/result.ts'
import { genesisState, stateRoot } from '../../ledger/state.ts'
import { commitmentOf, shareContent, truthCommitment } from '../../sealed.ts'
import { memberWith, toHex } from '../../test/keys.ts'
import { createScene, finish, openRound, play, roundOf } from '../../test/scene.ts'

/** One pinned encoding: what it is of, and what the names of the protocol are for it. */
export type Vectors = Record<string, Record<string, unknown>>

const MEMBERS = [1, 2, 3, 4].map(memberWith).sort((a, b) => (a.member < b.member ? -1 : 1)) as [Signer, Signer, Signer, Signer]
const [alice, bob, carol] = MEMBERS
const GENESIS = createGenesis({
  name: 'vectors',
  members: MEMBERS.map(({ member }, index) => ({ id: member, weight: (index + 1) * 1_000_000, name: `member ${index}` })),
  bootstrap: ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
})
const NETWORK = networkId(GENESIS)
const ROUND = sha256('a round')
const SALT = Uint8Array.from({ length: 32 }, (_, index) => index)
const ANSWER = encode({ text: 'It is 42.', value: '42' })
const BALLOT = encode({ comparisons: [{ left: 0, right: 1, verdict: 'left', reason: 'clearer' }, { left: 1, right: 2, verdict: 'tie' }] })
const SEALED = { content: ANSWER, salt: SALT }

function blockOf(): Block {
  const round = ROUND
  const open = sealEnvelope(NETWORK, 'join', { sequence: 0 }, memberWith(9)).bytes
  const observation = sealEnvelope(NETWORK, 'observation', { round, phase: 'credit', items: [] }, carol).bytes
  return {
    epoch: 0,
    view: 12,
    height: 9,
    parent: sha256('a parent'),
    entries: [
      { type: 'join', envelope: open },
      { type: 'cut', round, phase: 'credit', observations: [observation] },
      { type: 'result', round, hash: resultHash(RESULT) },
    ],
    stateRoot: stateRoot(genesisState(GENESIS, NETWORK)),
  }
}

const RESULT: RoundResult = {
  round: ROUND,
  kind: 'number',
  rated: true,
  players: [alice.member, bob.member, carol.member],
  answers: [
    { author: 0, cluster: 0, strength: 700_000, quality: 1_000_000 },
    { author: 1, cluster: 1, strength: 300_000, quality: 0 },
  ],
  clusters: [{ value: '42', mass: 700_000 }, { value: null, mass: 300_000 }],
  tied: [0],
  winner: 0,
  agreement: 400_000,
  evaluation: { source: 'truth', micro: 1_000_000, success: true },
  credit: {
    method: 'exact',
    credit: [5_000_000, -1_000_000, 2_000_000],
    denominator: 6,
    grandValue: 1_000_000,
    bestSingle: { player: 0, value: 1_000_000 },
    standardError: [0, 0, 0],
    evaluations: 8,
  },
  points: [714, 0, 286],
  answering: [{ success: 1_000_000, failure: 0 }, { success: 0, failure: 1_000_000 }, { success: 0, failure: 0 }],
  judging: [
    everySituation(() => ({ success: 0, failure: 0 })),
    everySituation(() => ({ success: 0, failure: 0 })),
    everySituation((situation) => (situation === 'first' ? { success: 500_000, failure: 500_000 } : { success: 0, failure: 0 })),
  ],
  likeness: [{ players: [0, 2], apart: 250_000, chance: 500_000 }],
  lies: [{ player: 1, block: 3, leaf: 2, said: 400_000 }],
}

const BODIES: { [K in MessageKind]: Body<K> } = {
  open: {
    sequence: 1,
    task: { kind: 'number', prompt: 'What is six times seven?', reference: null, answerMs: 60_000, judgeMs: 30_000 },
    truth: truthCommitment(['42'], SALT),
  },
  commit: { round: ROUND, phase: 'answer-commit', hash: commitmentOf(NETWORK, ROUND, 'answer-reveal', alice.member, SEALED) },
  reveal: { round: ROUND, phase: 'answer-reveal', ...SEALED },
  truth: { round: ROUND, phase: 'evaluate', accepted: ['42'], salt: SALT },
  share: { round: ROUND, phase: 'credit', blocks: [{ block: 3, values: [[0, 500_000, 1_000_000], [1_000_000, 1_000_000, 1_000_000]] }], checks: [250_000], salt: SALT },
  observation: { round: ROUND, phase: 'ballot-commit', items: [[alice.member, sha256('one')], [bob.member, sha256('two')]] },
  vote: { kind: 'notarize', epoch: 0, view: 7, block: sha256('a block') },
  proposal: blockOf(),
  presence: { sequence: 1_700_000_000_000, canAnswer: true, canJudge: false, model: 'some-model', links: 3, height: 0 },
  join: { sequence: 0 },
  leave: { sequence: 1 },
  rotate: { sequence: 2, to: memberWith(9).member, consent: memberWith(9).sign(consentBytes(NETWORK, alice.member, memberWith(9).member)) },
  evidence: breachOf(),
}

function breachOf(): Breach {
  const votes = ['one block', 'another block'].map((block) => sealEnvelope(NETWORK, 'vote', { kind: 'notarize', epoch: 0, view: 7, block: sha256(block) }, bob))
  const [first, second] = votes.sort((a, b) => (a.bodyHash < b.bodyHash ? -1 : 1)) as [Message<'vote'>, Message<'vote'>]
  return { member: bob.member, kind: 'vote', slot: first.slot as string, hashes: [first.bodyHash, second.bodyHash], signatures: [first.signature, second.signature] }
}

const REQUESTS: Record<Request['type'], Request> = {
  get: { type: 'get', hashes: [sha256('one'), sha256('two')] },
  chain: { type: 'chain', fromHeight: 256, toHeight: 319 },
  offer: { type: 'offer' },
  boundaries: { type: 'boundaries', fromEpoch: 1 },
  checkpoint: { type: 'checkpoint', offset: 0 },
  snapshot: { type: 'snapshot', epoch: 2, offset: 1_000_000 },
  certificates: { type: 'certificates', fromView: 65_536 },
  genesis: { type: 'genesis' },
  said: { type: 'said' },
  deliver: { type: 'deliver', frames: [encodeFrame({ type: 'genesis', genesis: GENESIS })] },
}

function certify(kind: VoteKind, block: string | null): Certificate {
  const vote = { kind, epoch: 0, view: 7, block }
  const signatures = MEMBERS.slice(1).map((signer) => ({ author: signer.member, signature: sealEnvelope(NETWORK, 'vote', vote, signer).signature }))
  return { ...vote, signatures }
}

function pinFrame(frame: Frame): Record<string, unknown> {
  return { hex: toHex(encodeFrame(frame)) }
}

/** A whole round on the ledger, with a pass and a ballot less than there are answers. */
function playRound(): Vectors {
  const scene = createScene({ members: 4 })
  const round = openRound(scene)
  const ballot = { comparisons: [{ left: 0, right: 1, verdict: 'left' as const }, { left: 1, right: 2, verdict: 'right' as const }] }
  play(scene, { round, answers: ['a', 'b', null, 'a'], ballots: [ballot, ballot, ballot, undefined] })
  const before = { height: scene.state.height, pairSeed: roundOf(scene, round).pairSeed, stateRoot: stateRoot(scene.state) }
  const { hash, result } = finish(scene, round)
  return { closing: before, closed: { height: scene.state.height, record: scene.state.lastRecord, stateRoot: stateRoot(scene.state), hash, result: toHex(encode(result)) } }
}

/** Everything that is pinned, by file. Fixed keys, fixed content: the same on every machine. */
export function buildVectors(): Record<string, Vectors> {
  const kinds = Object.keys(BODIES) as MessageKind[]
  const envelopes = kinds.map((kind): [string, Record<string, unknown>] => {
    const message = sealEnvelope(NETWORK, kind, BODIES[kind], alice)
    return [kind, { author: alice.member, id: message.id, body: toHex(encode(BODIES[kind])), hex: toHex(message.bytes) }]
  })
  return {
    envelopes: Object.fromEntries(envelopes),
    frames: {
      notarization: pinFrame({ type: 'certificate', certificate: certify('notarize', sha256('a block')) }),
      nullification: pinFrame({ type: 'certificate', certificate: certify('nullify', null) }),
      finalization: pinFrame({ type: 'certificate', certificate: certify('finalize', sha256('a block')) }),
      result: pinFrame({ type: 'result', result: RESULT }),
      genesis: pinFrame({ type: 'genesis', genesis: GENESIS }),
      envelope: pinFrame({ type: 'envelope', bytes: sealEnvelope(NETWORK, 'join', BODIES.join, bob).bytes }),
    },
    ledger: playRound(),
    requests: Object.fromEntries(Object.entries(REQUESTS).map(([type, request]) => [type, { hex: toHex(encodeRequest(request)) }])),
    hashes: {
      genesis: { network: NETWORK, stateRoot: stateRoot(genesisState(GENESIS, NETWORK)), hex: toHex(encode(GENESIS)) },
      block: { hash: sha256(encode(BODIES.proposal)), hex: toHex(encode(BODIES.proposal)) },
      result: { hash: resultHash(RESULT), hex: toHex(encode(RESULT)) },
      commitment: { hash: BODIES.commit.hash, content: toHex(ANSWER), salt: toHex(SALT) },
      ballot: { hash: commitmentOf(NETWORK, ROUND, 'ballot-reveal', alice.member, { content: BALLOT, salt: SALT }), content: toHex(BALLOT) },
      share: { hash: commitmentOf(NETWORK, ROUND, 'credit', alice.member, { content: encode(shareContent(BODIES.share)), salt: SALT }), content: toHex(encode(shareContent(BODIES.share))) },
      truth: { hash: BODIES.open.truth, accepted: ['42'] },
    },
  }
}

/** The network that the vectors belong to, with its validators. */
export const VECTOR_NETWORK = { network: NETWORK, validators: genesisState(GENESIS, NETWORK).validators }
