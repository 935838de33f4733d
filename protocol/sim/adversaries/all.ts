import type { Adversary } from '../types.ts'
import { censor } from './censor.ts'
import { copycat } from './copycat.ts'
import { doubleVoter } from './double-voter.ts'
import { equivocator } from './equivocator.ts'
import { flooder } from './flooder.ts'
import { liar } from './liar.ts'
import { nuller } from './nuller.ts'
import { outdated } from './outdated.ts'
import { replayer } from './replayer.ts'
import { shill } from './shill.ts'
import { staller } from './staller.ts'
import { sybil } from './sybil.ts'
import { twins } from './twins.ts'
import { withholder } from './withholder.ts'

/** Every adversary by name. */
export const ADVERSARIES = {
  equivocator,
  censor,
  liar,
  staller,
  copycat,
  withholder,
  replayer,
  outdated,
  nuller,
  'double-voter': doubleVoter,
  twins,
  shill,
  sybil,
  flooder,
} satisfies Record<string, Adversary>

export type AdversaryName = keyof typeof ADVERSARIES
