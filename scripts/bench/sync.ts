/** How fast a newcomer verifies and replays the whole history of a network, beside the signatures alone. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  createIdentity,
  createNodeClient,
  findFreePorts,
  formatConfig,
  nameOf,
  openLevelStore,
  resolveHome,
  startChild,
  verify,
  writeFileWhole,
  type ChildNode,
  type NodeStatus,
} from '../../node/index.ts'
import { createGenesis, decodeVouched, networkId, type FinalEntry } from '../../protocol/index.ts'
import { parseIntegers, runScript } from '../script.ts'
import { buildHistory, type History } from './sync/history.ts'

const HELP = `npm run bench:sync -- [--rounds N] [--json]

  --rounds N   closed rounds of the network that the newcomer joins (default 200; the figure that counts is of 2000)
  --json       print one JSON document
`
const FOUNDERS = 7
const SERVING = 2
const GUESTS = 3
const SYNC_MS_MAX = 600_000
const VERIFICATIONS = 4_000
const BATCH = 2_000

interface Report {
  rounds: number
  blocks: number
  epochs: number
  joined: number
  left: number
  absences: number
  buildMs: number
  historyBytes: number
  syncMs: number
  sameStateRoot: boolean
  blocksPerSecond: number
  signatures: number
  /** What verifying one of them cost, before and after the newcomer ran. */
  verificationUs: [number, number]
  boundBlocksPerSecond: number
  /** Part of the bound that was reached. */
  ofBound: number
}

