import type { ResyncReport } from '../../shared/controllers/contract.ts'
import { toPrintable } from '../../shared/printable.ts'
import { type ChangeView, countSigns, toChangeLines } from './change-lines.ts'
import { type Failure, toActionLines, toFailureLines, toSomeLines } from './findings.ts'
import { type ChangeCosts, toMoney, toPlanCost } from './plan-cost.ts'
import { PASS_WORDS } from './plan-words.ts'
import { toCount, toNumber, toWrapped } from './wrap.ts'

/** How much of a plan is shown, and what is known besides. */
export interface PlanView extends Omit<ChangeView, 'vocabulary' | 'costs'> {
  readonly costs?: ChangeCosts | undefined
}

/** The report of a pass for a person. */
export function toReportText(report: ResyncReport, view: PlanView): string {
  if (report.state === 'busy') return 'Another pass is at work; nothing was done.\n'
  const lines = [
    ...toChangeLines(report.changes, { ...view, vocabulary: PASS_WORDS }),
    ...toHeldLines(report.held, view),
    ...toFailedLines(report.failures, view),
    ...toSummary(report, view),
  ]
  return `${lines.join('\n')}\n`
}

function toHeldLines(held: readonly string[], view: PlanView): string[] {
  if (held.length === 0) return []
  const { paint, columns } = view
  const toLines = (texts: readonly string[]): string[] =>
    toSomeLines(texts, view, text => toWrapped(`  ${paint('yellow', '!')} `, toPrintable(text), columns))
  // What to do stands below those that it helps, and below no other.
  const byCode = Map.groupBy(held, text => CODE.exec(text)?.[0] ?? '')
  const others = byCode.get('') ?? []
  byCode.delete('')
  const groups = [...byCode].flatMap(([code, texts]) => [...toLines(texts), ...toActionLines(code, view)])
  return [paint('bold', 'Held back'), ...toLines(others), ...groups, '']
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

function toResult({ changes, state }: ResyncReport, isPlan: boolean): string {
  const isPart = isPlan && state === 'incomplete'
  if (changes.length === 0 && isPart) return 'It cannot be known what a pass would change.'
  if (changes.length === 0) return isPlan ? 'No changes pending.' : 'Nothing was to be changed.'
  const signs = countSigns(changes, PASS_WORDS)
  const [added, changed, gone] = [signs['+'], signs['~'], signs['-']].map(toNumber)
  return isPlan
    ? `${isPart ? 'Part of a plan' : 'Plan'}: ${added} to add, ${changed} to change, ${gone} to take away.`
    : `Done: ${added} added, ${changed} changed, ${gone} taken away.`
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
