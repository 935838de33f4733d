import { describe, expect, it } from 'vitest'
import type { ChatMessage } from '../../agents/agent.ts'
import { recogniseBackground } from './background.ts'

const recognise = (contents: string[], extra: { metadataTask?: string; maxTokens?: number; background?: boolean } = {}): string | null =>
  recogniseBackground({
    messages: contents.map((content): ChatMessage => ({ role: 'user', content })),
    metadataTask: extra.metadataTask ?? null,
    maxTokens: extra.maxTokens,
    background: extra.background ?? true,
  })

const template = (what: string, output: string): string => `### Task:\n${what}\n### Output:\nJSON format: ${output}\n### Chat History:\n<chat_history>\nUSER: hi\nASSISTANT: { "tags": [] }\n</chat_history>`

describe('chores of chat front ends', () => {
  it.each([
    ['title', template('Generate a concise, 3-5 word title.', '{ "title": "..." }')],
    ['tags', template('Generate 1-3 broad tags.', '{ "tags": ["tag1"] }')],
    ['follow-up', template('Suggest 3-5 follow-up questions.', '{ "follow_ups": ["?"] }')],
    ['query', template('Analyze the chat history.', '{ "queries": ["q"] }')],
    ['autocomplete', template('You are an autocompletion system.', '{ "text": "..." }')],
    ['chore', template('A task that its owner has written.', 'anything')],
    ['title', 'Provide a concise, 5-word-or-less title for the conversation, using title case conventions. Only return the title itself.'],
    ['title', 'You are a professional conversation summarizer. Generate a concise title that captures the essence of the conversation.\n\nRules: ...'],
  ])('are known by what the front ends ship: %s', (task, content) => {
    expect(recognise([content])).toBe(task)
  })

  it.each([
    ['title', 'title_generation'],
    ['tags', 'tags_generation'],
    ['follow-up', 'follow_up_generation'],
    ['query', 'query_generation'],
    ['autocomplete', 'autocomplete_generation'],
    ['emoji', 'emoji_generation'],
    ['image-prompt', 'image_prompt_generation'],
    [null, 'moa_response_generation'],
    [null, 'function_calling'],
    [null, 'user_response'],
  ])('are known by the name in the metadata: %s', (task, metadataTask) => {
    expect(recognise(['anything'], { metadataTask })).toBe(task)
  })

  it('are known by a request for a title that leaves no room for more', () => {
    const content = 'Summarize this in a short title for the chat: hello'
    expect([recognise([content], { maxTokens: 20 }), recognise([content], { maxTokens: 1_000 }), recognise([content])]).toEqual(['title', null, null])
  })

  it.each([
    ['a question about documents', '### Task:\nRespond to the user query using the provided context.\n<context>\n<chat_history>x</chat_history>\n</context>\nWhat does it say?'],
    ['a task of one\'s own with that heading', '### Task:\nWrite a title for my chat app.'],
    ['a question about titles', 'Which title would suit a conversation with my landlord?'],
    ['a quotation of such a request', 'What does "Provide a concise, 5-word-or-less title for the conversation" do?'],
  ])('are not %s', (_, content) => {
    expect(recognise([content])).toBe(null)
  })

  it('are not the turns of a conversation', () => {
    expect(recognise(['hello', template('Generate a title.', '{ "title": "" }')])).toBe(null)
  })

  it('are questions all the same if the request says so', () => {
    expect(recognise([template('Generate a title.', '{ "title": "" }')], { background: false })).toBe(null)
    expect(recognise(['x'], { metadataTask: 'title_generation', background: false })).toBe(null)
  })
})
