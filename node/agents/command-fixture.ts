/**
 * A small agent program for the tests of the line protocol. The task's prompt says what it does:
 * `echo`, `slow`, `none`, `error`, `garbage`, `wrong-shape`, `huge`, `exit`, `log`, `cancelled`.
 */
import { createInterface } from 'node:readline'

interface Request {
  id: string
  type: 'answer' | 'judge' | 'grade' | 'cancel'
  task: { prompt: string }
  answers: object[]
  draws: number
  pairs: { left: number; right: number }[]
}

const cancelled: string[] = []
const say = (reply: unknown): void => {
  process.stdout.write(`${JSON.stringify(reply)}\n`)
}

function reply({ id, type, task, answers, pairs, draws }: Request): void {
  switch (task.prompt) {
    case 'slow':
      return
    case 'none':
      return say(type === 'answer' ? { id, answer: null } : { id, comparisons: [] })
    case 'error':
      return say({ id, error: 'I would rather not' })
    case 'garbage':
      return void process.stdout.write('thinking ...\n')
    case 'wrong-shape':
      return say(type === 'answer' ? { id, answer: 'yes' } : { id, comparisons: [{ left: 0, right: 1, verdict: 'both' }] })
    case 'huge':
      return say({ id, answer: { text: 'x'.repeat(2_000_000), value: null } })
    case 'exit':
      return process.exit(3)
    case 'log':
      process.stderr.write('a line\nanother, ')
      process.stderr.write('y'.repeat(5_000))
  }
  if (type === 'answer') return say({ id, answer: { text: task.prompt === 'cancelled' ? cancelled.join() : `echo ${task.prompt} ${process.pid}`, value: 'v' } })
  if (type === 'grade') return say({ id, grades: answers.map((_, index) => Array.from({ length: draws }, () => (task.prompt === 'steep' ? 2 : 1 / (index + 1)))) })
  const unasked = { left: 0, right: 99, verdict: 'left' }
  say({ id, comparisons: [...pairs.map((pair) => ({ ...pair, verdict: 'left', reason: Object.keys(answers[0] ?? {}).join() + 'z'.repeat(300) })), unasked] })
}

if (process.argv.includes('--stubborn')) process.on('SIGTERM', () => undefined)
if (process.argv.includes('--stubborn')) setInterval(() => undefined, 1_000)

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line) as Request
  if (request.type === 'cancel') cancelled.push(request.id)
  else reply(request)
})
