import type { CallToolResult } from '@modelcontextprotocol/server'
import { CliError } from '../cli/exit.ts'
import { problemSchema, toProblem } from '../http/problem.ts'

/** What a tool could not do: `code` is what programs decide by, `hint` what to do next. */
export interface ToolFailure {
  code: string
  detail: string
  hint: string
}

/** Hints of the API name its paths; here the tools that correspond. */
const HINTS: Readonly<Record<string, string>> = {
  'unknown-member': 'The tool peers lists the members of this network.',
  'unknown-round': 'The tool rounds lists the rounds of this network.',
  'no-credit': 'The tool round shows who took part and whether the round was rated.',
  'too-few-peers': 'A rated round needs three members that are present. The tool peers shows who is.',
  quota: 'Wait until open rounds have closed; the tool status lists them.',
  observing: 'This node signs nothing for now. The tool status says why, and until when.',
  'not-possible': 'The tool status shows what this node takes part in.',
  'rate-limited': 'Wait a moment before the next call.',
}

/** What is told of a failure. Of a node's own failure nothing but that there was one. */
export function describeToolFailure(error: unknown): ToolFailure {
  if (!(error instanceof CliError)) return withOwnHint(toProblem(error))
  const problem = problemSchema.safeParse(error.cause)
  if (problem.success) return withOwnHint(problem.data)
  return { code: error.exit.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), detail: error.message, hint: error.hint }
}

function withOwnHint({ code, detail, hint }: ToolFailure): ToolFailure {
  return { code, detail, hint: HINTS[code] ?? hint }
}

/** A failure as the result of a tool: the model that called it reads on, and may do something about it. */
export function failedResult(failure: ToolFailure): CallToolResult {
  const lines = [failure.detail, failure.hint, `code: ${failure.code}`]
  return { isError: true, content: [{ type: 'text', text: lines.filter((line) => line !== '').join('\n') }], _meta: { 'peerage/problem': failure } }
}
