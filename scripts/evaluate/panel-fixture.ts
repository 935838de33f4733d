import type { Panel, PanelTask } from './panel.ts'

/** A task by its answers, one letter per author (`-` gives none, capital letters are right), and ballots as `judge left verdict right`. */
export function makeTask(taskId: string, letters: string, ballots: readonly string[] = []): PanelTask {
  const given = [...letters].flatMap((letter, author) => (letter === '-' ? [] : [{ author, letter }]))
  const labels = [...new Set(given.map(({ letter }) => letter))]
  const placeOf = (author: string): number => given.findIndex((answer) => answer.author === Number(author))
  return {
    taskId,
    answers: given.map(({ author, letter }) => ({ author, cluster: labels.indexOf(letter), comparable: true, correct: letter !== letter.toLowerCase() })),
    comparisons: ballots.map((ballot) => {
      const [judge, left, sign, right] = ballot.split(' ') as [string, string, string, string]
      return { judge: Number(judge), left: placeOf(left), right: placeOf(right), verdict: sign === '>' ? 'left' : sign === '<' ? 'right' : 'tie' }
    }),
  }
}

/** A panel of so many members, who all may answer and judge. */
export function makePanel(members: number, tasks: PanelTask[]): Panel {
  const numbers = Array.from({ length: members }, (_, member) => member)
  const judges = numbers.filter((member) => tasks.some(({ comparisons }) => comparisons.some(({ judge }) => judge === member)))
  return { members: numbers.map(String), authors: numbers, judges, tasks }
}
