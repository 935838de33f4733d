import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BODY_SCHEMAS, type MessageKind } from '../bodies.ts'
import { decodeCanonical } from '../encoding.ts'
import { openEnvelope } from '../envelope.ts'
import { decodeRequest, openFrame } from '../frames.ts'
import { fromHex, verify } from '../test/keys.ts'
import { buildVectors, VECTOR_NETWORK, type Vectors } from './test/build-vectors.ts'

const built = buildVectors()
const pathOf = (name: string): string => join(import.meta.dirname, `${name}.json`)

/** `PEERAGE_WRITE_VECTORS=1` writes the files anew: what they pin has then changed on purpose. */
if (process.env.PEERAGE_WRITE_VECTORS === '1') {
  for (const [name, vectors] of Object.entries(built)) writeFileSync(pathOf(name), `${JSON.stringify(vectors, null, 2)}\n`)
}

const read = (name: string): Vectors => JSON.parse(readFileSync(pathOf(name), 'utf8')) as Vectors
const hexOf = (vector: Record<string, unknown>): Uint8Array => fromHex(vector.hex as string)

describe('golden vectors', () => {
  it.each(Object.keys(built))('are what is built today: %s', (name) => {
    expect(built[name]).toEqual(read(name))
  })

  it('cover every kind of message, and open', () => {
    const envelopes = read('envelopes')
    expect(Object.keys(envelopes).sort()).toEqual(Object.keys(BODY_SCHEMAS).sort())
    for (const [kind, vector] of Object.entries(envelopes)) {
      const opened = openEnvelope(hexOf(vector), VECTOR_NETWORK.network, verify)
      expect(opened).toMatchObject({ ok: true, message: { kind, author: vector.author, id: vector.id } })
      expect(BODY_SCHEMAS[kind as MessageKind].safeParse(decodeCanonical(fromHex(vector.body as string))).success).toBe(true)
    }
  })

  it('hold frames and requests that open', () => {
    for (const [name, vector] of Object.entries(read('frames'))) {
      expect(openFrame(hexOf(vector), { ...VECTOR_NETWORK, verify }).ok, name).toBe(true)
    }
    for (const [type, vector] of Object.entries(read('requests'))) expect(decodeRequest(hexOf(vector))?.type).toBe(type)
  })
})
