import type { CleanupReport } from '../../shared/controllers/cleanup/contract.ts'
import { toChangeLines } from './change-lines.ts'
import { toFailureLines } from './findings.ts'
import type { Look } from './look.ts'
import { PASS_WORDS } from './plan-words.ts'
import { toCount, toWrapped } from './wrap.ts'

/** The report of `cleanup` for a person. */
export function toCleanupText(report: CleanupReport, look: Look): string {
  const { state, cluster, lookedAt, blocks, changes, failures } = report
  const { paint, columns } = look
  const isPlan = state === 'planned'
  const wrap = (text: string): string[] => toWrapped('', text, columns)
  const requests = Object.values(report.requests).reduce((sum, count) => sum + count, 0)
  const facts = `${toCount(requests, 'BMC request')}, ${(report.durationMs / 1000).toFixed(1)} s.`
  const lines = [
    ...(blocks === 0 ? [] : [...wrap(`cluster ${cluster} is taken for gone: ${lookedAt.why}`), '']),
    ...toChangeLines(changes, { ...look, isPlan, full: true, vocabulary: PASS_WORDS }),
    ...(failures.length === 0 ? [] : [paint('bold', 'Failed'), ...toFailureLines(failures, look), '']),
    ...wrap(paint('bold', `${toResult(report)}.`)),
    facts,
    ...(isPlan && changes.length > 0 ? ['Nothing was changed: --confirm gives them back.'] : []),
  ]
  return `${lines.join('\n')}\n`
}

function toResult({ state, cluster, blocks, changes, failures }: CleanupReport): string {
  if (blocks === 0) return `no IP block bears the tags of cluster ${cluster}`
  if (state === 'planned') return `${changes.length} of ${blocks} IP blocks can be given back`
  const left = failures.filter(({ name }) => name !== 'cluster' && name !== 'cloud').length
  return `${blocks - left} of ${blocks} IP blocks were given back`
}
