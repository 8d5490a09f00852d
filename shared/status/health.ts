import type { AddressSupply } from '../cloud-provider/load-balancer.ts'
import { DELETION_WINDOW_MS } from '../controllers/node/deletion.ts'
import type { Survey } from '../controllers/resync/survey.ts'
import { LATE } from '../doctor/checks/passes.ts'
import { CcmError, ERRORS } from '../errors.ts'
import { isHeld } from '../kubernetes/leases.ts'
import type { BmcStatus, Failure, PassStatus } from './contract.ts'

export function toPassStatus({ lease }: Pick<Survey, 'lease'>, intervalMs: number): PassStatus {
  const { renewedAt, acquiredAt, now, holder, deletions } = lease
  const ageMs = renewedAt === undefined ? undefined : Math.max(0, now - renewedAt)
  return {
    completedAt: renewedAt,
    startedAt: acquiredAt,
    holder: isHeld(lease) ? holder : undefined,
    ageMs,
    intervalMs,
    isLate: ageMs === undefined || ageMs > LATE * intervalMs,
    deleted: deletions.filter(time => time > now - DELETION_WINDOW_MS).length,
  }
}

/** What BMC said now; what passes noted of it where it says nothing. */
export function toBmcStatus({
  observed: { instances },
  balancers,
  lease,
}: Pick<Survey, 'observed' | 'balancers' | 'lease'>): BmcStatus {
  const supply = balancers instanceof CcmError ? undefined : balancers.supply
  const error = findError(instances, supply)
  return {
    state: error ? toState(error, lease.limitedUntil) : 'answers',
    since: error && lease.unreachableSince,
    until: error && lease.limitedUntil,
    failure: error && toFailure('BMC', error),
    servers: instances instanceof CcmError ? undefined : instances.length,
  }
}

const findError = (
  instances: Survey['observed']['instances'],
  supply: AddressSupply | CcmError | undefined,
): CcmError | undefined => [instances, supply].find(one => one instanceof CcmError)

function toState({ code }: CcmError, limitedUntil: number | undefined): BmcStatus['state'] {
  if (code === 'BMC_RATE_LIMITED' || limitedUntil !== undefined) return 'limited'
  return code === 'BMC_UNREACHABLE' || code === 'CCM_DEADLINE' ? 'unreachable' : 'failing'
}

export const toFailure = (name: string, { code, message, action }: CcmError): Failure => ({
  name,
  code,
  message,
  action,
})

/** What a pass noted; a code that nobody knows has no advice. */
export const fromNoted = (failures: Survey['failures']): readonly Failure[] =>
  failures.map(({ name, code, message }) => ({
    name,
    code,
    message,
    action: (ERRORS as Readonly<Record<string, { readonly action: string } | undefined>>)[code]?.action ?? '',
  }))
