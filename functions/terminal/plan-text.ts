import type { PlannedChange, ResyncReport } from '../../shared/controllers/contract.ts'
import { toPrintable } from '../../shared/printable.ts'
import { type Failure, toActionLines, toFailureLines, toPattern, toSomeLines } from './findings.ts'
import type { Look, Style } from './look.ts'
import { type ChangeCosts, toMoney, toPlanCost } from './plan-cost.ts'
import { KINDS, type Sign, toCommonSign, toFieldName, toValues, toVerb } from './plan-words.ts'
import { pad, toCount, toNumber, toWidth, toWrapped } from './wrap.ts'

/** How much of a plan is shown, and what is known besides. */
export interface PlanView extends Look {
  /** Nothing was changed. */
  readonly isPlan: boolean
  /** Every object, however many are alike. */
  readonly full: boolean
  /** Undefined where prices were not asked for, or not to be had. */
  readonly costs?: ChangeCosts | undefined
}

/** Changes of one object. */
interface Changed {
  readonly kind: PlannedChange['kind']
  readonly name: string
  readonly sign: Sign
  readonly changes: readonly PlannedChange[]
}

const STYLES: Readonly<Record<Sign, Style>> = { '+': 'green', '~': 'yellow', '-': 'red' }
/** From here on objects to which the same happens are told by a few of them. */
const MANY = 10
const SHOWN = 3

/** A plan, or what was done, for a person: by kind and object, what and why. */
export function toPlanLines(changes: readonly PlannedChange[], view: PlanView): string[] {
  const objects = toObjects(changes)
  return KINDS.flatMap(([kind, title]) => {
    const same = objects.filter(object => object.kind === kind).toSorted(byName)
    return same.length === 0 ? [] : [view.paint('bold', title), ...toKindLines(same, view), '']
  })
}

/** node-2 before node-10; what has no name yet, in the order in which it is planned. */
const byName = (a: Changed, b: Changed): number => COLLATOR.compare(a.name, b.name)
const COLLATOR = new Intl.Collator('en', { numeric: true })

/** Blocks that are to be bought have no name yet: each is one. */
const toId = ({ kind, action, name }: PlannedChange, index: number): string =>
  `${kind} ${action === 'buy' ? index : name}`

function toObjects(changes: readonly PlannedChange[]): Changed[] {
  const groups = Map.groupBy(changes.entries(), ([index, change]) => toId(change, index))
  return [...groups.values()].flatMap(entries => {
    const own = entries.map(([, change]) => change)
    const [first] = own
    if (!first) return []
    const sign = toCommonSign(own.map(({ action }) => action))
    return [{ kind: first.kind, name: first.name, sign, changes: own }]
  })
}

function toKindLines(objects: readonly Changed[], view: PlanView): string[] {
  const alike = [...Map.groupBy(objects, toLikeness).values()]
  return alike.flatMap(same => {
    if (view.full || same.length <= MANY) return same.flatMap(object => toObjectLines(object, view))
    const rest = `… and ${toNumber(same.length - SHOWN)} more like these`
    return [
      ...same.slice(0, SHOWN).flatMap((object, index) => toObjectLines(object, view, index === 0)),
      `    ${view.paint('dim', rest)}`,
    ]
  })
}

/** Two objects are alike where the same happens to them for the same reason, names, ids and numbers in it aside. */
const toLikeness = ({ name, changes }: Changed): string =>
  changes.map(({ action, why }) => `${action} ${toPattern(why.replaceAll(name, '#'))}`).join('\n')

/** @param detailed whether what is written is told as well */
function toObjectLines({ name, sign, changes }: Changed, view: PlanView, detailed = true): string[] {
  const { paint, columns, isPlan } = view
  const [first] = changes
  if (!first) return []
  const head = `  ${paint(STYLES[sign], sign)} ${paint('bold', toPrintable(toObjectName(name, first)))}`
  const told = changes.map(change => ({
    change,
    text: `${toVerb(change.action, isPlan)}: ${toPrintable(change.why)}${toCostText(change, view)}`,
  }))
  const toDetails = (change: PlannedChange): string[] => (detailed ? toDetailLines(change, view) : [])
  if (told.length === 1) {
    const [one] = told
    return [...toWrapped(`${head}  `, one?.text ?? '', columns), ...toDetails(first)]
  }
  return [
    head,
    ...told.flatMap(({ change, text }) => [...toWrapped('      ', text, columns), ...toDetails(change)]),
  ]
}

/** A block is known by its range, and before it has one by its size. */
function toObjectName(name: string, { kind, action, detail }: PlannedChange): string {
  if (kind !== 'IPBlock') return name
  const { size, family, location, cidr } = detail
  const words = [family, size, ...(location === undefined ? [] : ['in', location])]
  if (action === 'buy') return ['new', ...words].join(' ')
  return typeof cidr === 'string' ? `${cidr} (${name})` : name
}

