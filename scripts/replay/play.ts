import { createFollower, type NodeClient, type NodeStatus, type RecordedTaskSummary, type RoundDetail } from '../../node/index.ts'

const ROUND_MS_MAX = 300_000
/** A truth has to name something; where no recorded answer is right, it names what nobody says. */
const NOTHING_RIGHT = 'none of the recorded answers'

/** A recorded task as a round that has closed. */
export interface Played {
  task: RecordedTaskSummary
  round: RoundDetail
  wallMs: number
}

/** Asks a node one recorded task after the other, each with its truth. Throws if a round does not close. */
export async function playAll(
  asker: NodeClient,
  tasks: readonly RecordedTaskSummary[],
  { signal, onPlayed }: { signal: AbortSignal; onPlayed: (done: number) => void },
): Promise<Played[]> {
  const played: Played[] = []
  for (const task of tasks) {
    const follower = await createFollower(asker, { signal, timeoutMs: ROUND_MS_MAX })
    const startedMs = performance.now()
    const accepted = [...new Set(task.answers.flatMap((answer) => (answer.correct === true ? [answer.accepted] : [])))]
    const { round: id } = await asker.post<{ round: string }>('rounds', {
      kind: 'label',
      prompt: (task.prompt ?? task.taskId).slice(0, 60_000),
      reference: task.taskId,
      answerMs: 30_000,
      judgeMs: 30_000,
      truth: { accepted: accepted.length > 0 ? accepted : [NOTHING_RIGHT] },
    })
    const round = await follower.follow(id)
    follower.close()
    if (round.status !== 'closed') throw new Error(`the round of ${task.taskId} did not close; it is in phase ${round.phase}`)
    played.push({ task, round, wallMs: performance.now() - startedMs })
    onPlayed(played.length)
  }
  return played
}

/** The state root of each node, once all are at one height, or after ten seconds. */
export async function agreedRoots(clients: readonly NodeClient[]): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    const statuses = await Promise.all(clients.map((client) => client.get<NodeStatus>('status')))
    const roots = statuses.map(({ stateRoot }) => stateRoot)
    if (new Set(roots).size === 1 || attempt === 50) return roots
    await new Promise((wake) => setTimeout(wake, 200))
  }
}
