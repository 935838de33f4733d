/** Preloaded into a process (--import): the work that its nodes give to their threads goes through misbehave.ts. */
import { registerHooks } from 'node:module'

const WORKER = '/node/runtime/compute-worker.ts'
const misbehave = new URL('./misbehave.ts', import.meta.url).href

registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith(WORKER)) return nextLoad(url, context)
    const source = `
      import { misbehave } from ${JSON.stringify(misbehave)}
      import honest from ${JSON.stringify(`${url}?honest`)}
      export default (request) => misbehave(request, honest)`
    return { format: 'module', shortCircuit: true, source }
  },
})
