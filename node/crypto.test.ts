import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSigner, memberIdOf, publicKeyOf, verify } from './crypto.ts'

async function createMember() {
  const key = await generateKeyPair('Ed25519')
  const sign = createSigner(key.raw.slice(0, 32), key.publicKey.raw)
  return { key, sign, id: peerIdFromPrivateKey(key).toString() }
}

describe('crypto', () => {
  it('verifies what libp2p signs, and libp2p verifies what is signed here', async () => {
    const { key, sign, id } = await createMember()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect(await key.publicKey.verify(bytes, sign(bytes))).toBe(true)
        expect(verify(id, bytes, await key.sign(bytes))).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('gives a key the member id that libp2p gives it, and back', async () => {
    for (let count = 0; count < 50; count++) {
      const { key, id } = await createMember()
      expect(memberIdOf(key.publicKey.raw)).toBe(id)
      expect(publicKeyOf(id)).toEqual(Uint8Array.from(key.publicKey.raw))
    }
  })

  it('refuses a changed message, signature or author', async () => {
    const { sign, id } = await createMember()
    const other = await createMember()
    const bytes = new TextEncoder().encode('vote')
    const signature = sign(bytes)
    expect(verify(id, bytes, signature)).toBe(true)
    expect(verify(other.id, bytes, signature)).toBe(false)
    expect(verify(id, bytes.slice(1), signature)).toBe(false)
    for (let bit = 0; bit < signature.length * 8; bit += 13) {
      const changed = signature.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(verify(id, bytes, changed)).toBe(false)
    }
  })

  it('answers false, and never throws, for malformed ids and signatures', async () => {
    const { sign, id } = await createMember()
    const secp = peerIdFromPrivateKey(await generateKeyPair('secp256k1')).toString()
    const bytes = Uint8Array.of(1)
    for (const bad of ['', 'x', secp, id.slice(0, -1), `${id}1`, ` ${id}`, `${id}\n`, `z${id}`, id.replace(/.$/, '0'), `1${id}`, 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N']) {
      expect(verify(bad, bytes, sign(bytes)), bad).toBe(false)
    }
    expect(verify(`12D3KooW${'z'.repeat(44)}`, bytes, sign(bytes))).toBe(false)
    for (const length of [0, 63, 65, 1000]) expect(verify(id, bytes, new Uint8Array(length))).toBe(false)
    fc.assert(fc.property(fc.string(), fc.uint8Array(), (text, signature) => verify(text, bytes, signature) === false))
  })

  it('keeps verifying when more members than the cache holds come by', async () => {
    const { sign, id } = await createMember()
    const bytes = Uint8Array.of(7)
    const signature = sign(bytes)
    for (let count = 0; count < 5000; count++) {
      const raw = new Uint8Array(32)
      new DataView(raw.buffer).setUint32(0, count)
      expect(verify(memberIdOf(raw), bytes, signature)).toBe(false)
    }
    expect(verify(id, bytes, signature)).toBe(true)
  })
})
