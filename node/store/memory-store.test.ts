import { createMemoryStore } from './memory-store-fixture.ts'
import { describeStore } from './store-conformance.ts'

describeStore('memory', async () => ({ open: async () => createMemoryStore(), cleanUp: async () => {} }))
