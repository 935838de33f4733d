import { INJECTION_SIGNS } from '../statistics.ts'
import type { InjectionSign } from '../statistics.ts'
import { cleanText, countUnseen } from './clean-text.ts'

/** Most of a text that is searched, and base64 in it that is decoded. */
const searchedLengthMax = 60_000
const encodedPiecesMax = 20

/** Emoji and some scripts need a few invisible characters; a hidden message needs more of them, next to each other. */
const unseenMax = 8

/** `ignore` and `instructions`, in the languages that such texts come in. */
const ignoreInOtherTongues = /ignor(?:a|e|ez|iere[nt]?|are)\b.{0,40}(?:instrucc|instruções|instructions|anweisung|istruzion)|игнорируй|忽略.{0,10}(?:指令|指示|说明)|無視(?:して|し)|무시하|تجاهل|इग्नोर|अनदेखा|zignoruj|negeer|yok say/u

const patterns: Readonly<Record<Exclude<InjectionSign, 'hidden-text' | 'encoded'>, readonly RegExp[]>> = {
  verdict: [/\bverdict\b[^\n]{0,40}(?:[:=]|\bis\b)\s*\W{0,4}(?:left|right|tie|a\b|b\b)/u, /\[\[\s*[abc]\s*\]\]/u, /\b(?:final )?(?:judg(?:e)?ment|winner|rating|score)\s*[:=]\s*\W{0,4}(?:left|right|a\b|b\b|answer|10|100|5\b)/u],
  fence: [/^[^\w\n]{0,6}(?:begin|end) (?:of )?(?:the )?(?:task|left|right|answer|user|system|data|untrusted|document|input)\b/mu, /^[^\w\n]{3,40}(?:end|stop|begin)\b[^\n]{0,40}?[^\w\n]{3,40}$/mu, /<\/?(?:answer|task|left|right|document|user_input|data|submission)[^>\n]{0,40}>/u],
  'chat-markup': [/<\|[a-z_]{2,30}\|>|\[\/?inst\]|<<\/?sys>>|<\/?(?:system|assistant|think|thinking|human)\b[^>\n]{0,40}>/u, /^[^\w\n]{0,6}(?:system|assistant|developer|human|user)\W{0,4}:/mu, /^#{2,4}\s*(?:system|instruction|assistant|human|response)\b/mu],
  override: [/\b(?:ignore|disregard|forget|override|bypass|discard)\b[^\n]{0,60}\b(?:previous|above|prior|earlier|all|any|other|instructions?|rules?|prompt|guidelines?|criteria)\b/u, /\b(?:new|updated|revised|real|actual) (?:instructions?|rules?|criteria|task|policy)\b[^\n]{0,20}[:.]/u, /\bfrom now on\b|\byou are now\b|\bdeveloper mode\b|\bjailbr(?:ea|o)k/u, ignoreInOtherTongues],
  'judge-address': [/\b(?:dear|attention|note (?:to|for)|message (?:to|for)|hey|hello|to) (?:the |all |any |my |our )?(?:ai |llm |model )?(?:judges?|graders?|evaluators?|reviewers?|assessors?|raters?)\b/u, /\bas (?:the|an?|your) (?:ai |impartial |fair )?(?:judge|grader|evaluator|language model|ai)\b/u, /\byou(?:'re| are) (?:the|an?|my) (?:\w+ ){0,3}(?:judge|grader|evaluator|assistant|model)\b/u, /\b(?:judge|grader|evaluator)s?,? (?:please|must|should|has to)\b/u, /\byour (?:system )?(?:prompt|instructions)\b/u],
  demand: [/\b(?:choose|pick|prefer|select|favou?r|rate|rank|score|mark|output|reply|respond|answer|say|print|write|declare|vote)\b[^\n]{0,40}\b(?:this answer|my answer|this response|left|right|the (?:first|second|other)|me\b|option [ab]\b|highest|as (?:the )?(?:best|better|correct|winner))/u, /\b(?:other|left|right|second|first) (?:answer|response|one|side)\b[^\n]{0,40}\b(?:is (?:wrong|incorrect|malicious|plagiari[sz]ed|unsafe|banned|invalid)|must (?:lose|not))/u, /\b(?:this|my) (?:answer|response)\b[^\n]{0,40}\b(?:verified|certified|approved|reviewed|confirmed|endorsed|must win|is (?:the )?(?:best|better|correct one|winner))/u],
  'tool-call': [/"(?:tool_calls?|function_call|tool_use|tool|function|recipient_name)"\s*:/u, /<\/?(?:tool_call|function_calls?|invoke|function)\b/u, /```\s*(?:tool_code|tool_call)/u, /<!--/u],
}

/**
 * How a text may try to influence its judge, in fixed order. A count for people, never a reason for a verdict: it is right
 * about many attempts and wrong about some honest texts.
 */
export function findInjectionSigns(text: string): InjectionSign[] {
  const head = text.slice(0, searchedLengthMax)
  const found = new Set<InjectionSign>(matchPatterns(head))
  if (countUnseen(head) > unseenMax) found.add('hidden-text')
  if (listDecoded(head).some((decoded) => matchPatterns(decoded).length > 0)) found.add('encoded')
  return INJECTION_SIGNS.filter((sign) => found.has(sign))
}

function matchPatterns(text: string): InjectionSign[] {
  const plain = cleanText(text).normalize('NFKC').toLowerCase()
  return (Object.keys(patterns) as (keyof typeof patterns)[]).filter((sign) => patterns[sign].some((pattern) => pattern.test(plain)))
}

/** What base64 in the text says, where it says text. */
function listDecoded(text: string): string[] {
  const pieces = [...text.matchAll(/[A-Za-z0-9+/_-]{24,4000}={0,2}/g)].slice(0, encodedPiecesMax)
  return pieces.map(([piece]) => Buffer.from(piece, 'base64').toString('utf8')).filter((decoded) => !decoded.includes('\ufffd'))
}
