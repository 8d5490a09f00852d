import { toPrintable } from '../shared/printable.ts'
import { NODE_STATES, SERVICE_STATES, type Status } from '../shared/status/contract.ts'
import {
  BMC_WORDS,
  NODE_WORDS,
  SERVICE_WORDS,
  toCount,
  toMoment,
  toNumber,
  toSpan,
} from '../shared/status/words.ts'
import { toMapLines } from './status-map.ts'
import type { Look, Paint, Style } from './terminal/look.ts'
import { toWrapped } from './terminal/wrap.ts'

/** Of what is alike, and in all: whoever wants all of ten thousand asks for JSON. */
const MAX_ALIKE = 3
const MAX_ROWS = 12
/** A network takes ten of each family. */
const MAX_BLOCKS = 20
const LABEL_WIDTH = 10
const INDENT = '      '

/** The status for a person at a terminal, with newlines. */
export function toStatusText(status: Status, look: Look): string {
  const lines = [
    ...toHeadLines(status, look),
    '',
    ...toHealthLines(status, look),
    ...toNodeLines(status, look),
    ...toServiceLines(status, look),
    ...toAddressLines(status, look),
    ...toListLines('HELD BACK', status.held, look),
    ...toListLines('FAILED', status.failures.map(toFailureText), look),
    ...toPendingLines(status, look),
  ]
  return `${lines.join('\n')}\n`
}

const VERDICTS = {
  well: ['All is well.', 'green'],
  attention: ['Something wants attention.', 'yellow'],
  unknown: ['It cannot be found out whether all is well.', 'red'],
} as const satisfies Record<Status['verdict'], readonly [string, Style]>

function toHeadLines({ verdict, reasons, cluster, at }: Status, look: Look): string[] {
  const [words, tone] = VERDICTS[verdict]
  const where = cluster === undefined ? '' : `cluster ${cluster}, `
  return [
    look.paint('bold', look.paint(tone, words)),
    ...reasons.flatMap(reason => toLines('- ', reason, look)),
    look.paint('dim', `${where}seen ${toMoment(at)}`),
  ]
}

function toHealthLines({ pass, bmc, goProgram, at }: Status, look: Look): string[] {
  const { ageMs, intervalMs, holder, deleted } = pass
  const passes = [
    ageMs === undefined ? 'none was ever completed' : `the last complete one ${toSpan(ageMs)} ago`,
    `one each ${toSpan(intervalMs)}`,
    ...(holder === undefined ? [] : [`${holder} is at work`]),
    ...(deleted > 0 ? [`${toCount(deleted, 'node')} deleted within 10 min`] : []),
  ]
  const servers = bmc.servers === undefined ? [] : [toCount(bmc.servers, 'server')]
  const until = bmc.until === undefined ? [] : [`for ${toSpan(bmc.until - at)} from now`]
  const since = bmc.since === undefined ? [] : [`for ${toSpan(at - bmc.since)} already`]
  return [
    ...labelled('passes', passes.join(', '), look),
    ...labelled('BMC', [BMC_WORDS[bmc.state], ...servers, ...until, ...since].join(', '), look),
    ...(bmc.failure ? labelled('', bmc.failure.action, look) : []),
    ...labelled('Go program', goProgram.what, look),
  ]
}

function toNodeLines({ nodes: { counts, rows }, at }: Status, look: Look): string[] {
  const troubled = rows.filter(({ state }) => state !== 'ready' && state !== 'foreign')
  const summary = NODE_STATES.filter(state => counts[state] > 0).map(
    state => `${toNumber(counts[state])} ${NODE_WORDS[state]}`,
  )
  const groups = Map.groupBy(troubled, ({ state, code = '', action = '' }) => [state, code, action].join(' '))
  return [
    '',
    toTitle(look.paint, 'NODES', rows.length, summary),
    ...[...groups.values()].flatMap(group => {
      const hint = group[0]?.action
      return [
        ...toAlike(group, look, ({ name, state, since, code = '', why }) => {
          const head = [NODE_WORDS[state], since === undefined ? '' : toSpan(at - since), code]
          return toEntry(name, head.filter(Boolean).join(' · '), [why], look)
        }),
        ...(hint === undefined ? [] : toLines('  → ', hint, look)),
      ]
    }),
  ]
}

