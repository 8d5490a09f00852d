import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { DayReport, EndReport, SoakOptions } from './contract.ts'
import { toDayLine, toEndText, toHead } from './table.ts'
import { toTrend } from './trend.ts'

export const DEFAULTS: SoakOptions = { seed: 1, days: 30, nodes: 1000, services: 500, intervalMs: 1_800_000 }

export interface SoakCall extends Partial<SoakOptions> {
  readonly print: (line: string) => void
}

export interface SoakReport {
  readonly days: readonly DayReport[]
  readonly end: EndReport
}

/** A simulated month of churn in a process of its own. @returns whether all is as it should be */
export async function runSoak({ print, ...given }: SoakCall): Promise<boolean> {
  const options = { ...DEFAULTS, ...given }
  print(toHead(options))
  const { days, end } = await soak(options, report => print(toDayLine(report)))
  const trend = toTrend(days)
  print(toEndText(end, trend))
  return trend.isFlat && end.faults.length === 0 && days.every(({ orphans }) => orphans.length === 0)
}

/** @throws Error when the process ends before its month does */
export async function soak(
  options: SoakOptions,
  tellDay: (report: DayReport) => void = () => undefined,
): Promise<SoakReport> {
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = fork(fileURLToPath(new URL('child.ts', import.meta.url)), [JSON.stringify(options)], {
    execArgv: ['--expose-gc', '--max-old-space-size=4096'],
    env,
  })
  const days: DayReport[] = []
  const { promise, resolve, reject } = Promise.withResolvers<EndReport>()
  child.on('message', (message: DayReport | EndReport) => {
    if ('faults' in message) return resolve(message)
    days.push(message)
    tellDay(message)
  })
  child.on('exit', code => reject(new Error(`the soak ended with ${code} after ${days.length} days`)))
  return { days, end: await promise.finally(() => child.kill()) }
}
