/** Only so much of the end of a reply is looked at, and of its last line. */
const tailLengthMax = 8_000
const lineLengthMax = 2_000

/** Lines that show nothing: code fences, brackets of formulas, rules, asterisks. */
const markup = /^(?:[`~]{3,}\w*|[$*_\-\s]*|\\[[\]])$/

/** `Final answer:`, `**Answer**:` and the like, at the beginning of a line. */
const heading = /^(?:the\s+)?(?:final\s+)?answer\s*(?::|is\s*:)\s*/i

/** The same inside a sentence. */
const sentence = /\banswer\s+is:?\s+(?=\S)/gi

/** How a reply marks what it comes to: by a line of its own, by a box, by a sentence; or it is nothing else. */
export type Mark = 'line' | 'box' | 'sentence' | 'alone'

export interface FinalValue {
  mark: Mark
  /** As written, but for what only sets it: asterisks, dollars, boxes, backticks. Not empty, one line. */
  text: string
}

/**
 * What the last line of a reply marks as the answer; null where it marks nothing, or two different things. Earlier lines are
 * looked at only for a heading right above the last one.
 */
export function readFinalValue(reply: string): FinalValue | null {
  const lines = reply.slice(-tailLengthMax).split('\n').map((line) => line.trim()).filter((line) => !markup.test(line))
  const last = lines.at(-1)?.slice(-lineLengthMax)
  if (last === undefined) return null
  const bare = unwrap(last)
  const own = dropHeading(bare)
  if (own !== null) return finalOf('line', own)
  const above = dropHeading(unwrap((lines.at(-2) ?? '').slice(0, lineLengthMax)))
  if (above === '') return finalOf('line', bare)
  const boxes = new Set(listBoxes(last).map(unwrap))
  if (boxes.size > 0) return boxes.size === 1 ? finalOf('box', [...boxes][0] as string) : null
  const end = [...bare.matchAll(sentence)].at(-1)
  if (end !== undefined) return finalOf('sentence', bare.slice(end.index + end[0].length))
  return lines.length === 1 && reply.length <= tailLengthMax ? finalOf('alone', bare) : null
}

function finalOf(mark: Mark, text: string): FinalValue | null {
  const boxes = new Set(listBoxes(text).map(unwrap))
  if (boxes.size > 1) return null
  const inside = unwrap(boxes.size === 1 ? ([...boxes][0] as string) : text)
  return inside === '' ? null : { mark, text: inside }
}

/** What follows the heading that the line begins with; null where it has none. */
function dropHeading(line: string): string | null {
  const bare = line.replace(/^#{1,6}\s+/, '').replaceAll('**', '')
  const match = heading.exec(/^(?:the\s+)?(?:final\s+)?answer$/i.test(bare) ? `${bare}:` : bare)
  return match === null ? null : unwrap(bare.slice(match[0].length))
}

/** The contents of every `\boxed{...}`, braces balanced. */
function listBoxes(line: string): string[] {
  const boxes: string[] = []
  for (const { index, 0: opening } of line.matchAll(/\\f?box(?:ed)?\s{0,3}\{/g)) {
    const start = index + opening.length
    let depth = 1
    let end = start
    while (end < line.length && depth > 0) {
      if (line[end] === '{') depth++
      else if (line[end] === '}') depth--
      end++
    }
    if (depth === 0) boxes.push(line.slice(start, end - 1).trim())
  }
  return boxes
}

const wrappings: readonly (readonly [string, string])[] = [
  ['**', '**'], ['*', '*'], ['`', '`'], ['$$', '$$'], ['$', '$'], ['\\(', '\\)'], ['\\[', '\\]'], ['\\text{', '}'], ['\\textbf{', '}'], ['\\mathrm{', '}'], ['\\mathbf{', '}'],
]

/** Without what sets it in bold, in code or as a formula, and without the full stop behind that. */
export function unwrap(text: string): string {
  let inside = text.trim()
  for (;;) {
    const closed = inside.endsWith('.') ? inside.slice(0, -1).trimEnd() : inside
    const found = wrappings.find(([open, close]) => closed.length > open.length + close.length && closed.startsWith(open) && closed.endsWith(close) && isOnePiece(closed, open, close))
    if (found === undefined) return inside
    inside = closed.slice(found[0].length, closed.length - found[1].length).trim()
  }
}

/** Whether the mark at the end closes the one at the beginning: `**a** or **b**` is two pieces. */
function isOnePiece(text: string, open: string, close: string): boolean {
  const inside = text.slice(open.length, text.length - close.length)
  return open.endsWith('{') ? isBalanced(inside) : !inside.includes(open)
}

function isBalanced(text: string): boolean {
  let depth = 0
  for (const character of text) {
    if (character === '{') depth++
    if (character === '}' && --depth < 0) return false
  }
  return depth === 0
}
