import type { PackageLock } from './lock.ts'
import type { Findings } from './lock-checks.ts'

export interface AcceptedAdvisory {
  /** Such as `GHSA-xxxx-xxxx-xxxx`. */
  readonly id: string
  readonly reason: string
  /** Last day on which it is accepted, `YYYY-MM-DD`. */
  readonly until: string
}

/** What the registry knows of weak spots; not to be able to find out is not the same as none. */
export type AuditAnswer =
  | { readonly state: 'known'; readonly advisories: readonly Advisory[] }
  | { readonly state: 'unknown'; readonly why: string }

export interface Advisory {
  readonly id: string
  readonly package: string
  readonly severity: string
  readonly title: string
  /** Keys in package-lock.json that it is about. */
  readonly paths: readonly string[]
}

/** Of the report of `npm audit --json`, version 2. */
interface Report {
  readonly auditReportVersion?: number
  readonly vulnerabilities?: Readonly<Record<string, Vulnerability>>
  readonly message?: string
  readonly error?: { readonly summary?: string; readonly code?: string }
}

interface Vulnerability {
  readonly name: string
  readonly nodes: readonly string[]
  /** Names of other vulnerable packages, or advisories about this one. */
  readonly via: readonly (
    | string
    | { readonly url?: string; readonly title?: string; readonly severity?: string }
  )[]
}

/** @param text what `npm audit --json` writes, also when it fails */
export function readAudit(text: string): AuditAnswer {
  let report: Report
  try {
    report = JSON.parse(text) as Report
  } catch {
    return { state: 'unknown', why: text.trim().split('\n')[0] || 'npm audit says nothing' }
  }
  if (report?.auditReportVersion !== 2 || !report.vulnerabilities)
    return {
      state: 'unknown',
      why: report?.message || report?.error?.summary || 'npm audit answers in another form',
    }
  return { state: 'known', advisories: Object.values(report.vulnerabilities).flatMap(toAdvisories) }
}

/** What a package has by another one is told at that one. */
const toAdvisories = ({ name, nodes, via }: Vulnerability): Advisory[] =>
  via.flatMap(cause => {
    if (typeof cause === 'string') return []
    const { url = '', title = '', severity = 'critical' } = cause
    return [{ id: url.split('/').at(-1) || title, package: name, severity, title, paths: nodes }]
  })

/** For development only these count: nobody sends our tests hostile input. */
const GRAVE: ReadonlySet<string> = new Set(['high', 'critical'])

/**
 * @param today `YYYY-MM-DD`
 * @param isRequired true: an audit without an answer has failed
 */
export function judgeAdvisories(
  answer: AuditAnswer,
  {
    lock,
    accepted,
    today,
    isRequired,
  }: {
    readonly lock: PackageLock
    readonly accepted: readonly AcceptedAdvisory[]
    readonly today: string
    readonly isRequired: boolean
  },
): Findings {
  if (answer.state === 'unknown') {
    const said = `nobody says which packages have known weak spots: ${answer.why}`
    return isRequired ? { problems: [said], notes: [] } : { problems: [], notes: [said] }
  }
  const [problems, notes]: [string[], string[]] = [[], []]
  for (const advisory of answer.advisories) {
    const isShipped = advisory.paths.some(path => !lock.packages[path]?.dev)
    const acceptance = accepted.find(({ id }) => id === advisory.id)
    const line = `${advisory.package}: ${advisory.title} (${advisory.severity}, ${advisory.id}${isShipped ? '' : ', for development'})`
    if (acceptance && acceptance.until >= today)
      notes.push(`${line}: accepted until ${acceptance.until}, ${acceptance.reason}`)
    else if (acceptance) problems.push(`${line}: was accepted until ${acceptance.until}, look again`)
    else (isShipped || GRAVE.has(advisory.severity) ? problems : notes).push(line)
  }
  const seen = new Set(answer.advisories.map(({ id }) => id))
  const gone = accepted.filter(({ id }) => !seen.has(id))
  return {
    problems,
    notes: [...notes, ...gone.map(({ id }) => `${id} is accepted and not reported any more: remove it`)],
  }
}
