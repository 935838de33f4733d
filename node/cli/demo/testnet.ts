import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createGenesis } from '../../../protocol/index.ts'
import { SOLVER_STRATEGIES } from '../../agents/solver-strategies.ts'
import { formatConfig, writeFileWhole } from '../../config/config-file.ts'
import { resolveHome } from '../../config/home.ts'
import type { NodeHome } from '../../config/home.ts'
import type { ConfigFile } from '../../config/schema.ts'
import { nameOf } from '../../names.ts'
import { ensureIdentity, exists, loadOwnIdentity } from '../own-home.ts'
import { findFreePorts } from './free-ports.ts'

/** A node of a network on this machine, as its files describe it. */
export interface TestnetNode {
  home: NodeHome
  memberId: string
  name: string
}

const FOUNDER_WEIGHT = 1_000_000
const GENESIS_FILE = 'genesis.json'

/** The nodes in a folder; where there are none, so many are made: one genesis with all as founders, each with a solver of its own. */
export async function openTestnet(folder: string, count: number): Promise<TestnetNode[]> {
  if (!(await exists(join(folder, GENESIS_FILE)))) return createTestnet(folder, count)
  const numbers = (await readdir(folder)).flatMap((entry) => /^node-(\d+)$/.exec(entry)?.[1] ?? [])
  return Promise.all(
    numbers.map(Number).sort((a, b) => a - b).map(async (number) => {
      const home = homeOf(folder, number)
      return describe(home, (await loadOwnIdentity(home)).memberId)
    }),
  )
}

async function createTestnet(folder: string, count: number): Promise<TestnetNode[]> {
  const homes = Array.from({ length: count }, (_, index) => homeOf(folder, index + 1))
  const nodes = await Promise.all(homes.map(async (home) => describe(home, (await ensureIdentity(home)).identity.memberId)))
  const ports = await findFreePorts(2 * count)
  const addresses = nodes.map(({ memberId }, index) => `/ip4/127.0.0.1/tcp/${ports[index]}/p2p/${memberId}`)
  await Promise.all(
    nodes.map(({ home }, index) => {
      const config: Partial<ConfigFile> = {
        logLevel: 'warn',
        agent: { type: 'solver', strategy: SOLVER_STRATEGIES[index % SOLVER_STRATEGIES.length] as (typeof SOLVER_STRATEGIES)[number] },
        // Of two nodes the later one dials: one connection between any two.
        network: { genesis: `../${GENESIS_FILE}`, host: '127.0.0.1', port: ports[index] as number, bootstrap: addresses.slice(0, index) },
        http: { host: '127.0.0.1', port: ports[count + index] as number },
      }
      return writeFileWhole(home.configFile, formatConfig(config))
    }),
  )
  const genesis = createGenesis({ name: 'demo', members: nodes.map(({ memberId }) => ({ id: memberId, weight: FOUNDER_WEIGHT })) })
  // Last: a folder with a genesis is complete.
  await writeFileWhole(join(folder, GENESIS_FILE), `${JSON.stringify(genesis, null, 2)}\n`)
  return nodes
}

function homeOf(folder: string, number: number): NodeHome {
  return resolveHome(join(folder, `node-${number}`), {})
}

function describe(home: NodeHome, memberId: string): TestnetNode {
  return { home, memberId, name: nameOf(memberId) }
}