runScript(HELP, async (args) => {
  const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '200' }, json: { type: 'boolean', default: false } } })
  const [rounds] = parseIntegers('--rounds', values.rounds, 1, 100_000) as [number]
  const folder = await mkdtemp(join(tmpdir(), 'peerage-sync-'))
  try {
    const report = await measure(folder, rounds)
    process.stdout.write(values.json ? `${JSON.stringify({ schema: 'peerage.bench-sync/v1', ...report })}\n` : format(report))
    return report.sameStateRoot ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

async function measure(folder: string, rounds: number): Promise<Report> {
  const homes = Array.from({ length: FOUNDERS + GUESTS + 1 }, (_, index) => resolveHome(join(folder, `node-${index}`), {}))
  const identities = await Promise.all(homes.map((home) => createIdentity(home.identityFile)))
  const signers = identities.map(({ memberId, sign }) => ({ member: memberId, sign }))
  const founders = signers.slice(0, FOUNDERS)
  const genesis = createGenesis({ name: 'sync', members: founders.map(({ member }) => ({ id: member, weight: 1_000_000 })) })
  await writeFileWhole(join(folder, 'genesis.json'), JSON.stringify(genesis))

  const startedMs = performance.now()
  const guests = signers.slice(FOUNDERS, FOUNDERS + GUESTS)
  const history = buildHistory({ genesis, verify, founders, serving: SERVING, guests, rounds, onProgress: (closed) => tell(closed, rounds) })
  const buildMs = performance.now() - startedMs
  const ports = await findFreePorts(2 * (SERVING + 1))
  const addresses = signers.slice(0, SERVING).map(({ member }, index) => `/ip4/127.0.0.1/tcp/${ports[index]}/p2p/${member}`)
  const nodes = [...homes.slice(0, SERVING), homes.at(-1) as (typeof homes)[number]].map((home, index) => ({ home, memberId: home === homes.at(-1) ? (signers.at(-1)?.member as string) : (signers[index]?.member as string) }))
  for (const [index, { home }] of nodes.entries()) {
    const network = { genesis: '../genesis.json', host: '127.0.0.1', port: ports[index] as number, bootstrap: index === SERVING ? addresses : addresses.slice(0, index) }
    const config = { logLevel: 'warn', agent: { type: 'solver', strategy: 'hasty' }, network, http: { host: '127.0.0.1', port: ports[SERVING + 1 + index] as number } }
    await writeFileWhole(home.configFile, formatConfig(config))
    if (index < SERVING) await fillStore(join(home.dataDir, 'store', networkId(genesis).slice(0, 16)), history.stores[index] as Map<string, Uint8Array>)
  }
  const children: ChildNode[] = []
  try {
    const start = (node: (typeof nodes)[number]): ChildNode => {
      const child = startChild({ ...node, name: nameOf(node.memberId) }, { env: process.env, selfCommand: [process.execPath, fileURLToPath(new URL('../../node/bin.js', import.meta.url))] })
      children.push(child)
      return child
    }
    for (const node of nodes.slice(0, SERVING)) await start(node).ready
    const before = timeVerification(signers[0] as (typeof signers)[number])
    const newcomer = start(nodes[SERVING] as (typeof nodes)[number])
    const { syncMs, stateRoot } = await untilLevel(newcomer, history.height)
    const after = timeVerification(signers[0] as (typeof signers)[number])
    return summarise(history, { rounds, buildMs, syncMs, sameStateRoot: stateRoot === history.stateRoot, verificationUs: [before, after] })
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}

function summarise(history: History, measured: Pick<Report, 'rounds' | 'buildMs' | 'syncMs' | 'sameStateRoot' | 'verificationUs'>): Report {
  const [store] = history.stores as [Map<string, Uint8Array>]
  let signatures = 0
  let historyBytes = 0
  for (const [key, value] of store) {
    historyBytes += value.length
    if (!key.startsWith('final/')) continue
    const { certificate, repeats } = decodeVouched(value) as FinalEntry
    signatures += 1 + repeats.length + (certificate?.signatures.length ?? 0)
  }
  const { height, epoch, joined, left, absences } = history
  const verificationUs = (measured.verificationUs[0] + measured.verificationUs[1]) / 2
  const boundBlocksPerSecond = height / ((signatures * verificationUs) / 1e6)
  const blocksPerSecond = height / (measured.syncMs / 1e3)
  return { ...measured, blocks: height, epochs: epoch, joined, left, absences, historyBytes, signatures, blocksPerSecond, boundBlocksPerSecond, ofBound: blocksPerSecond / boundBlocksPerSecond }
}

/** From the moment the newcomer runs until it has the last block; its own start is not counted. */
async function untilLevel(child: ChildNode, height: number): Promise<{ syncMs: number; stateRoot: string }> {
  const { apiUrl } = await child.ready
  const startedMs = performance.now()
  const client = createNodeClient(apiUrl, null, { signal: AbortSignal.timeout(SYNC_MS_MAX) })
  for (;;) {
    const status = await client.get<NodeStatus>('status')
    if (status.height >= height) return { syncMs: performance.now() - startedMs, stateRoot: status.stateRoot }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function fillStore(path: string, entries: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const store = await openLevelStore(path)
  const changes = [...entries].map(([key, value]) => ({ key, value }))
  for (let at = 0; at < changes.length; at += BATCH) await store.write(changes.slice(at, at + BATCH))
  await store.close()
}

/** Microseconds of one verification, on one thread. */
function timeVerification({ member, sign }: { member: string; sign: (bytes: Uint8Array) => Uint8Array }): number {
  const bytes = new Uint8Array(160).fill(7)
  const signature = sign(bytes)
  const startedMs = performance.now()
  for (let index = 0; index < VERIFICATIONS; index++) if (!verify(member, bytes, signature)) throw new Error('a signature does not hold')
  return ((performance.now() - startedMs) * 1e3) / VERIFICATIONS
}

function tell(closed: number, rounds: number): void {
  if (closed % 100 === 0 || closed === rounds) process.stderr.write(`${closed} of ${rounds} rounds closed\n`)
}

function format(report: Report): string {
  const { rounds, blocks, epochs, joined, left, absences, buildMs, historyBytes, syncMs, sameStateRoot, blocksPerSecond, signatures, verificationUs, boundBlocksPerSecond, ofBound } = report
  const rows: [string, string][] = [
    ['history', `${rounds} rounds, ${blocks} blocks, ${epochs} epochs, ${(historyBytes / 1e6).toFixed(1)} MB; built in ${(buildMs / 1e3).toFixed(1)} s`],
    ['churn', `${joined} joined, ${left} left, ${absences} absences of a founder`],
    ['newcomer', `${(syncMs / 1e3).toFixed(2)} s, ${sameStateRoot ? 'the same state root' : 'ANOTHER STATE ROOT'}`],
    ['verified', `${blocksPerSecond.toFixed(0)} blocks per second`],
    ['bound', `${boundBlocksPerSecond.toFixed(0)} blocks per second: ${signatures} signatures at ${verificationUs.map((us) => us.toFixed(0)).join(' and ')} us (before and after)`],
    ['reached', `${ofBound.toFixed(2)} of it`],
  ]
  return `${rows.map(([name, value]) => `${name.padEnd(9)} ${value}`).join('\n')}\n`
}
