/** Makes the planned faults happen. */
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { damage, takeBackup } from './damage.ts'
import type { Fault, Random } from './plan.ts'
import type { Prober } from './prober.ts'
import { killMember, type Member, type Swarm } from './swarm.ts'

export interface DamageRecord {
  node: number
  how: string
  /** When it was noticed and when the node signed again, in seconds since the damage; null: not seen. */
  noticedS: number | null
  backS: number | null
  atMs: number
}

export interface FaultLog {
  done: Record<string, number>
  skipped: number
  damages: DamageRecord[]
  /** Seconds from the return of the last of more than a third until a block was final. */
  outages: { silentBlocks: number; resumedS: number | null }[]
}

export interface Scene {
  swarm: Swarm
  log: FaultLog
  random: Random
  prober: Pick<Prober, 'acknowledged' | 'shared'>
  /** Faults going on, and whether no other may begin: an outage is measured by itself. */
  running: number
  isQuiet: boolean
}

const WAIT_MS = 5_000
const SETTLING_MS = 3_000
const POLL_MS = 50
const DYING_MS = 3_000

const isWell = ({ state, signing }: Member): boolean => state === 'up' && signing === 'active'

/** Resolves when the fault is over. What would leave less than a quorum waits a while, and is skipped then. */
export async function inflict(scene: Scene, fault: Fault): Promise<void> {
  const { log, swarm } = scene
  const isHeldBack = scene.isQuiet
  scene.running += 1
  const isDone = !isHeldBack && (await perform(scene, fault))
  scene.running -= 1
  if (isDone && !swarm.stopping) log.done[fault.kind] = (log.done[fault.kind] ?? 0) + 1
  else log.skipped += 1
}

async function perform(scene: Scene, fault: Fault): Promise<boolean> {
  const { swarm } = scene
  switch (fault.kind) {
    case 'kill':
    case 'failpoint': {
      const member = await findVictim(scene, fault.node)
      if (member === null) return false
      killMember(member, fault.kind === 'kill' ? { downMs: fault.downMs } : { failpoint: `${fault.point}:${fault.count}` })
      return true
    }
    case 'pause':
      return pause(scene, fault.node, fault.ms)
    case 'partition':
      return partition(swarm, fault)
    case 'slow':
      for (const link of linksOf(swarm, fault.node)) link.delayMs = fault.delayMs
      await sleep(fault.ms)
      for (const link of linksOf(swarm, fault.node)) link.delayMs = 0
      return true
    case 'reset':
      for (const link of linksOf(swarm, fault.node)) link.reset()
      return true
    case 'outage':
      return outage(scene, fault.side, fault.ms)
    case 'damage':
      return damageStore(scene, fault)
    case 'full-disk':
      return fillDisk(scene)
  }
}

const linksOf = ({ links }: Swarm, node: number) => links.filter(({ from, to }) => from === node || to === node)

// The planned node, or the next one that can be spared.
async function findVictim({ swarm }: Scene, node: number, fits: (member: Member) => boolean = () => true): Promise<Member | null> {
  const { members } = swarm
  const spared = Math.floor((members.length - 1) / 3)
  for (let waitedMs = 0; waitedMs < WAIT_MS && !swarm.stopping; waitedMs += POLL_MS) {
    const unwell = members.filter((member) => !isWell(member)).length
    const order = Array.from({ length: members.length - 1 }, (_, index) => members[(node + index) % (members.length - 1)] as Member)
    const victim = unwell < spared ? order.find((member) => isWell(member) && fits(member)) : undefined
    if (victim !== undefined) return victim
    await sleep(POLL_MS)
  }
  return null
}

async function pause(scene: Scene, node: number, ms: number): Promise<boolean> {
  const member = await findVictim(scene, node)
  const child = member?.child
  if (member === null || child === null || child === undefined) return false
  process.kill(child.pid, 'SIGSTOP')
  member.state = 'paused'
  await sleep(ms)
  if (!child.alive()) return true
  process.kill(child.pid, 'SIGCONT')
  member.state = 'up'
  return true
}

