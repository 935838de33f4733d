import type { Panel, PanelTask } from '../evaluate/panel.ts'

type Comparison = PanelTask['comparisons'][number]

/**
 * A panel in which a member has joined twice: the copy says what the member says, about the answers of others and about its own,
 * and everybody says about its answer what they say about the member's. It is the last member.
 */
export function withCopy(panel: Panel, member: number): Panel {
  const copy = panel.members.length
  const tasks = panel.tasks.map(({ taskId, answers, comparisons }) => {
    const place = answers.findIndex(({ author }) => author === member)
    const own = answers[place]
    const twin = (at: number): number => (at === place ? answers.length : at)
    const judged = comparisons.flatMap((comparison): Comparison[] => {
      const { judge, left, right } = comparison
      const moved = { ...comparison, left: twin(left), right: twin(right) }
      const isAboutIt = own !== undefined && (left === place || right === place)
      if (judge === member) return [comparison, { ...moved, judge: copy }]
      return isAboutIt ? [comparison, moved] : [comparison]
    })
    return { taskId, answers: own === undefined ? answers : [...answers, { ...own, author: copy }], comparisons: judged }
  })
  return grown(panel, `${panel.members[member]} again`, tasks)
}

/** A panel with one member more, the last, who does not answer and says the opposite of every verdict of another. */
export function withInvertedJudge(panel: Panel, member: number): Panel {
  const opposite = { left: 'right', right: 'left', tie: 'tie' } as const
  const tasks = panel.tasks.map((task) => ({
    ...task,
    comparisons: [
      ...task.comparisons,
      ...task.comparisons.flatMap((comparison) => (comparison.judge === member ? [{ ...comparison, judge: panel.members.length, verdict: opposite[comparison.verdict] }] : [])),
    ],
  }))
  return grown(panel, `${panel.members[member]} inverted`, tasks)
}

function grown({ members, authors, judges }: Panel, name: string, tasks: PanelTask[]): Panel {
  const added = members.length
  const isAuthor = tasks.some(({ answers }) => answers.some(({ author }) => author === added))
  return { members: [...members, name], authors: isAuthor ? [...authors, added] : authors, judges: [...judges, added], tasks }
}
