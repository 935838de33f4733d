/**
 * A small agent program for tests with texts: it answers with its name and the last line of the task, and finds longer answers better.
 * A task that ends with `slowly` takes a while; one that ends with `nobody` it leaves to others.
 */
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

interface Request {
  id: string
  type: 'answer' | 'judge' | 'cancel'
  task: { prompt: string }
  answers: { text: string }[]
  pairs: { left: number; right: number }[]
}

const SLOW_MS = 1_500
const [name] = process.argv.slice(2)

async function reply({ id, type, task, answers, pairs }: Request): Promise<object> {
  if (type === 'answer') {
    const last = task.prompt.split('\n').at(-1) ?? ''
    if (last.endsWith('slowly')) await sleep(SLOW_MS)
    return { id, answer: last.endsWith('nobody') ? null : { text: `${name} says: ${last}`, value: null } }
  }
  const length = (index: number): number => answers[index]?.text.length ?? 0
  return { id, comparisons: pairs.map((pair) => ({ ...pair, verdict: length(pair.left) > length(pair.right) ? 'left' : 'right', reason: 'longer' })) }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line) as Request
  if (request.type !== 'cancel') void reply(request).then((said) => process.stdout.write(`${JSON.stringify(said)}\n`))
})
