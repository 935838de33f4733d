import type { Call } from './call.ts'

/** Chores that chat front ends give the model of a chat behind the user's back. */
export const BACKGROUND_TASKS = ['title', 'tags', 'follow-up', 'query', 'autocomplete', 'emoji', 'image-prompt', 'chore'] as const
export type BackgroundTask = (typeof BACKGROUND_TASKS)[number]

/** Open WebUI's names, as its pipelines and filters get them in `metadata.task`. Its mixture of agents and its function calls are part of the answer and no chores. */
const METADATA_TASKS: Readonly<Record<string, BackgroundTask>> = {
  title_generation: 'title',
  tags_generation: 'tags',
  follow_up_generation: 'follow-up',
  query_generation: 'query',
  autocomplete_generation: 'autocomplete',
  emoji_generation: 'emoji',
  image_prompt_generation: 'image-prompt',
}

/** Where the conversation begins in Open WebUI's templates. */
const HISTORY = '<chat_history>'

/** What the JSON that Open WebUI's own templates ask for is called in them. */
const TEMPLATE_MARKS: readonly [mark: string, task: BackgroundTask][] = [
  ['"title":', 'title'],
  ['"tags":', 'tags'],
  ['"follow_ups":', 'follow-up'],
  ['"queries":', 'query'],
  ['autocompletion', 'autocomplete'],
]

/** How the requests of other front ends for a title begin: LibreChat, LobeChat. */
const TITLE_BEGINNINGS = [
  'provide a concise, 5-word-or-less title for the conversation',
  'please generate a concise, 5-word-or-less title for the conversation',
  'you are a professional conversation summarizer. generate a concise title',
]

/** Below this limit of tokens a request that speaks of titling a conversation wants nothing else. */
const TITLE_TOKENS_MAX = 64
const ASKS_FOR_TITLE = /\b(generate|create|write|give|suggest|provide|summari[sz]e)\b[^.\n]{0,60}\btitle\b[^.\n]{0,60}\b(chat|conversation|dialogue|discussion)\b/i

/**
 * Which chore a request is, or null for what a person asked. Goes by marks that the front ends document or ship, and rather takes
 * a chore for a question than a question for a chore: Open WebUI's `### Task:` alone is no mark, since its questions about documents
 * begin so too.
 */
export function recogniseBackground({ messages, metadataTask, maxTokens, background }: Pick<Call, 'messages' | 'metadataTask' | 'maxTokens' | 'background'>): BackgroundTask | null {
  if (!background) return null
  if (metadataTask !== null) return METADATA_TASKS[metadataTask] ?? null
  const [first, last] = [messages[0]?.content ?? '', messages.at(-1)?.content ?? '']
  if (messages.length === 1 && isOpenWebUiTemplate(first)) {
    const instructions = first.slice(0, first.indexOf(HISTORY))
    return TEMPLATE_MARKS.find(([mark]) => instructions.includes(mark))?.[1] ?? 'chore'
  }
  const begins = (text: string): boolean => TITLE_BEGINNINGS.some((beginning) => text.trimStart().toLowerCase().startsWith(beginning))
  if (begins(first) || begins(last)) return 'title'
  if (maxTokens !== undefined && maxTokens <= TITLE_TOKENS_MAX && (ASKS_FOR_TITLE.test(first) || ASKS_FOR_TITLE.test(last))) return 'title'
  return null
}

function isOpenWebUiTemplate(text: string): boolean {
  return /^\s*### Task:/.test(text) && text.includes(HISTORY) && text.includes('</chat_history>') && !text.includes('<context>')
}
