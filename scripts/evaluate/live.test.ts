import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import { parametersSchema, type Rules } from '../../protocol/index.ts'
import { createLedger } from './live-ledger.ts'
import { isTruthShown, loadPanel, orderTasks, type PanelTask } from './panel.ts'
import { createSwarm } from './run-swarm.ts'
import { ATTACKED_SETS } from './sets.ts'

const RULES: Rules = { network: sha256('live'), parameters: parametersSchema.parse({ pairing: 'open', selfBallots: true }) }

describe.skipIf(!existsSync(ATTACKED_SETS[0]?.file ?? ''))('evaluation and live rounds (skipped where the recordings are absent)', () => {
  it.each([0, 0.3])('give the same masses bit by bit, round after round, with truth shown for a share of %d', async (share) => {
    const { file } = ATTACKED_SETS[0] as { file: string }
    const panel = await loadPanel({ file })
    // Answers without a value are named in a truth by the hash of their text, which recordings may lack.
    const tasks = panel.tasks.filter(({ answers }) => answers.every(({ comparable }) => comparable))
    const [ledger, swarm] = [createLedger(RULES), createSwarm()]
    for (const place of orderTasks(tasks, 1).slice(0, 60)) {
      const task = tasks[place] as PanelTask
      const shown = isTruthShown(share, 1, task.taskId)
      const live = ledger.close(task, shown)
      const played = swarm.play(task, shown ? 'shown' : 'none')
      const byAuthor = [...task.answers].sort((a, b) => a.author - b.author)
      expect(live.answers.map(({ cluster }) => live.clusters[cluster]?.mass)).toEqual(byAuthor.map(({ cluster }) => played.masses[cluster]))
    }
  })
})