async function partition({ links }: Swarm, { side, oneWay, ms }: Extract<Fault, { kind: 'partition' }>): Promise<boolean> {
  const cut = links.filter(({ from, to }) => side.includes(from) !== side.includes(to))
  for (const link of cut) {
    const isOutgoing = side.includes(link.from)
    if (!oneWay || isOutgoing) link.forward = false
    if (!oneWay || !isOutgoing) link.backward = false
  }
  await sleep(ms)
  for (const link of cut) Object.assign(link, { forward: true, backward: true })
  return true
}

async function outage(scene: Scene, side: readonly number[], ms: number): Promise<boolean> {
  const { swarm, log } = scene
  scene.isQuiet = true
  const until = async (limitMs: number, holds: () => boolean): Promise<number> => {
    const startMs = performance.now()
    while (!holds() && !swarm.stopping && performance.now() - startMs < limitMs) await sleep(POLL_MS)
    return (performance.now() - startMs) / 1_000
  }
  await until(20_000, () => scene.running === 1 && swarm.members.every(isWell))
  const victims = side.map((index) => swarm.members[index] as Member)
  for (const member of victims) killMember(member, { downMs: ms, before: null })
  // What was on its way may still arrive, and be told.
  await sleep(SETTLING_MS)
  const before = swarm.height
  await sleep(ms - SETTLING_MS)
  const silentBlocks = swarm.height - before
  await until(30_000, () => victims.every(({ state }) => state === 'up'))
  const atReturn = swarm.height
  const resumedS = await until(30_000, () => swarm.height > atReturn)
  if (!swarm.stopping) log.outages.push({ silentBlocks, resumedS: swarm.height > atReturn ? resumedS : null })
  scene.isQuiet = false
  return true
}

async function damageStore(scene: Scene, { node, how }: Extract<Fault, { kind: 'damage' }>): Promise<boolean> {
  const { swarm, log, random, prober } = scene
  // What only this node may know would be lost with its store.
  const isHolding = (each: Member): boolean => [...prober.acknowledged].some(([round, index]) => index === each.index && !prober.shared.has(round))
  const member = await findVictim(scene, node, (each) => !isHolding(each) && each.index > 0)
  if (member === null) return false
  const { disk } = member
  if (how === 'old-backup') {
    killMember(member, { before: () => takeBackup(disk) })
    await sleep(15_000)
    if (swarm.stopping || member.state !== 'up' || member.signing === 'observing') return false
  }
  const before = async (): Promise<void> => {
    if (await damage(disk, how, random)) log.damages.push({ node: member.index, how, noticedS: null, backS: null, atMs: performance.now() })
  }
  killMember(member, { before })
  return true
}

// The first member has a disk of its own, which is filled to the brim until the node gives up.
async function fillDisk({ swarm }: Scene): Promise<boolean> {
  const member = swarm.members[0] as Member
  if (swarm.smallDisk === null || !isWell(member)) return false
  const filler = join(swarm.smallDisk, 'filler')
  const { child } = member
  // The node may give up before the last byte is taken.
  if (member.expected === null) member.expected = 'full-disk'
  // It is started again once there is room.
  const freed = Promise.withResolvers<void>()
  member.before ??= () => freed.promise
  const file = await open(filler, 'w')
  try {
    for (let size = 1 << 20; size >= 1; ) await file.write(Buffer.alloc(size)).then(({ bytesWritten }) => (bytesWritten < size ? (size >>= 1) : 0), () => (size >>= 1))
  } finally {
    await file.close()
  }
  for (let waitedMs = 0; waitedMs < 20_000 && child?.alive() === true && !swarm.stopping; waitedMs += POLL_MS) await sleep(POLL_MS)
  await rm(filler)
  freed.resolve()
  // Who has met the full disk is on its way out.
  for (let waitedMs = 0; waitedMs < DYING_MS && child?.alive() === true; waitedMs += POLL_MS) await sleep(POLL_MS)
  if (child?.alive() === true) {
    member.before = null
    if (member.expected === 'full-disk') member.expected = null
  }
  return child?.alive() !== true
}
