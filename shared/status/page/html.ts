import { toPrintable } from '../../printable.ts'

/** Text that is HTML already. */
export interface Html {
  readonly html: string
}

type Part = string | number | Html | undefined | readonly Part[]

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Names and messages are others' words: they end no attribute, begin no tag and turn no text round. */
const escapeText = (text: string): string =>
  toPrintable(text).replaceAll(/[&<>"']/g, character => ESCAPES[character] ?? '')

function toText(part: Part): string {
  if (part === undefined) return ''
  if (typeof part === 'string') return escapeText(part)
  if (typeof part === 'number') return String(part)
  return 'html' in part ? part.html : part.map(toText).join('')
}

/** A piece of a page; whatever stands in it is escaped unless it is HTML itself. Attributes stand between quotes. */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  html: texts.reduce((sum, text, index) => sum + toText(parts[index - 1]) + text),
})
