import { messageStreamToDuplex } from '@libp2p/utils'
import type { Stream } from '@libp2p/interface'
import { decode, encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { networkLimits } from './limits.ts'
import { NetworkError } from './network.ts'

export const fetchProtocol = '/peerage/fetch/1'

type Duplex = ReturnType<typeof messageStreamToDuplex>

/**
 * On the wire: the request is one length-prefixed frame. The reply is a head frame of four bytes, the number of frames
 * that follow (big-endian), then those frames. The count tells a whole reply from one cut off by a lost connection.
 */

/** Sends one request on a fresh stream and collects the reply. Rejects with the stream's error or NetworkError `too-large`. */
export async function exchange(stream: Stream, request: Uint8Array): Promise<Uint8Array[]> {
  const duplex = messageStreamToDuplex(stream)
  const sent = pipe([request], encode, duplex.sink)
  const [reply] = await Promise.all([readReply(duplex.source), sent])
  return reply
}

/** Reads the one frame of a request. */
export async function readRequest(source: Duplex['source']): Promise<Uint8Array> {
  for await (const frame of decode(source, { maxDataLength: networkLimits.requestBytesMax })) return toBytes(frame)
  throw new Error('the stream ended before the request')
}

export async function writeReply(frames: readonly Uint8Array[], sink: Duplex['sink']): Promise<void> {
  const head = new Uint8Array(4)
  new DataView(head.buffer).setUint32(0, frames.length)
  await pipe([head, ...frames], encode, sink)
}

/** Why a reply may not be sent or taken, or null. */
export function replyFault(frames: readonly Uint8Array[]): string | null {
  const { replyFrameBytesMax, replyBytesMax, replyFramesMax } = networkLimits
  if (frames.length > replyFramesMax) return `the reply has more than ${replyFramesMax} frames`
  let total = 0
  for (const { length } of frames) {
    if (length > replyFrameBytesMax) return `a frame of the reply is larger than ${replyFrameBytesMax} bytes`
    total += length
  }
  return total > replyBytesMax ? `the reply is larger than ${replyBytesMax} bytes` : null
}

async function readReply(source: Duplex['source']): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  let expected: number | null = null
  let totalBytes = 0
  for await (const frame of decode(source, { maxDataLength: networkLimits.replyFrameBytesMax })) {
    const bytes = toBytes(frame)
    if (expected === null) {
      expected = readCount(bytes)
    } else {
      totalBytes += bytes.length
      if (totalBytes > networkLimits.replyBytesMax) throw new NetworkError('too-large', `the reply is larger than ${networkLimits.replyBytesMax} bytes`)
      frames.push(bytes)
    }
    if (frames.length === expected) return frames
  }
  throw new Error(`the reply ended after ${frames.length} of ${expected ?? 'an unknown number of'} frames`)
}

function readCount(head: Uint8Array): number {
  if (head.length !== 4) throw new Error(`the head of the reply has ${head.length} bytes instead of 4`)
  const count = new DataView(head.buffer, head.byteOffset, 4).getUint32(0)
  if (count > networkLimits.replyFramesMax) throw new NetworkError('too-large', `the reply has more than ${networkLimits.replyFramesMax} frames`)
  return count
}

/** A plain copy, so that a small frame does not keep the network's large chunk in memory. */
function toBytes(frame: { subarray(): Uint8Array }): Uint8Array {
  return Uint8Array.from(frame.subarray())
}
