import type { Adversary } from '../types.ts'

/** Two copies of one member: each does what its machine says, and neither knows what the other has signed. */
export const twins: Adversary = { name: 'twins', isDouble: true }
