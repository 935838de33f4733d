import { canonicalizeAgentCard } from '@a2a-js/sdk'
import type { AgentCard, AgentExtension, AgentInterface } from '@a2a-js/sdk'
import { TASK_KINDS } from '../../consensus/index.ts'
import packageJson from '../../package.json' with { type: 'json' }
import type { Identity } from '../identity.ts'
import type { NodeStatus } from '../service.ts'

export const A2A_PATH = '/a2a'
/** Versions of A2A, newest first; clients that name none speak the last. */
export const A2A_VERSIONS = ['1.0', '0.3'] as const
export type A2aVersion = (typeof A2A_VERSIONS)[number]

/** Extensions are named by URIs; see node/a2a/README.md for what they hold. */
export const ROUND_EXTENSION = 'urn:peerage:a2a:round:v1'
export const REPUTATION_EXTENSION = 'urn:peerage:a2a:reputation:v1'

const TEXT_AND_DATA = ['text/plain', 'application/json']

/** Who signs: the key of the node, by its member id. */
export type Signer = Pick<Identity, 'memberId' | 'sign'>

/** What the node says of itself to agents of other protocols, as of its last final block. `origin` is where its API is reached. */
export function createCard(status: NodeStatus, origin: string, needsToken: boolean): AgentCard {
  return {
    name: `Peerage ${status.name}`,
    description: `A member of the Peerage network "${status.networkName}". It puts a task to all members; they answer, judge each other's answers and agree on one winner, on credit and on reputation.`,
    version: packageJson.version,
    provider: undefined,
    supportedInterfaces: A2A_VERSIONS.map((protocolVersion) => ({ url: `${origin}${A2A_PATH}`, protocolBinding: 'JSONRPC', protocolVersion, tenant: '' })),
    capabilities: { streaming: true, pushNotifications: false, extendedAgentCard: false, extensions: [roundExtension(), reputationExtension(status, origin)] },
    defaultInputModes: TEXT_AND_DATA,
    defaultOutputModes: TEXT_AND_DATA,
    skills: [
      {
        id: 'ask',
        name: 'Ask the network',
        description: 'Answers a task by a round of the network: the text is the task, the artifact the winning answer.',
        tags: ['question-answering', 'consensus', ...TASK_KINDS],
        examples: ['Which is heavier, a kilogram of feathers or a pound of lead?'],
        inputModes: [],
        outputModes: [],
        securityRequirements: [],
      },
    ],
    securitySchemes: needsToken ? { bearer: { scheme: { $case: 'httpAuthSecurityScheme', value: { scheme: 'Bearer', bearerFormat: '', description: 'The token of this node.' } } } } : {},
    securityRequirements: needsToken ? [{ schemes: { bearer: { list: [] } } }] : [],
    signatures: [],
  }
}

function roundExtension(): AgentExtension {
  const fields = 'kind, reference, answerMs, judgeMs, truth, rated, as in POST /api/v1/rounds'
  return { uri: ROUND_EXTENSION, description: `Metadata of a message, or of the call, under this URI says how the round is held: ${fields}.`, required: false, params: undefined }
}

/** Where the member's reputation is, as of which block, and how anybody gets the same numbers without trusting this node. */
function reputationExtension({ memberId, networkId, height, stateRoot }: NodeStatus, origin: string): AgentExtension {
  return {
    uri: REPUTATION_EXTENSION,
    description: 'Reputation that the network agreed on. Any of its nodes gives the same bytes for the same height.',
    required: false,
    params: {
      member: memberId,
      network: networkId,
      height,
      stateRoot,
      reputation: `${origin}/api/v1/members/${memberId}/reputation?at=${height}`,
      checkpoint: `${origin}/api/v1/checkpoint`,
      recompute: 'The network id is the hash of the genesis. A checkpoint, from any node, proves a state root from the genesis on by the votes of the validators; the reputation is part of that state. A node that joined the network prints it with: peerage reputation MEMBER --at HEIGHT --json',
    },
  }
}

/**
 * Signs a card with the key of the node: a JWS (RFC 7515, EdDSA) over the canonical card, as A2A has it.
 * The key is in the `kid`: a member id is the base58 text of 00 24 08 01 12 20 and the 32 bytes of the Ed25519 public key.
 */
export function signCard(card: AgentCard, { memberId, sign }: Signer): AgentCard {
  const encode = (text: string): string => Buffer.from(text).toString('base64url')
  const header = encode(JSON.stringify({ alg: 'EdDSA', typ: 'JOSE', kid: memberId }))
  const signature = sign(Buffer.from(`${header}.${encode(canonicalizeAgentCard(card))}`))
  return { ...card, signatures: [{ protected: header, signature: Buffer.from(signature).toString('base64url'), header: undefined }] }
}

/** The same card as A2A 0.3 writes it. It is not signed: that version signs other bytes. */
export function legacyCard(card: AgentCard): Record<string, unknown> {
  const { name, description, version, defaultInputModes, defaultOutputModes } = card
  const { extendedAgentCard: supportsAuthenticatedExtendedCard, ...capabilities } = card.capabilities ?? { extensions: [] }
  const needsToken = card.securityRequirements.length > 0
  return {
    ...legacyAddress(card),
    ...{ name, description, version, capabilities, supportsAuthenticatedExtendedCard, defaultInputModes, defaultOutputModes },
    skills: card.skills.map(({ id, name: title, description: about, tags, examples }) => ({ id, name: title, description: about, tags, examples })),
    ...(needsToken ? { securitySchemes: { bearer: { type: 'http', scheme: 'Bearer' } }, security: [{ bearer: [] }] } : {}),
  }
}

/** What a client of 0.3 looks for besides what both versions have. Beside a signed card it is not covered by the signature, and ignored by who checks that. */
export function legacyAddress({ supportedInterfaces }: AgentCard): Record<string, unknown> {
  const { url, protocolBinding } = supportedInterfaces[0] as AgentInterface
  return { protocolVersion: '0.3.0', url, preferredTransport: protocolBinding }
}
