import { canonicalValue } from '../../../consensus/index.ts'
import { check } from '../../../protocol/index.ts'
import type { AgentTask, Answer } from '../agent.ts'
import { answerBytesMax, limitBytes, valueLengthMax } from '../text-limits.ts'
import { readFinalValue } from './final-line.ts'
import type { FinalValue } from './final-line.ts'

/**
 * The answer that a model's reply is: its text, and the value that its last line marks. The value is null where the line
 * marks none of the kind, or more than one. For tours, colourings and countdowns the value is what a checker measures; where
 * it cannot read the reply but reads what the reply marks, that is said once more in the form that it reads.
 */
export function readAnswer(task: AgentTask, reply: string): Answer {
  const text = limitBytes(reply, answerBytesMax, '\n[cut]')
  const final = readFinalValue(text)
  switch (task.kind) {
    case 'text':
      return { text, value: null }
    case 'choice':
      return { text, value: final === null ? null : readChoice(final) }
    case 'number':
      return { text, value: final === null ? null : readNumber(final.text) }
    case 'label':
      return { text, value: final === null ? null : readLabel(final) }
    default:
      return readSolution(task, text, final)
  }
}

/** A letter, alone or with the option that it stands for behind it; null where what is behind it could name another. */
function readChoice({ text }: FinalValue): string | null {
  const plain = text.replace(/\\(?:text|textbf|mathrm|mathbf)\s?\{([^{}]*)\}/g, '$1').replace(/[$*`"\u201c\u201d]/g, '').trim()
  const match = /^(?:option |choice )?[([]?\s?([A-Za-z])\s?([)\]]?)\s?(.*)$/i.exec(plain)
  if (match === null) return null
  const [, letter = '', close = '', rest = ''] = match
  const isSetApart = close !== '' || /^[.:,(\u2013\u2014-]/.test(rest)
  const namesAnother = /\b[B-HJ-Z]\b|[([]A[)\]]|\b(?:or|and|not)\b/.test(rest)
  return rest === '' || (isSetApart && !namesAnother) ? letter.toUpperCase() : null
}

/** Decimals without plus sign, thousands separators or superfluous zeros; fractions with integers above and below. */
function readNumber(text: string): string | null {
  const plain = text
    .replace(/^[A-Za-z]\s?=\s?/, '')
    .replace(/^([-+\u2212]?)\\[dt]?frac\{([-+]?\d{1,100})\}\{(\d{1,100})\}$/, '$1$2/$3')
    .replaceAll('\u2212', '-')
    .replaceAll(/(?<=\d)(?:\\,|\\!|\{,\}|,\\!)(?=\d{3})/g, ',')
  if (/^[-+]?\d+\s?\/\s?\d+$/.test(plain)) return canonicalValue('number', plain) === null ? null : plain.replaceAll(/[\s+]/g, '')
  const match = /^([-+]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d*))?$/.exec(plain)
  if (match === null || plain.length > valueLengthMax) return null
  const whole = (match[2] as string).replaceAll(',', '').replace(/^0+(?=\d)/, '')
  const decimals = (match[3] ?? '').replace(/0+$/, '')
  const number = decimals === '' ? whole : `${whole}.${decimals}`
  return match[1] === '-' && number !== '0' ? `-${number}` : number
}

/** As it is, on one line; not out of the middle of a sentence, where it could be the rest of any thought. */
function readLabel({ mark, text }: FinalValue): string | null {
  const label = text.replace(/\s+/g, ' ')
  return mark === 'sentence' || mark === 'alone' || label.length > valueLengthMax ? null : label
}

function readSolution(task: AgentTask, text: string, final: FinalValue | null): Answer {
  const measured = measureOf(task, text)
  const again = `${text.trimEnd()}\nFINAL ANSWER: ${final?.text ?? ''}`
  if (measured !== null || final === null || Buffer.byteLength(again) > answerBytesMax) return { text, value: measured }
  const second = measureOf(task, again)
  return second === null ? { text, value: null } : { text: again, value: second }
}

function measureOf({ kind, prompt }: AgentTask, text: string): string | null {
  const result = check(kind, prompt, text)
  return result.ok && result.fault === null && result.measure !== null ? String(result.measure) : null
}
