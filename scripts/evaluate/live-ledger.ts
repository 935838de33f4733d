import { emptyJudging, emptyPosterior, freezeWeights, observe, observeJudging, observeKin, poolJudging, sha256, summarize, type Standing } from '../../consensus/index.ts'
import { acceptedHash, closeRound, computeShare, type RoundResult, type Rules, type Transcript } from '../../protocol/index.ts'
import { rightClusters, type PanelTask } from './panel.ts'

const MICRO = 1_000_000

/** The members of a live network, by what its closed rounds say about them. */
export interface LiveLedger {
  /** Closes a recorded round as a node does. Players are named by `memberName`. */
  close: (task: PanelTask, shown: boolean) => RoundResult
  /** Mean reliability of a member as a judge, 0..1. */
  reliability: (member: number) => number
}

/** A network in which nobody is known yet; where it does not learn, nobody ever is. */
export function createLedger(rules: Rules, { learns = true }: { learns?: boolean } = {}): LiveLedger {
  const members = new Map<string, Standing>()
  const standingOf = (id: string): Standing => members.get(id) ?? { id, answering: emptyPosterior(), judging: emptyJudging(), kin: [] }
  return {
    close(task, shown) {
      const result = closeRound(withShares(transcriptOf(task, shown, standingOf), rules), rules)
      if (!learns) return result
      result.players.forEach((id, player) => {
        const { answering, judging, kin } = standingOf(id)
        const seen = result.likeness.flatMap(({ players, apart, chance }) => (players.includes(player) ? [{ member: result.players[players[0] === player ? players[1] : players[0]] as string, apart, chance }] : []))
        const [answered, judged] = [result.answering[player], result.judging[player]]
        if (answered === undefined || judged === undefined) throw new Error('no evidence')
        members.set(id, { id, answering: observe(answering, answered), judging: observeJudging(judging, judged), kin: observeKin(kin, seen) })
      })
      return result
    },
    reliability: (member) => summarize(poolJudging(standingOf(memberName(member)).judging)).mean / MICRO,
  }
}

/** Ids sort as the members do. */
export function memberName(member: number): string {
  return String(member).padStart(6, '0')
}

// Where credit is joint work, the shares of two members who evaluate everything, as all do in its last phase.
function withShares(transcript: Transcript, rules: Rules): Transcript {
  const [first, second] = transcript.frozen.players
  if (transcript.frozen.players.length <= rules.parameters.exactPlayersMax || first === undefined || second === undefined) return transcript
  const share = computeShare({ ...transcript, phase: 'credit-all' }, rules, first, new Uint8Array(32))
  return { ...transcript, shares: [first, second].map((author) => ({ ...share, author })) }
}

function transcriptOf(task: PanelTask, shown: boolean, standingOf: (id: string) => Standing): Transcript {
  const judges = [...new Set(task.comparisons.map(({ judge }) => judge))].sort((a, b) => a - b)
  const players = [...new Set([...task.answers.map(({ author }) => memberName(author)), ...judges.map(memberName)])].sort()
  const right = rightClusters(task)
  const places = task.answers.map((_, place) => place).sort((a, b) => (task.answers[a]?.author as number) - (task.answers[b]?.author as number))
  return {
    round: sha256(task.taskId),
    task: { kind: 'label', prompt: task.taskId, reference: null, answerMs: 1_000, judgeMs: 1_000 },
    answers: places.map((place) => task.answers[place] as PanelTask['answers'][number]).map(({ author, cluster, comparable }) => {
      return { author: memberName(author), content: { text: sayingOf(cluster), value: comparable ? sayingOf(cluster) : null } }
    }),
    ballots: judges.map((judge) => ({
      author: memberName(judge),
      content: {
        comparisons: task.comparisons.filter((comparison) => comparison.judge === judge).map(({ left, right: second, verdict }) => ({ left: places.indexOf(left), right: places.indexOf(second), verdict })),
      },
    })),
    grades: [],
    accepted: shown ? right.flatMap((isRight, cluster) => (isRight ? [sayingOf(cluster), acceptedHash(sayingOf(cluster))] : [])) : null,
    truthCommitted: shown,
    phase: 'closing',
    shares: [],
    frozen: { players, ...freezeWeights(players.map(standingOf)) },
    pairSeed: null,
    creditSeed: sha256(`credit ${task.taskId}`),
    auditSeed: null,
  }
}

/** What the answers of a cluster say; a truth names it by value, or by its hash where it has none. */
function sayingOf(cluster: number): string {
  return `value ${cluster}`
}
