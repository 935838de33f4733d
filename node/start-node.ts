/** Puts a node together: identity, store, network, machine, agent, API. The order of starting and stopping is here and nowhere else. */
import { networkId, type Effect, type Machine, type Notice } from '../protocol/index.ts'
import type { Agent } from './agents/agent.ts'
import { createAgent } from './agents/create-agent.ts'
import { storeFolder } from './config/home.ts'
import { verify, verifySoon } from './crypto.ts'
import { createApi, type Api } from './http/api.ts'
import { createMounts } from './http/mounts.ts'
import { nameOf } from './names.ts'
import { createLibp2pNetwork } from './network/libp2p-network.ts'
import type { Network, NetworkHandlers } from './network/network.ts'
import { createAbilityWatch } from './runtime/ability-watch.ts'
import { createAgentCalls } from './runtime/agent-calls.ts'
import { createComputing } from './runtime/compute.ts'
import { carryPast, loadCheckpoint, loadGenesis } from './runtime/load-genesis.ts'
import { createNodeService } from './runtime/node-service.ts'
import { openMemory } from './runtime/open-memory.ts'
import { dialRemembered, rememberPeer } from './runtime/peer-addresses.ts'
import { createPruning } from './runtime/pruning.ts'
import { PROGRAM } from './runtime/rules.ts'
import { createRunner } from './runtime/runner.ts'
import { describeSigning, signingSentence } from './runtime/signing.ts'
import { createTimers } from './runtime/timers.ts'
import { createWire } from './runtime/wire.ts'
import type { Log, NodeService, RunningNode, StartNodeOptions } from './service.ts'
import type { GuardedStore } from './store/guarded-store.ts'

/** Starts a node; see StartNode. */
export async function startNode(options: StartNodeOptions): Promise<RunningNode> {
  const { home, config, identity, log } = options
  const handlers = createHandlerSlot()
  const network = await createLibp2pNetwork({ privateKey: identity.privateKey, listen: config.listen, announce: config.announce, program: PROGRAM, handlers: handlers.outer })
  const undo: (() => Promise<void> | void)[] = [() => network.stop()]
  try {
    for (const address of config.bootstrap) network.keepConnected(address)
    const genesis = await loadGenesis(options, network)
    for (const address of genesis.bootstrap) if (!address.endsWith(identity.memberId)) network.keepConnected(address)
    const checkpoint = await loadCheckpoint(genesis, options, network)
    const storePath = storeFolder(home, networkId(genesis))
    const agent = options.agent ?? (await createAgent(config.agent, { folder: home.configDir, limits: config.limits, dataDir: home.dataDir, log: (line) => log('debug', 'agent', { line }), warn: (line) => log('warn', line) }))
    undo.push(() => agent.close())
    const { canAnswer, canJudge, model } = agent
    const signer = { member: identity.memberId, sign: (bytes: Uint8Array) => identity.sign(bytes) }
    await carryPast(genesis, storePath)
    const { store, machine } = await openMemory({
      path: storePath,
      identityFile: home.identityFile,
      network: networkId(genesis),
      machine: { genesis, signer, verify, agent: { canAnswer, canJudge, model }, archive: config.keepRounds === null, ...(checkpoint === null ? {} : { checkpoint }) },
      hasPeers: config.bootstrap.length > 0 || genesis.members.some(({ id }) => id !== identity.memberId),
      log,
    })
    undo.push(() => store.close())
    await dialRemembered(store, network)
    return await compose({ ...options, handlers, network, machine, store, agent, undo })
  } catch (error) {
    for (const end of undo.reverse()) await Promise.resolve(end()).catch(() => undefined)
    throw error
  }
}

interface Parts extends StartNodeOptions {
  handlers: HandlerSlot
  network: Network
  machine: Machine
  store: GuardedStore
  agent: Agent
  undo: (() => Promise<void> | void)[]
}

