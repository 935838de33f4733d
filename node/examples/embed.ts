/** Three nodes with an agent of their own in one program: they ask, answer, judge and pay each other. Run it with `npm run example`. */
import { createNode, followRound, type Agent, type RunningNode } from 'peerage'

/** Adds up the numbers of a task, wrongly if it is `careless`, and prefers what is right. */
function createAdder(careless: boolean): Agent {
  const solve = (prompt: string): string => String((prompt.match(/\d+/g) ?? []).reduce((sum, digits) => sum + Number(digits), careless ? 1 : 0))
  return {
    model: careless ? 'adder/careless' : 'adder/careful',
    canAnswer: true,
    canJudge: true,
    answer: async ({ prompt }) => ({ text: `The sum is ${solve(prompt)}.`, value: solve(prompt) }),
    judge: async ({ task, answers, pairs }) =>
      pairs.map((pair) => {
        const [left, right] = [answers[pair.left]?.value === solve(task.prompt), answers[pair.right]?.value === solve(task.prompt)]
        return { ...pair, verdict: left === right ? 'tie' : left ? 'left' : 'right' }
      }),
    close: async () => undefined,
  }
}

const first = await createNode({ agent: createAdder(false) })
const join = (careless: boolean): Promise<RunningNode> => createNode({ agent: createAdder(careless), config: { network: { bootstrap: first.service.status().addresses } } })
const nodes = [first, await join(false), await join(true)]
while (nodes.some((node) => node.service.status().membersPresent < 3)) await new Promise((resolve) => setTimeout(resolve, 50))

const { round } = await first.service.ask({ kind: 'number', prompt: 'Add 12, 30 and 58.' })
const { winner, credit } = await followRound(first.service, round, { signal: AbortSignal.timeout(60_000), timeoutMs: 60_000 })
console.log(winner?.text, credit?.shares.map(({ name, points }) => `${name} ${points}`))
await Promise.all(nodes.map((node) => node.stop()))
