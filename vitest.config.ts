import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{consensus,credit,protocol,node,scripts}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    // Whatever models are served on this machine are none of the tests' business.
    env: { PEERAGE_DISCOVER: 'none' },
  },
})
