import type { AddressBlock } from '../../cloud-provider/load-balancer.ts'
import { findBlock } from '../../controllers/address/address-index.ts'
import type { AddressBook, Claim } from '../../controllers/address/contract.ts'
import { statusAddresses } from '../../controllers/service/history.ts'
import { FINALIZER, WAITING } from '../../kubernetes/names.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { type Check, fail, ok, toAge, toCount, toNames, warn } from '../contract.ts'
import { readLastWarning } from '../events.ts'

/** Releasing a Service takes seconds; a block that is being bought takes minutes. */
const STUCK_MS = 600_000
const DISABLED = 'load balancers are disabled (PNAP_LOAD_BALANCER is empty)'

export const SERVICE_CHECKS: readonly Check[] = [
  {
    code: 'services-waiting',
    doc: 'No Service waits for an address.',
    action: 'The line says why; every reason stands in docs/reference/errors.md.',
    async run({ services, kube, lease, signal, config }) {
      if (!config().loadBalancer) return ok(DISABLED)
      const all = await services()
      const waiting = all.filter(isWaiting)
      if (waiting.length === 0)
        return ok(`${toCount(all.filter(isHeld).length, 'Service')} of ours, and none waits`)
      const { now } = await lease()
      const [oldest] = waiting.toSorted((one, other) => waitingSince(one) - waitingSince(other))
      const why = oldest && (await readLastWarning(kube(), oldest, signal))
      const age = oldest ? now - waitingSince(oldest) : 0
      const fact = `waiting: ${toNames(waiting.map(toKey))}, the first one for ${toAge(age)}${why ? `: ${why}` : ''}`
      return age > STUCK_MS ? fail(fact) : warn(fact)
    },
  },
  {
    code: 'services-deleting',
    doc: 'No Service with our finalizer has been in deletion for more than ten minutes.',
    action: 'See the events of the Service, and the checks passes and permissions.',
    async run({ services, lease }) {
      const { now } = await lease()
      const deleting = (await services()).filter(
        service => isHeld(service) && now - deletedAt(service) > STUCK_MS,
      )
      if (deleting.length === 0) return ok('none is stuck')
      return fail(`in deletion for more than ten minutes: ${toNames(deleting.map(toKey))}`)
    },
  },
  {
    code: 'addresses-unique',
    doc: 'No two Services have one address.',
    action:
      'Take the address from the Service that has no claim: kubectl get ipaddress ADDRESS names the other one.',
    async run({ services }) {
      const used = (await services())
        .filter(({ spec }) => spec?.type === 'LoadBalancer')
        .flatMap(service => statusAddresses(service).map(address => ({ address, service: toKey(service) })))
      const shared = [...Map.groupBy(used, ({ address }) => address)].filter(([, users]) => users.length > 1)
      if (shared.length === 0) return ok(`addresses in use: ${used.length}, each by one Service`)
      return fail(
        toNames(
          shared.map(([address, users]) => `${address}: ${users.map(one => one.service).join(', ')}`),
          '; ',
        ),
      )
    },
  },
  {
    code: 'claims',
    doc: 'Claims and gates (IPAddress objects) fit to the Services and blocks that there are.',
    action: 'The next pass puts it right; where it stays, see the check passes, and the log of a pass.',
    async run({ book, supply, services }) {
      const [addresses, found] = [await book(), await supply()]
      if (!found) return ok(DISABLED)
      const drift = findDrift(addresses, found.blocks, await services())
      return drift.length > 0
        ? warn(toNames(drift, '; '))
        : ok(`${addresses.claims.length} claims, ${addresses.gates.length} gates`)
    },
  },
]

export const toKey = ({ metadata }: Pick<KubeService, 'metadata'>): string =>
  `${metadata.namespace}/${metadata.name}`

const isHeld = ({ metadata }: KubeService): boolean => metadata.finalizers?.includes(FINALIZER) ?? false
const isWaiting = ({ metadata }: KubeService): boolean =>
  metadata.annotations?.[WAITING] !== undefined && metadata.deletionTimestamp === undefined

/** Infinity where somebody wrote what is no time: it waits for nobody knows how long. */
const waitingSince = ({ metadata }: KubeService): number => toTime(metadata.annotations?.[WAITING])
const deletedAt = ({ metadata }: KubeService): number => toTime(metadata.deletionTimestamp)

function toTime(text: string | undefined): number {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time
}

/** What does not fit together, one line each. Pure. */
export function findDrift(
  { claims, gates, unreadable }: AddressBook,
  blocks: readonly AddressBlock[],
  services: readonly KubeService[],
): readonly string[] {
  const ids = new Set(blocks.map(({ id }) => id))
  const uids = new Map(services.map(service => [toKey(service), service.metadata.uid]))
  const gated = new Set(gates.map(({ blockId }) => blockId))
  return [
    ...unreadable.map(name => `IPAddress ${name} cannot be understood`),
    ...blocks
      .filter(({ state, marked, id, usable }) => state === 'assigned' && !marked && usable && !gated.has(id))
      .map(({ id }) => `block ${id} has no gate`),
    ...gates
      .filter(({ blockId }) => !ids.has(blockId))
      .map(({ address }) => `the block of gate ${address} has gone`),
    ...claims.flatMap(claim => findClaimDrift(claim, blocks, uids)),
  ]
}

function findClaimDrift(
  { address, service, state, serviceUid }: Claim,
  blocks: readonly AddressBlock[],
  uids: ReadonlyMap<string, string | undefined>,
): readonly string[] {
  const key = `${service.namespace}/${service.name}`
  if (!findBlock(blocks, address)) return [`claim ${address} of ${key} lies in no block`]
  if (state !== 'active') return []
  if (!uids.has(key)) return [`claim ${address} is active, but ${key} has gone`]
  return uids.get(key) === serviceUid ? [] : [`claim ${address} is that of an earlier ${key}`]
}
