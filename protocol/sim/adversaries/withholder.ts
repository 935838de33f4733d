import type { Adversary } from '../types.ts'
import { published } from './tools.ts'

/** Commits like everybody and never shows it: no answer, no ballot, no truth, no share. */
export const withholder: Adversary = {
  name: 'withholder',
  acts: (_, effects) => {
    const sent = published(effects, (message) => (message.kind === 'reveal' || message.kind === 'truth' || message.kind === 'share' ? null : message))
    return sent.filter(({ type }) => type !== 'send')
  },
}
