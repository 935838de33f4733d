import type { Plan } from '../plan.ts'

/** Runs that once failed, as they were left by shrinking, and what was wrong. */
export const FAILED_ONCE: readonly (Plan & { because: string })[] = [
  {
    because: 'a restarted node that still asked its peers let its timers run out, and never gave up that view',
    seed: 144,
    nodes: 4,
    weights: [1_000_000, 1_000_000, 1_000_000, 1_000_000],
    asks: [
      { atMs: 1_067, node: 0, truth: false },
      { atMs: 5_993, node: 0, truth: false },
      { atMs: 8_548, node: 2, truth: true },
      { atMs: 13_408, node: 0, truth: true },
    ],
    adversaries: [{ name: 'double-voter', node: 1 }],
    faults: [
      { type: 'duplicate', probability: 0.0723 },
      { type: 'crash', perStep: 0.0033 },
      { type: 'partition', shape: 'one-way', node: 0, fromMs: 17_164, untilMs: 20_000 },
    ],
    exactPlayersMax: 3,
    epochBlocks: 4,
    guarded: true,
  },
  {
    because: 'a node whose store was set back signed again after one peer had answered, which had not heard its last block',
    seed: 204,
    nodes: 4,
    weights: [1_000_000, 1_000_000, 1_000_000, 1_000_000],
    asks: [
      { atMs: 964, node: 2, truth: true },
      { atMs: 4_872, node: 0, truth: false },
    ],
    adversaries: [],
    faults: [
      { type: 'loss', probability: 0.2174 },
      { type: 'duplicate', probability: 0.1443 },
      { type: 'delay', msMax: 265 },
      { type: 'clock', node: 2, drift: 0.6702, jumpMs: -29_237.8558, atMs: 1_966 },
      { type: 'slow-disk', node: 0, ms: 147 },
      { type: 'backup', node: 3, takenMs: 4_922, restoredMs: 6_718 },
    ],
    exactPlayersMax: 3,
    epochBlocks: 10,
    guarded: true,
  },
]
