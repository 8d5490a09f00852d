import type { CheckResult, CheckStatus } from '../../shared/doctor/contract.ts'
import { countStatuses } from '../../shared/doctor/report.ts'
import { toPrintable } from '../../shared/printable.ts'
import type { Look, Style } from './look.ts'
import { pad, toWrapped } from './wrap.ts'

const STYLES: Readonly<Record<CheckStatus, Style>> = {
  ok: 'green',
  warn: 'yellow',
  fail: 'red',
  unknown: 'cyan',
}
const STATUSES = Object.keys(STYLES) as CheckStatus[]
const STATUS_WIDTH = Math.max(...STATUSES.map(status => status.length))

/** A line for each check, and below it what to do; at the end how many came out how. */
export function toDoctorText(results: readonly CheckResult[], { paint, columns }: Look): string {
  const codeWidth = Math.max(0, ...results.map(({ code }) => code.length))
  // A terminal has no room for a third column of prose.
  const indent = ' '.repeat(STATUS_WIDTH + 2 + (columns === undefined ? codeWidth + 2 : 0))
  const lines = results.flatMap(({ status, code, fact, action }) => {
    const head = `${paint(STYLES[status], pad(status, STATUS_WIDTH))}  ${code.padEnd(codeWidth)}  `
    return [
      ...toWrapped(head, toLine(fact), columns),
      ...(action === undefined ? [] : toWrapped(`${indent}→ `, toLine(action), columns)),
    ]
  })
  return `${[...lines, paint('bold', toSummary(results))].join('\n')}\n`
}

const toSummary = (results: readonly CheckResult[]): string =>
  STATUSES.map(status => `${countStatuses(results)[status]} ${status}`).join(', ')

/** Messages of others may have several lines, and names what moves a cursor. */
const toLine = (text: string): string => toPrintable(text.replaceAll(/\s*\n\s*/g, ' '))
