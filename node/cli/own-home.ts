import { access } from 'node:fs/promises'
import { ConfigError } from '../config/config-error.ts'
import { homeFlag } from '../config/home.ts'
import type { NodeHome } from '../config/home.ts'
import { IdentityError, createIdentity, loadIdentity } from '../identity.ts'
import type { Identity } from '../identity.ts'

/** Reads the identity of a home. Rejects with ConfigError where there is none, else with IdentityError. */
export async function loadOwnIdentity(home: NodeHome): Promise<Identity> {
  return loadIdentity(home.identityFile).catch((cause: unknown) => {
    if (!(cause instanceof IdentityError) || cause.code !== 'missing') throw cause
    throw new ConfigError('missing', home.identityFile, 'there is no identity', { hint: `Create one with: peerage init${homeFlag(home)}`, cause })
  })
}

/** Reads the identity of a home, or makes one where there is none; what exists is never replaced. */
export async function ensureIdentity(home: NodeHome): Promise<{ identity: Identity; created: boolean }> {
  if (await exists(home.identityFile)) return { identity: await loadIdentity(home.identityFile), created: false }
  return { identity: await createIdentity(home.identityFile), created: true }
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