function toServiceLines({ services, at }: Status, look: Look): string[] {
  const { enabled, counts, rows } = services
  if (!enabled && rows.length === 0)
    return ['', `${look.paint('bold', 'SERVICES')}  load balancers are disabled`]
  const troubled = rows.filter(({ state, problems }) => state !== 'served' || problems.length > 0)
  const summary = SERVICE_STATES.filter(state => counts[state] > 0).map(
    state => `${toNumber(counts[state])} ${SERVICE_WORDS[state]}`,
  )
  const groups = Map.groupBy(troubled, ({ state, why, problems }) =>
    [state, ...(problems.length > 0 ? problems.map(({ code }) => code) : [why])].join(' '),
  )
  return [
    '',
    toTitle(look.paint, 'SERVICES', rows.length, summary),
    ...[...groups.values()].flatMap(group =>
      toAlike(group, look, ({ name, state, since, why, problems }) => {
        const head = [SERVICE_WORDS[state], since === undefined ? '' : toSpan(at - since)]
        const told = problems.map(({ code, message }) => `${code}: ${message}`)
        return toEntry(name, head.filter(Boolean).join(' · '), [why, ...told], look)
      }),
    ),
  ]
}

/** Some of those that are alike, and how many more there are. */
function toAlike<Row>(
  rows: readonly Row[],
  { paint }: Look,
  toRow: (row: Row) => readonly string[],
): readonly string[] {
  const more = rows.length - MAX_ALIKE
  const rest = `  … and ${toNumber(more)} more of this kind (--output json has all)`
  return [...rows.slice(0, MAX_ALIKE).flatMap(toRow), ...(more > 0 ? [paint('dim', rest)] : [])]
}

function toAddressLines({ addresses, services, at }: Status, look: Look): string[] {
  const { blocks, claims, free } = addresses
  if (!services.enabled && blocks.length === 0) return []
  const summary = [
    `${toNumber(claims.active)} used`,
    ...(claims.unconfirmed > 0 ? [`${toNumber(claims.unconfirmed)} being claimed`] : []),
    ...(claims.released > 0 ? [`${toNumber(claims.released)} resting`] : []),
    ...(claims.retained > 0 ? [`${toNumber(claims.retained)} retained`] : []),
    `${toNumber(free.IPv4)} free${free.IPv6 > 0 ? ` (IPv4), ${toNumber(free.IPv6)} free (IPv6)` : ''}`,
  ]
  const head = `${look.paint('bold', 'ADDRESSES')}  ${toCount(blocks.length, 'block')}: ${summary.join(', ')}`
  return ['', head, ...toMapLines(blocks, { look, at, maxBlocks: MAX_BLOCKS })]
}

function toListLines(title: string, items: readonly string[], look: Look): string[] {
  if (items.length === 0) return []
  const shown = items.slice(0, MAX_ROWS).flatMap(item => toLines('  ', item, look))
  return ['', `${look.paint('bold', title)}  ${toNumber(items.length)}`, ...shown, ...toMore(items.length)]
}

const toFailureText = ({ name, code, message, action }: Status['failures'][number]): string =>
  `${name}: ${code}: ${message}${action ? ` → ${action}` : ''}`

function toPendingLines({ pending }: Status, look: Look): string[] {
  if (pending.length === 0) return []
  const count = `The next pass makes ${toCount(pending.length, 'change')}: see resync --dry-run.`
  return ['', ...toLines('', count, look)]
}

const toTitle = (paint: Paint, title: string, total: number, summary: readonly string[]): string =>
  `${paint('bold', title)}  ${toNumber(total)}${summary.length > 0 ? `: ${summary.join(', ')}` : ''}`

function toEntry(name: string, head: string, rest: readonly string[], look: Look): readonly string[] {
  const { paint } = look
  const more = rest.filter(text => text !== '').flatMap(text => toLines(INDENT, text, look))
  return [`  ${paint('bold', toPrintable(name))}  ${paint('yellow', head)}`, ...more]
}

const toMore = (count: number): string[] =>
  count > MAX_ROWS ? [`  … and ${toNumber(count - MAX_ROWS)} more (--output json has all)`] : []

const labelled = (label: string, text: string, look: Look): string[] =>
  toLines(`${label.padEnd(LABEL_WIDTH)}  `, text, look)

/** Names and messages are others' words: they end no line and move no cursor. */
const toLines = (head: string, text: string, { columns }: Look): string[] =>
  toWrapped(head, toPrintable(text), columns)
