/** Frames that no member would send: none of them may be taken for a message. */
import { openEnvelope } from '../envelope.ts'
import { decodeBundle, decodeRequest, openFrame } from '../frames.ts'
import { LIMITS } from '../limits.ts'
import { verifySimulated } from './members.ts'
import type { World } from './types.ts'

const OVERSIZED = new Uint8Array(LIMITS.envelopeBytesMax + 1)
const DEEP = new Uint8Array(2_000).fill(0x81)

/** Opens damaged and foreign frames the way a node would; what it takes for good is a violation. */
export function throwBadFrames(world: World): string[] {
  const { random, network } = world
  const stores = world.nodes.flatMap(({ store }) => [...store].filter(([key]) => key.startsWith('item/') || key.startsWith('proposal/') || key.startsWith('own/')))
  if (stores.length === 0) return []
  const [, genuine] = random.pick(stores)
  const flipped = genuine.slice()
  const place = random.below(flipped.length)
  flipped[place] = (flipped[place] as number) ^ (1 << random.below(8))
  const frames = [flipped, genuine.slice(0, random.below(genuine.length)), Uint8Array.from({ length: 64 }, () => random.below(256)), DEEP, OVERSIZED]
  const taken = frames.filter((frame) => openEnvelope(frame, network, verifySimulated).ok || openFrame(frame, { network, verify: verifySimulated }).ok)
  const read = [DEEP, flipped].filter((frame) => decodeRequest(frame) !== null || decodeBundle(frame) !== null)
  const foreign = openEnvelope(genuine, `${network.slice(1)}0`, verifySimulated).ok ? ['a frame of another network was taken for a message'] : []
  return [...[...taken, ...read].map(() => 'a damaged frame was taken for a message'), ...foreign]
}
