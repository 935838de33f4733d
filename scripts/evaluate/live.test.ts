import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { emptyJudging, emptyPosterior, freezeWeights, observe, observeJudging, observeKin, sha256, type Standing } from '../../consensus/index.ts'
import { closeRound, parametersSchema, type RoundResult, type Rules, type Transcript } from '../../protocol/index.ts'
import { isTruthShown, loadPanel, orderTasks, rightClusters, type PanelTask } from './panel.ts'
import { createSwarm } from './run-swarm.ts'
import { ATTACKED_SETS } from './sets.ts'

const RULES: Rules = { network: sha256('live'), parameters: parametersSchema.parse({ pairing: 'open', selfBallots: true }) }

/** The members of a live network, by what its rounds say about them. */
function createLedger(): { close: (task: PanelTask, shown: boolean) => RoundResult } {
  const members = new Map<string, Standing>()
  const standingOf = (id: string): Standing => members.get(id) ?? { id, answering: emptyPosterior(), judging: emptyJudging(), kin: [] }
  return {
    close(task, shown) {
      const result = closeRound(transcriptOf(task, shown, standingOf), RULES)
      result.players.forEach((id, player) => {
        const { answering, judging, kin } = standingOf(id)
        const seen = result.likeness.flatMap(({ players, apart, chance }) => (players.includes(player) ? [{ member: result.players[players[0] === player ? players[1] : players[0]] as string, apart, chance }] : []))
        const [answered, judged] = [result.answering[player], result.judging[player]]
        if (answered === undefined || judged === undefined) throw new Error('no evidence')
        members.set(id, { id, answering: observe(answering, answered), judging: observeJudging(judging, judged), kin: observeKin(kin, seen) })
      })
      return result
    },
  }
}

function transcriptOf(task: PanelTask, shown: boolean, standingOf: (id: string) => Standing): Transcript {
  const nameOf = (member: number): string => String(member).padStart(6, '0')
  const judges = [...new Set(task.comparisons.map(({ judge }) => judge))].sort((a, b) => a - b)
  const players = [...new Set([...task.answers.map(({ author }) => nameOf(author)), ...judges.map(nameOf)])].sort()
  const right = rightClusters(task)
  const places = task.answers.map((_, place) => place).sort((a, b) => (task.answers[a]?.author as number) - (task.answers[b]?.author as number))
  return {
    round: sha256(task.taskId),
    task: { kind: 'label', prompt: task.taskId, reference: null, answerMs: 1_000, judgeMs: 1_000 },
    answers: places.map((place) => task.answers[place] as PanelTask['answers'][number]).map(({ author, cluster, comparable }) => {
      return { author: nameOf(author), content: { text: '', value: comparable ? `value ${cluster}` : null } }
    }),
    ballots: judges.map((judge) => ({
      author: nameOf(judge),
      content: {
        comparisons: task.comparisons.filter((comparison) => comparison.judge === judge).map(({ left, right: second, verdict }) => ({ left: places.indexOf(left), right: places.indexOf(second), verdict })),
      },
    })),
    accepted: shown ? right.flatMap((isRight, cluster) => (isRight ? [`value ${cluster}`] : [])) : null,
    truthCommitted: shown,
    phase: 'closing',
    shares: [],
    frozen: { players, ...freezeWeights(players.map(standingOf)) },
    pairSeed: null,
    creditSeed: sha256('credit'),
    auditSeed: null,
  }
}

describe.skipIf(!existsSync(ATTACKED_SETS[0]?.file ?? ''))('evaluation and live rounds (skipped where the recordings are absent)', () => {
  it.each([0, 0.3])('give the same masses bit by bit, round after round, with truth shown for a share of %d', async (share) => {
    const { file } = ATTACKED_SETS[0] as { file: string }
    const panel = await loadPanel({ file })
    // Answers without a value are named in a truth by the hash of their text, which recordings may lack.
    const tasks = panel.tasks.filter(({ answers }) => answers.every(({ comparable }) => comparable))
    const [ledger, swarm] = [createLedger(), createSwarm()]
    for (const place of orderTasks(tasks, 1).slice(0, 60)) {
      const task = tasks[place] as PanelTask
      const shown = isTruthShown(share, 1, task.taskId)
      const live = ledger.close(task, shown)
      const played = swarm.play(task, shown ? 'shown' : 'none')
      const byAuthor = [...task.answers].sort((a, b) => a.author - b.author)
      const massesOf = (clusters: readonly number[], masses: readonly number[]): number[] => clusters.map((cluster) => masses[cluster] as number)
      expect(massesOf(live.answers.map(({ cluster }) => cluster), live.clusters.map(({ mass }) => mass))).toEqual(massesOf(byAuthor.map(({ cluster }) => cluster), played.masses))
    }
  })
})
