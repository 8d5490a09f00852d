import type { Clock } from '../clock.ts'
import { CcmError, type ErrorCode } from '../errors.ts'
import { startLimit } from '../limit.ts'
import { type Check, type CheckResult, type Finding, unknown } from './contract.ts'
import type { Facts } from './facts.ts'

export interface RunOptions {
  readonly clock: Clock
  /** Time for one check; who shares what another one reads waits for it within the same time. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Hears which checks are under way, by their codes, and how many are done. */
  readonly tell?: ((running: readonly string[], done: number) => void) | undefined
}

/** Checks that ask at the same time: the API server and BMC are not to feel it. */
const PARALLEL = 8

/** Every check, in the order of the table, whatever becomes of the others. Never throws. */
export async function runChecks(
  checks: readonly Check[],
  facts: Facts,
  options: RunOptions,
): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  const running = new Set<string>()
  let done = 0
  const tell = (): void => options.tell?.([...running], done)
  const queue = checks.entries()
  async function worker(): Promise<void> {
    for (const [index, check] of queue) {
      running.add(check.code)
      tell()
      results[index] = await runCheck(check, facts, options)
      running.delete(check.code)
      done += 1
      tell()
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  return results
}

async function runCheck(check: Check, facts: Facts, options: RunOptions): Promise<CheckResult> {
  const { code, action, needed } = check
  const finding = await within(() => check.run(facts), options).catch(toUnknown)
  const isFine = finding.status === 'ok'
  const told = { code, ...finding, action: isFine ? undefined : (finding.action ?? action) }
  return needed ? { ...told, needed } : told
}

async function within(
  work: () => Promise<Finding>,
  { clock, timeoutMs, signal }: RunOptions,
): Promise<Finding> {
  const limit = startLimit(clock, timeoutMs)
  const ended = AbortSignal.any([limit.signal, ...(signal ? [signal] : [])])
  const { promise, resolve } = Promise.withResolvers<Finding>()
  const onEnd = (): void =>
    resolve(unknown(signal?.aborted ? 'it was broken off' : `no answer within ${timeoutMs / 1000} s`))
  ended.addEventListener('abort', onEnd)
  if (ended.aborted) onEnd()
  try {
    return await Promise.race([work(), promise])
  } finally {
    ended.removeEventListener('abort', onEnd)
    limit.stop()
  }
}

/** What so many checks depend on is told at length by one of them. */
const TOLD_BY: Partial<Record<ErrorCode, string>> = {
  CCM_CONFIG_INVALID: 'settings',
  BMC_CREDENTIALS_INVALID: 'bmc-credentials',
  BMC_TOKEN_ENDPOINT_FAILED: 'bmc-credentials',
  BMC_UNREACHABLE: 'bmc-servers',
  KUBE_CONFIG_INVALID: 'cluster-version',
  KUBE_CREDENTIALS_INVALID: 'cluster-version',
  KUBE_UNREACHABLE: 'cluster-version',
}

/** The error's own advice is nearer than the check's. */
function toUnknown(thrown: unknown): Finding {
  if (!(thrown instanceof CcmError)) {
    return unknown(`an unforeseen failure: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }
  const { code, message, action } = thrown
  const teller = TOLD_BY[code]
  if (teller !== undefined) return unknown(code, `See the check ${teller}.`)
  return unknown(`${code}: ${message}`, code === 'KUBE_FORBIDDEN' ? FORBIDDEN : action)
}

/** The shipped role does not hold what only people ask for. */
const FORBIDDEN = 'Run doctor with the kubeconfig of an administrator to find this out.'
