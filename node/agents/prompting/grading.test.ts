import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { AgentError } from '../agent.ts'
import type { AgentTask, Answer } from '../agent.ts'
import { askForGrade, createGrading, GRADING_VERSION, parseGrade } from './grading.ts'
import injections from './injections.json' with { type: 'json' }

const task: AgentTask = { round: 'r', kind: 'text', prompt: 'What is 5 + 7?', reference: null }
const answer: Answer = { text: 'It is 12.', value: '12' }
const code = 'k3fm9x2abcde'
const never = (): AbortSignal => new AbortController().signal

describe('asking for a grade', () => {
  it('keeps the answer between its lines, whatever it says', () => {
    for (const { text } of injections) {
      const guess = text.replaceAll('k3f9x2abcdef', code)
      const drawn = [code, 'zzzzzzzzzzzz', 'yyyyyyyyyyyy']
      const question = askForGrade(task, { text: guess, value: guess }, () => drawn.shift() ?? 'xxxxxxxxxxxx')
      const lines = (question.messages[1]?.content ?? '').split('\n').filter((line) => line.toLowerCase().includes(question.code))
      expect(lines).toEqual([
        `BEGIN TASK ${question.code}`, `END TASK ${question.code}`, `BEGIN ANSWER ${question.code}`, `END ANSWER ${question.code}`,
        `How good is the answer? Your last line is GRADE ${question.code}: N`,
      ])
    }
  })

  it('has a version that changes with its words', () => {
    const digest = createHash('sha256').update(JSON.stringify(askForGrade(task, answer, () => code).messages)).digest('hex').slice(0, 12)
    expect([GRADING_VERSION, digest]).toEqual(['1', '1573c1378113'])
  })
})

describe('a grade', () => {
  const said = (reply: string): number | null => parseGrade(reply, { code })

  it('is in the last line, with the code, however it is set', () => {
    expect(said(`It is right.\nGRADE ${code}: 93`)).toBe(0.93)
    expect(said(`**GRADE ${code.toUpperCase()}: 0**\n\n`)).toBe(0)
    expect(said(`GRADE \`${code}\`: 100/100.\n\`\`\``)).toBe(1)
  })

  it('is none where the line is missing, out of range, or contradicted', () => {
    for (const reply of ['', 'GRADE: 90', `GRADE ${code}: 101`, `GRADE ${code}: -5`, `GRADE ${code}: 7.5`, `GRADE ${code}: high`, `GRADE zzzzzzzzzzzz: 9`, `GRADE ${code}: 90\nOr so.`, `GRADE ${code}: 20\nNo.\nGRADE ${code}: 90`]) {
      expect(said(reply), reply).toBeNull()
    }
  })
})

describe('grading by a model', () => {
  const grade = (replies: (number | 'unclear' | AgentError)[], { isResting = false } = {}) => {
    let calls = 0
    const grading = createGrading({
      concurrency: 1,
      isResting: () => isResting,
      complete: async (messages, _, { job }) => {
        const reply = replies[calls++ % replies.length] as (typeof replies)[number]
        if (reply instanceof AgentError) throw reply
        const asked = /GRADE (\S+): N/.exec(messages[1]?.content ?? '')?.[1] as string
        return `${job}\nGRADE ${asked}: ${reply}`
      },
    })
    return { run: (draws: number, signal = never()) => grading({ task, answers: [answer, { text: 'It is 13.', value: null }], draws }, signal), calls: () => calls }
  }

  it('asks once for every draw of every answer', async () => {
    const graded = grade([80, 90, 20, 10])
    expect(await graded.run(2)).toEqual([[0.8, 0.9], [0.2, 0.1]])
    expect(graded.calls()).toBe(4)
  })

  it('leaves out what is unclear or fails, and abstains where nothing is left of an answer', async () => {
    const error = new AgentError('timeout', 'too late')
    expect(await grade([80, 'unclear', error, 10]).run(2)).toEqual([[0.8], [0.1]])
    expect(await grade([80, 90, 'unclear', error]).run(2)).toEqual([])
    await expect(grade([error]).run(2)).rejects.toBe(error)
  })

  it('abstains while the judge rests, and ends with its signal', async () => {
    const resting = grade([50], { isResting: true })
    expect([await resting.run(3), resting.calls()]).toEqual([[], 0])
    const reason = new Error('no longer wanted')
    await expect(grade([50]).run(1, AbortSignal.abort(reason))).rejects.toBe(reason)
  })
})
