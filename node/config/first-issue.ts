import type { z } from 'zod'

/** The first complaint of a schema with the field it is about; for an unknown field, that field itself. */
export function firstIssue(error: z.ZodError): { field: string; message: string } {
  const issue = error.issues[0]
  if (issue === undefined) return { field: '', message: 'is invalid' }
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') return { field: [...path, issue.keys[0]].join('.'), message: 'is not a known field' }
  return { field: path.join('.'), message: issue.message.endsWith('received undefined') ? 'is missing' : issue.message }
}
