/** Everything that some reader takes for the end of a line. */
const lineBreaks = /\r\n|[\r\v\f\u0085\u2028\u2029]/g

/** Controls but for tab and line feed; what is invisible by Unicode's definition (zero-width, bidi, tags, fillers); interlinear marks. */
const unseen = /(?![\t\n])\p{Cc}|\p{Default_Ignorable_Code_Point}|[\u{FFF9}-\u{FFFB}]/gu

/**
 * A text as people and models see the same of it: one kind of line break, no control, bidi or invisible characters, lone
 * surrogates replaced by U+FFFD. What it shows is not changed, and cleaning twice changes nothing more.
 */
export function cleanText(text: string): string {
  return text.toWellFormed().replace(lineBreaks, '\n').replace(unseen, '')
}

/** How many characters cleaning takes out; line breaks are not counted. */
export function countUnseen(text: string): number {
  return text.match(unseen)?.length ?? 0
}
