import type { Decision } from '../decisions.ts'
import { toMoment } from '../words.ts'
import type { Page } from './contract.ts'
import { type Html, html } from './html.ts'
import { toList } from './list.ts'
import { toTableRow } from './table.ts'

const LEVELS = ['error', 'warn', 'info'] as const
const TONES = { error: 't-bad', warn: 't-warn', info: '' } as const

export const DECISIONS: Page = {
  path: '/status/decisions',
  title: 'Decisions',
  toContent: ({ decisions, startedAt }, query) => html`<h2>Recent decisions</h2>
<p>Of this process alone, since <time datetime="${new Date(startedAt).toISOString()}">${toMoment(startedAt)}</time>, the newest first:
other replicas made others, and the logs have them all.</p>
${toList<Decision>({
  path: '/status/decisions',
  noun: 'decisions',
  rows: decisions,
  query,
  kinds: LEVELS.map(value => ({
    value,
    label: value,
    count: decisions.filter(({ level }) => level === value).length,
  })),
  kindOf: ({ level }) => level,
  toText: ({ subject, what, why, code }) => `${subject} ${what} ${why} ${code}`,
  columns: ['What', 'When', 'About', 'Why'],
  toRow,
})}`,
}

function toRow({ at, level, what, subject, why, code }: Decision): Html {
  const when = html`<time class="time" datetime="${new Date(at).toISOString()}">${toMoment(at)}</time>`
  const told = code === '' ? why : html`${why} <code>${code}</code>`
  return toTableRow(html`<span class="tag ${TONES[level]}">${level}</span> ${what}`, when, subject, told)
}
