import { toPrintable } from '../../shared/printable.ts'
import type { UnregisterReport } from '../unregister-report.ts'
import { toChangeLines, type Vocabulary } from './change-lines.ts'
import { toFailureLines, toFewLines } from './findings.ts'
import type { Look } from './look.ts'
import type { Sign } from './plan-words.ts'
import { toCount, toWrapped } from './wrap.ts'

interface UnregisterView extends Look {
  /** Every object, however many are alike. */
  readonly full: boolean
}

type Words = readonly [sign: Sign, todo: string, done: string]

const WORDS: Readonly<Record<string, Words>> = {
  delete: ['-', 'delete', 'deleted'],
  release: ['-', 'release', 'released'],
  keep: ['~', 'let go of', 'let go of'],
  change: ['~', 'change', 'changed'],
  handOver: ['~', 'hand over', 'handed over'],
}
const toWords = (action: string): Words => WORDS[action] ?? ['~', action, action]

/** Kinds come as they are worked on. */
const VOCABULARY: Vocabulary = {
  kinds: [],
  toSign: action => toWords(action)[0],
  toVerb: (action, isPlan) => toWords(action)[isPlan ? 1 : 2],
  hasDetails: false,
}

/** The report of `unregister` for a person. */
export function toUnregisterText(report: UnregisterReport, view: UnregisterView): string {
  const { state, changes, notes } = report
  const { paint, columns } = view
  const isPlan = state === 'planned'
  const toNoteLines = (text: string): string[] => toWrapped('- ', toPrintable(text), columns)
  const lines = [
    ...toChangeLines(changes, { ...view, isPlan, vocabulary: VOCABULARY }),
    ...toFailedLines(report, view),
    ...toKeptLines(report, view),
    ...toWrapped('', paint('bold', toSummary(report)), columns),
    ...notes.flatMap(toNoteLines),
    ...(isPlan && changes.length > 0 ? ['Nothing was changed: --confirm does it.'] : []),
  ]
  return `${lines.join('\n')}\n`
}

function toFailedLines({ failures }: UnregisterReport, view: UnregisterView): string[] {
  const [unread, left] = [failures.filter(one => one.unread), failures.filter(one => !one.unread)]
  return [
    ...(unread.length === 0
      ? []
      : [view.paint('bold', 'Could not be read'), ...toFailureLines(unread, view), '']),
    ...(left.length === 0 ? [] : [view.paint('bold', 'Left'), ...toFailureLines(left, view), '']),
  ]
}

function toKeptLines({ kept, blocks }: UnregisterReport, view: UnregisterView): string[] {
  const texts = [
    ...blocks.map(
      ({ id, cidr }) => `IP block ${id} (${cidr ?? 'no range yet'}) stays with the account, and on its bill`,
    ),
    ...kept.map(({ address, service }) => `${address} stays with the Service ${service}`),
  ]
  if (texts.length === 0) return []
  const lines = toFewLines(texts, view, text => toWrapped('  = ', toPrintable(text), view.columns))
  return [view.paint('bold', 'Stays'), ...lines, '']
}

function toSummary({ state, counts, failures, cluster }: UnregisterReport): string {
  const objects = Object.entries(counts).map(([kind, count]) => toCount(count, kind, kind))
  if (objects.length === 0 && failures.length === 0) return `nothing of ours is in cluster ${cluster}`
  const done = objects.length === 0 ? 'nothing' : objects.join(', ')
  if (state === 'unknown' && objects.length === 0)
    return `what is in cluster ${cluster} could not be read: nothing was changed`
  if (state === 'planned') return `to do in cluster ${cluster}: ${done}`
  return `done in cluster ${cluster}: ${done}${failures.length > 0 ? `; ${failures.length} left` : ''}`
}
