import type { Verdict } from '../../../consensus/index.ts'

/** A question for a verdict as a model sees it. */
export interface SeenQuestion {
  code: string
  task: string
  left: string
  right: string
}

/** What the messages of a question for a verdict show; null for any other conversation. */
export function readQuestion(messages: readonly { content: string }[]): SeenQuestion | null {
  const [system, user] = messages.map(({ content }) => content)
  const code = /that carry the code ([a-z0-9]+)\./.exec(system ?? '')?.[1]
  if (code === undefined) return null
  const between = (name: string): string => new RegExp(`^BEGIN ${name} ${code}\n([\\s\\S]*?)\nEND ${name} ${code}$`, 'm').exec(user ?? '')?.[1] ?? ''
  return { code, task: between('TASK'), left: between('LEFT ANSWER'), right: between('RIGHT ANSWER') }
}

/** The reply of a judge that keeps to the form. */
export function sayVerdict({ code }: SeenQuestion, verdict: Verdict, reason = 'it is better'): string {
  return `Hm.\nREASON: ${reason}\nVERDICT ${code}: ${verdict.toUpperCase()}`
}

/** A judge that knows how good an answer is. */
export function judgeBy(quality: (answer: string) => number, question: SeenQuestion): string {
  const [left, right] = [quality(question.left), quality(question.right)]
  return sayVerdict(question, left === right ? 'tie' : left > right ? 'left' : 'right')
}