function toCostText(change: PlannedChange, { costs, paint }: PlanView): string {
  const cost = costs?.get(change)
  if (cost === undefined) return ''
  return ` ${paint('cyan', `(${cost < 0 ? '-' : '+'}${toMoney(Math.abs(cost))} a month)`)}`
}

/** What the name of a block says already. */
const NAMED: ReadonlySet<string> = new Set(['family', 'size', 'location', 'cidr', 'status'])

function toDetailLines({ kind, detail }: PlannedChange, { paint, columns }: PlanView): string[] {
  const fields = Object.entries(detail)
    .filter(([field, value]) => value !== undefined && !(kind === 'IPBlock' && NAMED.has(field)))
    .map(([field, value]) => [toFieldName(field), toValues(value)] as const)
  const width = Math.max(0, ...fields.map(([name]) => toWidth(name)))
  return fields.flatMap(([name, values]) =>
    values.flatMap((value, index) =>
      toWrapped(
        `        ${paint('dim', pad(index === 0 ? name : '', width))}  `,
        toPrintable(value),
        columns,
      ),
    ),
  )
}

/** The report of a pass for a person. */
export function toReportText(report: ResyncReport, view: PlanView): string {
  if (report.state === 'busy') return 'Another pass is at work; nothing was done.\n'
  const lines = [
    ...toPlanLines(report.changes, view),
    ...toHeldLines(report.held, view),
    ...toFailedLines(report.failures, view),
    ...toSummary(report, view),
  ]
  return `${lines.join('\n')}\n`
}

function toHeldLines(held: readonly string[], view: PlanView): string[] {
  if (held.length === 0) return []
  const { paint, columns } = view
  const lines = toSomeLines(held, view, text =>
    toWrapped(`  ${paint('yellow', '!')} `, toPrintable(text), columns),
  )
  const codes = new Set(held.flatMap(text => CODE.exec(text)?.[0] ?? []))
  const actions = [...codes].flatMap(code => toActionLines(code, view))
  return [paint('bold', 'Held back'), ...lines, ...actions, '']
}

const CODE = /\b(?:BMC|CCM|KUBE)_[A-Z_]+\b/

function toFailedLines(failures: readonly Failure[], view: PlanView): string[] {
  if (failures.length === 0) return []
  return [view.paint('bold', 'Failed'), ...toFailureLines(failures, view), '']
}

function toSummary(report: ResyncReport, view: PlanView): string[] {
  const { paint, columns, isPlan } = view
  const requests = Object.values(report.requests).reduce((sum, count) => sum + count, 0)
  const facts = [
    toCount(report.nodes, 'node'),
    toCount(report.instances, 'server'),
    toCount(report.services, 'Service'),
    toCount(requests, 'BMC request'),
    `${(report.durationMs / 1000).toFixed(1)} s`,
  ]
  return [
    ...toWrapped('', paint('bold', toResult(report, isPlan)), columns),
    ...toCostLines(report, view),
    ...toWrapped('', `${facts.join(', ')}.`, columns),
    ...(report.state === 'incomplete' ? ['Incomplete: see what failed.'] : []),
    ...(isPlan && report.changes.length > 0
      ? ['Nothing was changed: the same without --dry-run does it.']
      : []),
  ]
}

function toResult({ changes }: ResyncReport, isPlan: boolean): string {
  if (changes.length === 0) return isPlan ? 'No changes pending.' : 'Nothing was to be changed.'
  const objects = toObjects(changes)
  const count = (sign: Sign): string => toNumber(objects.filter(object => object.sign === sign).length)
  return isPlan
    ? `Plan: ${count('+')} to add, ${count('~')} to change, ${count('-')} to take away.`
    : `Done: ${count('+')} added, ${count('~')} changed, ${count('-')} taken away.`
}

function toCostLines({ changes }: ResyncReport, { costs, columns }: PlanView): string[] {
  if (!costs) return []
  const { bought, givenBack, unpriced } = toPlanCost(changes, costs)
  const blind = unpriced.length === 0 ? '' : `; BMC names no price for ${toCount(unpriced.length, 'block')}`
  if (bought + givenBack === 0) return []
  const parts = [
    ...(bought > 0 ? [`${toMoney(bought)} a month more for blocks that are bought`] : []),
    ...(givenBack > 0 ? [`${toMoney(givenBack)} a month less for blocks that are given back`] : []),
  ]
  return toWrapped('', `Cost: ${parts.join(', ')}${blind}.`, columns)
}
