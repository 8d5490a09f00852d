import { toPrintable } from '../../shared/printable.ts'
import { toPattern } from './findings.ts'
import type { Look, Style } from './look.ts'
import { toMoney } from './plan-cost.ts'
import { type Sign, toFieldName, toValues } from './plan-words.ts'
import { pad, toNumber, toWidth, toWrapped } from './wrap.ts'

/** One change of any report: of a pass, of `cleanup` or of `unregister`. */
export interface ShownChange {
  readonly kind: string
  readonly name: string
  readonly action: string
  readonly detail: Readonly<Record<string, unknown>>
  readonly why: string
}

/** How a report names what it does. */
export interface Vocabulary {
  /** Kinds in their order, with their titles; others follow as they come. */
  readonly kinds: readonly (readonly [kind: string, title: string])[]
  readonly toSign: (action: string) => Sign
  /** What is to be done, or was. */
  readonly toVerb: (action: string, isPlan: boolean) => string
  /** What is written is told as well. */
  readonly hasDetails: boolean
}

/** How much of a plan is shown, and what is known besides. */
export interface ChangeView extends Look {
  /** Nothing was changed. */
  readonly isPlan: boolean
  /** Every object, however many are alike. */
  readonly full: boolean
  readonly vocabulary: Vocabulary
  /** Dollars a month by change; undefined where prices were not asked for, or not to be had. */
  readonly costs?: ReadonlyMap<ShownChange, number> | undefined
}

/** Changes of one object. */
interface Changed {
  readonly kind: string
  readonly name: string
  readonly sign: Sign
  readonly changes: readonly ShownChange[]
}

const STYLES: Readonly<Record<Sign, Style>> = { '+': 'green', '~': 'yellow', '-': 'red' }
/** From here on objects to which the same happens are told by a few of them. */
const MANY = 10
const SHOWN = 3

/** A plan, or what was done, for a person: by kind and object, what and why. */
export function toChangeLines(changes: readonly ShownChange[], view: ChangeView): string[] {
  const objects = toObjects(changes, view.vocabulary)
  return toTitles(objects, view.vocabulary).flatMap(([kind, title]) => {
    const same = objects.filter(object => object.kind === kind).toSorted(byName)
    return same.length === 0 ? [] : [view.paint('bold', title), ...toKindLines(same, view), '']
  })
}

function toTitles(objects: readonly Changed[], { kinds }: Vocabulary): Vocabulary['kinds'] {
  const others = new Set(objects.map(({ kind }) => kind))
  for (const [kind] of kinds) others.delete(kind)
  return [...kinds, ...[...others].map(kind => [kind, kind] as const)]
}

/** Objects by what becomes of them. */
export function countSigns(
  changes: readonly ShownChange[],
  vocabulary: Vocabulary,
): Readonly<Record<Sign, number>> {
  const objects = toObjects(changes, vocabulary)
  const count = (wanted: Sign): number => objects.filter(({ sign }) => sign === wanted).length
  return { '+': count('+'), '~': count('~'), '-': count('-') }
}

/** node-2 before node-10; what has no name yet, in the order in which it is planned. */
const byName = (a: Changed, b: Changed): number => COLLATOR.compare(a.name, b.name)
const COLLATOR = new Intl.Collator('en', { numeric: true })

/** Blocks that are to be bought have no name yet: each is one. */
const toId = ({ kind, action, name }: ShownChange, index: number): string =>
  `${kind} ${action === 'buy' ? index : name}`

/** What is added or goes away counts more than what else is changed of an object. */
const toCommonSign = (signs: readonly Sign[]): Sign =>
  (['-', '+'] as const).find(sign => signs.includes(sign)) ?? '~'

function toObjects(changes: readonly ShownChange[], { toSign }: Vocabulary): Changed[] {
  const groups = Map.groupBy(changes.entries(), ([index, change]) => toId(change, index))
  return [...groups.values()].flatMap(entries => {
    const own = entries.map(([, change]) => change)
    const [first] = own
    if (!first) return []
    const sign = toCommonSign(own.map(({ action }) => toSign(action)))
    return [{ kind: first.kind, name: first.name, sign, changes: own }]
  })
}

function toKindLines(objects: readonly Changed[], view: ChangeView): string[] {
  const crowds = Map.groupBy(objects, toLikeness)
  return objects.flatMap(object => {
    const alike = crowds.get(toLikeness(object)) ?? []
    if (view.full || alike.length <= MANY) return toObjectLines(object, view)
    return alike[0] === object ? toCrowdLines(alike, view) : []
  })
}

function toCrowdLines(alike: readonly Changed[], view: ChangeView): string[] {
  const rest = `… and ${toNumber(alike.length - SHOWN)} more like these`
  return [
    ...alike.slice(0, SHOWN).flatMap((object, index) => toObjectLines(object, view, index === 0)),
    `    ${view.paint('dim', rest)}`,
  ]
}

/** Two objects are alike where the same happens to them for the same reason, names, ids and numbers in it aside. */
const toLikeness = ({ name, changes }: Changed): string =>
  changes.map(({ action, why }) => `${action} ${toPattern(why.replaceAll(name, '#'))}`).join('\n')

/** @param detailed whether what is written is told as well */
function toObjectLines({ name, sign, changes }: Changed, view: ChangeView, detailed = true): string[] {
  const { paint, columns, isPlan, vocabulary } = view
  const [first] = changes
  if (!first) return []
  const head = `  ${paint(STYLES[sign], sign)} ${paint('bold', toPrintable(toObjectName(name, first)))}`
  const told = changes.map(change => ({
    change,
    text: `${vocabulary.toVerb(change.action, isPlan)}: ${toPrintable(change.why)}${toCostText(change, view)}`,
  }))
  const toDetails = (change: ShownChange): string[] =>
    detailed && vocabulary.hasDetails ? toDetailLines(change, view) : []
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
function toObjectName(name: string, { kind, action, detail }: ShownChange): string {
  if (kind !== 'IPBlock') return name
  const { size, family, location, cidr, status } = detail
  const words = [family, size, ...(location === undefined ? [] : ['in', location])]
  if (action === 'buy') return ['new', ...words].join(' ')
  const known = [name, ...(typeof status === 'string' ? [status] : [])].join(', ')
  return typeof cidr === 'string' ? `${cidr} (${known})` : known
}

function toCostText(change: ShownChange, { costs, paint }: ChangeView): string {
  const cost = costs?.get(change)
  if (cost === undefined) return ''
  return ` ${paint('cyan', `(${cost < 0 ? '-' : '+'}${toMoney(Math.abs(cost))} a month)`)}`
}

/** What the name of a block says already. */
const NAMED: ReadonlySet<string> = new Set(['family', 'size', 'location', 'cidr', 'status'])

function toDetailLines({ kind, detail }: ShownChange, { paint, columns }: ChangeView): string[] {
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
