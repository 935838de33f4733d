import type { Verdict } from '../../../consensus/index.ts'
import { limitLength, reasonLengthMax } from '../text-limits.ts'
import { cleanText } from './clean-text.ts'
import type { VerdictQuestion } from './prompts.ts'

/** Only so much of a line is looked at: verdicts are short. */
const lineLengthMax = 200

export interface ParsedVerdict {
  verdict: Verdict
  /** One line, at most as long as the protocol allows. */
  reason: string | null
}

/**
 * The verdict of a judge's reply. It stands in the last line that is more than markup, with the code of the question: a line
 * without the code is somebody's words that the judge quotes. Null where that line is missing or unclear, or where another line
 * with the code says otherwise.
 */
export function parseVerdict(reply: string, { code, steps }: Pick<VerdictQuestion, 'code' | 'steps'>): ParsedVerdict | null {
  const lines = cleanText(reply).split('\n').map((line) => line.trim()).filter((line) => !/^[`*_\s]*$/.test(line))
  const words = lines.map((line) => readVerdictLine(line, code))
  const verdict = words.at(-1) ?? null
  if (verdict === null || words.some((word) => word !== null && word !== verdict)) return null
  const reason = lines.slice(0, -1).map((line) => readField(line, 'REASON')).findLast((text) => text !== null) ?? null
  const wrong = lines.slice(0, -1).map((line) => readWrongStep(line, steps)).findLast((text) => text !== null) ?? null
  const said = [wrong, reason].filter((part) => part !== null).join(': ')
  return { verdict, reason: said === '' ? null : limitLength(said, reasonLengthMax) }
}

/** Tolerant of how models set a line in bold or code: nobody but the judge can have written the code. */
function readVerdictLine(line: string, code: string): Verdict | null {
  if (line.length > lineLengthMax) return null
  const match = /^[*_`#\s]*VERDICT[*_`\s]+(\S+?)[*_`]*\s*:[*_`\s]*(LEFT|RIGHT|TIE)[*_`.\s]*$/i.exec(line)
  return match?.[1]?.toLowerCase() === code ? (match[2]?.toLowerCase() as Verdict) : null
}

function readField(line: string, name: string): string | null {
  const bare = line.replace(/^[*_`]{1,10}|[*_`]{1,10}$/g, '')
  if (!bare.startsWith(`${name}:`)) return null
  const text = bare.slice(name.length + 1).replace(/^[*_`\s]{1,10}/, '').trim()
  return text === '' ? null : text
}

/** `left step 3`, where the answer has such a step. */
function readWrongStep(line: string, steps: VerdictQuestion['steps']): string | null {
  const match = /^(LEFT|RIGHT) (\d{1,3})\.?$/i.exec(readField(line, 'FIRST WRONG STEP') ?? '')
  const side = match?.[1]?.toLowerCase() as 'left' | 'right' | undefined
  const step = Number(match?.[2] ?? 0)
  return side !== undefined && step >= 1 && step <= steps[side] ? `${side} step ${step}` : null
}
