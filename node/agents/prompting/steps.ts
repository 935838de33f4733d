/** More steps than these are one last step. */
const stepsMax = 40

/**
 * The steps of an answer: its paragraphs, or where it is one paragraph its lines; a block of code stays whole. Joined by
 * line feeds they hold everything that is not blank.
 */
export function splitSteps(text: string): string[] {
  const paragraphs = splitOutsideCode(text, true)
  const steps = paragraphs.length > 1 ? paragraphs : splitOutsideCode(text, false)
  return steps.length <= stepsMax ? steps : [...steps.slice(0, stepsMax - 1), steps.slice(stepsMax - 1).join('\n')]
}

/** The text with its steps numbered from 1: `[1] ...`, a line apart. */
export function numberSteps(steps: readonly string[]): string {
  return steps.map((step, index) => `[${index + 1}] ${step}`).join('\n')
}

function splitOutsideCode(text: string, atBlankLines: boolean): string[] {
  const steps: string[] = []
  let current: string[] = []
  let inCode = false
  const end = (): void => {
    if (current.length > 0) steps.push(current.join('\n'))
    current = []
  }
  for (const line of text.split('\n')) {
    const isFence = line.trimStart().startsWith('```')
    if (line.trim() === '' && !inCode) end()
    else {
      if (!atBlankLines && !inCode) end()
      current.push(line)
    }
    if (isFence) inCode = !inCode
  }
  end()
  return steps
}
