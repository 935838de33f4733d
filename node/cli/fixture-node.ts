import { fileURLToPath } from 'node:url'
import { createApi } from '../http/api.ts'
import { closedEvent, closeRound, createServiceFixture } from '../http/service-fixture.ts'
import { nameOf } from '../names.ts'
import type { NodeService, RunningNode, StartNode } from '../service.ts'
import { main } from './main.ts'

/**
 * A test fixture: this command line in a process of its own, over a service in memory instead of a node. Rounds close by
 * themselves a moment after they are asked. It exists to test processes, signals and exit codes.
 */
const CLOSE_MS = 20

const startNode: StartNode = async ({ config, identity }) => {
  const fixture = createServiceFixture()
  const { memberId } = identity
  const service: NodeService = {
    ...fixture.service,
    status: () => ({ ...fixture.service.status(), memberId, name: nameOf(memberId), membersPresent: 1_000 }),
    async ask(request) {
      const { round } = await fixture.service.ask(request)
      setTimeout(() => void close(round), CLOSE_MS)
      return { round }
    },
  }
  const close = async (id: string): Promise<void> => {
    const open = await service.round(id)
    if (open === null) return
    const closed = closeRound(open, 'answer')
    fixture.setRound(closed)
    fixture.emit(closedEvent(closed))
  }
  const api = await createApi(service, config.http)
  const running: RunningNode = { service, apiUrl: api.url, stop: () => api.close() }
  return running
}

await main(process.argv.slice(2), { startNode, selfCommand: [process.execPath, fileURLToPath(import.meta.url)] })