async function compose({ config, identity, log, onFatal = endProcess, handlers, network, machine, store, agent, undo }: Parts): Promise<RunningNode> {
  const core = createNodeService({ agent, machine, store, network, dispatch: (event) => runner.dispatch(event), refusals: () => wire.refusals(), explain: (transcript, member) => computing.explain(transcript, member), prefer: (transcript) => computing.prefer(transcript) })
  const runner = createRunner({
    machine,
    store,
    perform: (effect) => performWith({ timers, calls, computing, store, wire }, effect),
    onNotice: (notice) => {
      logNotice(log, machine, notice)
      if (notice.type === 'block-final') prune()
      core.onNotice(notice)
    },
    onFatal: (error) => giveUp(error, log, onFatal),
  })
  const { dispatch } = runner
  const prune = createPruning({ machine, store, keepRounds: config.keepRounds, onError: (error) => log('warn', 'old rounds are not let go', { error: String(error) }) })
  const timers = createTimers((name) => dispatch({ type: 'timer', name }))
  const ability = createAbilityWatch({ agent, dispatch })
  const calls = createAgentCalls({
    agent,
    askers: config.limits.askers,
    askerOf: (round) => machine.ledger.rounds[round]?.asker ?? null,
    self: machine.self,
    dispatch,
    onError: (error, round) => {
      // What a limit ends is as the owner wants it, and happens in every round.
      log(error.code === 'budget-refused' ? 'debug' : 'warn', 'the agent failed', { code: error.code, message: error.message, round })
      core.emit({ type: 'agent-error', code: error.code, message: error.message, round })
    },
  })
  const computing = createComputing({ rules: machine.rules, self: machine.self, dispatch, onError: (error, round) => log('error', 'ranking or credit failed', { round, error: String(error) }) })
  const onTrouble = (message: string, fields: Record<string, unknown>): void => log('debug', message, fields)
  const wire = createWire({ machine, store, network, verify, verifySoon, dispatch, judge: runner.judge, onTrouble })

  const onPeer = (type: 'peer-connected' | 'peer-disconnected', peer: string): void => {
    dispatch({ type, member: peer })
    const isMember = type === 'peer-connected' && machine.ledger.members[peer] !== undefined
    if (isMember) rememberPeer(store, network, peer).catch((error: unknown) => onTrouble('the address of a peer is not remembered', { error: String(error) }))
    core.emit({ type, peer, name: nameOf(peer) })
  }
  const api = await openApi(core.service, { config, identity, log })
  undo.push(() => computing.stop(), () => api.close())
  await network.joinTopic(`peerage/1/${machine.rules.network}`)
  // From here on without a pause: nothing may reach the machine before its start, and who is connected by then is told of below.
  handlers.set({
    onGossip: wire.onGossip,
    onRequest: wire.onRequest,
    onPeerConnected: (peer) => onPeer('peer-connected', peer),
    onPeerDisconnected: (peer) => onPeer('peer-disconnected', peer),
  })
  dispatch({ type: 'start' })
  ability.start()
  for (const { id } of network.peers()) dispatch({ type: 'peer-connected', member: id })

  let stopping: Promise<void> | null = null
  const stop = async (): Promise<void> => {
    core.close()
    await api.close()
    await runner.stop()
    timers.stop()
    ability.stop()
    calls.stop()
    const ends = await Promise.allSettled([network.stop(), computing.stop(), agent.close()])
    await store.close()
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
  return { service: core.service, apiUrl: api.url, stop: () => (stopping ??= stop()) }
}

interface Performers {
  timers: ReturnType<typeof createTimers>
  calls: ReturnType<typeof createAgentCalls>
  computing: ReturnType<typeof createComputing>
  store: GuardedStore
  wire: ReturnType<typeof createWire>
}

function performWith({ timers, calls, computing, store, wire }: Performers, effect: Exclude<Effect, { type: 'persist' | 'verdict' | 'notify' }>): void {
  if (effect.type === 'timer') timers.set(effect.name, effect.ms)
  else if (effect.type === 'ask-agent') calls.ask(effect)
  else if (effect.type === 'stop-agent') calls.stopOne(effect.round, effect.job)
  else if (effect.type === 'compute') computing.start(effect)
  else {
    if (effect.type === 'publish' && effect.message.kind === 'presence') store.notePresence(effect.message.body.sequence)
    wire.perform(effect)
  }
}

function openApi(service: NodeService, { config, identity, log }: Pick<StartNodeOptions, 'config' | 'identity' | 'log'>): Promise<Api> {
  const onError = (error: unknown): void => log('error', 'API request failed', { error: String(error) })
  const mounts = createMounts({ service, signer: identity, publicUrl: config.http.publicUrl, needsToken: config.http.token !== null, onError })
  return createApi(service, { ...config.http, mounts, onError })
}

function logNotice(log: Log, machine: Machine, notice: Notice): void {
  switch (notice.type) {
    case 'result-differs':
    case 'refused-to-sign':
    case 'block-refused':
      return log('error', notice.type, { ...notice })
    case 'peer-dropped':
      return log('warn', 'a peer is asked for no more history', { ...notice })
    case 'jumped':
      return log('info', 'the state of a later block was taken over, without the rounds before it', { ...notice })
    case 'signing':
      return log(notice.mode === 'observing' ? 'error' : 'info', signingSentence(describeSigning(machine)) ?? 'Signs again.', { ...notice })
    default:
      return
  }
}

function giveUp(error: unknown, log: Log, onFatal: (error: unknown) => void): void {
  log('error', 'the node can no longer write its store and stops taking part', { error: String(error) })
  onFatal(error)
}

function endProcess(): void {
  process.exitCode = 1
  process.kill(process.pid, 'SIGTERM')
}

interface HandlerSlot {
  outer: NetworkHandlers
  set: (handlers: NetworkHandlers) => void
}

// The network runs before the machine does, since the genesis may have to come from it.
function createHandlerSlot(): HandlerSlot {
  let inner: NetworkHandlers | null = null
  return {
    outer: {
      onGossip: async (message, from) => inner?.onGossip(message, from) ?? 'ignore',
      onRequest: async (request, from) => inner?.onRequest(request, from) ?? [],
      onPeerConnected: (peer) => inner?.onPeerConnected(peer),
      onPeerDisconnected: (peer) => inner?.onPeerDisconnected(peer),
    },
    set: (handlers) => {
      inner = handlers
    },
  }
}
