import type { AddressBlock } from '../cloud-provider/load-balancer.ts'
import { isSameService } from '../controllers/address/address-index.ts'
import { readHistory, statusAddresses } from '../controllers/service/history.ts'
import { toKey } from '../doctor/checks/services.ts'
import { toAge } from '../doctor/contract.ts'
import { liesIn } from '../ip-address.ts'
import { ASSIGNED_IPS, CLEANUP_FINALIZER, FINALIZER, WAITING } from '../kubernetes/names.ts'
import type { KubeService } from '../kubernetes/types.ts'
import type { Item, MigratePlan } from './contract.ts'
import { findUnused, toClaimedItem, toRetainedNotes, toUnusedItem } from './unused.ts'
import type { MigrateView } from './view.ts'

/** One Service, and how the Go program finds it afterwards. */
export interface HandOver {
  readonly service: KubeService
  /** The address that it keeps; undefined where the Go program gives it another one, or its first. */
  readonly keeps: string | undefined
  /** Addresses that it has and loses. */
  readonly loses: readonly string[]
  readonly why: string
}

export interface BackPlan extends MigratePlan {
  readonly handOvers: readonly HandOver[]
  /** Blocks in which nobody has an address any more: the Go program gives back what bears the mark. */
  readonly unused: readonly AddressBlock[]
}

/** As many intervals as the last pass must be old before the hosts are taken to have ended. */
const ENDED = 2

/** From this program back to the Go program. Pure. */
export function planBack(view: MigrateView, acceptNew: boolean): BackPlan {
  const ours = view.services.filter(isOurs)
  const handOvers = ours.map(service => toHandOver(service, view))
  const losing = handOvers.filter(({ loses }) => loses.length > 0)
  const { unused, claimed } = findUnused(view)
  return {
    way: 'back',
    handOvers,
    unused,
    items: [...handOvers.map(toItem), ...unused.map(toUnusedItem), ...claimed.map(toClaimedItem)],
    inTheWay: [
      ...view.problems.map(problem => `settings: ${problem}`),
      ...(handOvers.length > 0 || unused.length > 0 ? view.hosts.map(toHostRefusal) : []),
      ...(handOvers.length > 0 ? findOthers(view) : []),
      ...(view.announcer && view.announcer.name !== 'kube-vip'
        ? [`the Go program knows kube-vip, not ${view.announcer.name}: change the announcer first`]
        : []),
      ...(view.blocks === undefined && (handOvers.length > 0 || hasAddresses(view))
        ? ['PNAP_LOAD_BALANCER is not set: nobody can tell which Service has which block']
        : []),
      ...(acceptNew ? [] : losing.map(toRefusal)),
    ],
    notes: [...(losing.length > 0 ? [AGAIN] : []), ...claimed.flatMap(toRetainedNotes)],
    steps: STEPS,
  }
}

const AGAIN =
  'Once the Go program has given them new addresses, run migrate --back --confirm again: the blocks that are then unused are marked, and it gives them back.'
const STEPS = [
  'End the handlers (serve, or the stack of the functions): kubectl -n kube-system scale deployment cloud-provider-phoenixnap --replicas=0',
  'Take the webhook away: kubectl delete mutatingwebhookconfiguration cloud-provider-phoenixnap',
  'Hand over: cloud-provider-phoenixnap migrate --back --confirm (with --accept-new-addresses where Services share blocks)',
  'Take the rest of this program out of the cluster: cloud-provider-phoenixnap unregister --confirm',
  'Install the Go program as it was, with its Secret and its settings, the location among them (PNAP_LOCATION)',
] as const

/** Whom this program holds, or has chosen addresses for. One that is being deleted is finished by `unregister`. */
const isOurs = ({ metadata, spec }: KubeService): boolean =>
  spec?.type === 'LoadBalancer' &&
  metadata.deletionTimestamp === undefined &&
  ((metadata.finalizers?.includes(FINALIZER) ?? false) || metadata.annotations?.[ASSIGNED_IPS] !== undefined)

/** A host that is at work would put everything back as it was. */
const toHostRefusal = (name: string): string =>
  `a host of this program runs: ${name}: end it (a Deployment: scale it to 0), however old its last pass is`

/** There are blocks that nobody has told us. */
const hasAddresses = ({ book }: MigrateView): boolean => book.claims.length > 0 || book.gates.length > 0

/** What else is at work: our functions and servers outside of the cluster are known by their passes, the Go program by its Pods. */
function findOthers({ hasWebhook, passAgeMs, intervalMs, managers }: MigrateView): readonly string[] {
  const isYoung = passAgeMs !== undefined && passAgeMs < ENDED * intervalMs
  return [
    ...(hasWebhook
      ? [
          'the webhook of this program is still registered: kubectl delete mutatingwebhookconfiguration cloud-provider-phoenixnap',
        ]
      : []),
    ...(isYoung
      ? [
          `a host of this program made a pass ${toAge(passAgeMs)} ago: end it, and wait ${toAge(ENDED * intervalMs - passAgeMs)}`,
        ]
      : []),
    ...managers.map(
      name =>
        `the Go program runs already: ${name}: it would give new addresses to Services that keep theirs`,
    ),
  ]
}

const toRefusal = ({ service, loses, why }: HandOver): string =>
  `Service ${toKey(service)} gets a new address and loses ${loses.join(', ')} (--accept-new-addresses): ${why}`

/**
 * The Go program keeps spec.loadBalancerIP where exactly one block bears namespace and name of the Service, lies around
 * that address and is assigned to its network; it looks for that block by the tags alone.
 */
function toHandOver(service: KubeService, { blocks = [] }: MigrateView): HandOver {
  const { namespace = '', name } = service.metadata
  const addresses = findOwn(service)
  const [address] = addresses
  if (address === undefined) return { service, keeps: undefined, loses: [], why: 'it has no address yet' }
  const own = blocks.filter(block => isSameService(block.dedicatedTo, { namespace, name }) && !block.marked)
  const why = findObstacle(service, addresses, own)
  return why === undefined
    ? { service, keeps: address, loses: [], why: `block ${own[0]?.id} (${own[0]?.cidr}) bears its name` }
    : { service, keeps: undefined, loses: addresses, why }
}

function findObstacle(
  { spec }: KubeService,
  addresses: readonly string[],
  own: readonly AddressBlock[],
): string | undefined {
  const [block, ...others] = own
  if (spec?.loadBalancerClass !== undefined)
    return 'the Go program serves no Service with a loadBalancerClass'
  if (!block) return 'it shares its block with others'
  if (others.length > 0) return `several blocks bear its name (${own.map(({ id }) => id).join(', ')})`
  if (addresses.length > 1) return 'the Go program gives a Service one address'
  if (!block.cidr || !addresses.every(address => liesIn(address, block.cidr ?? '')))
    return `its address does not lie in its block ${block.id}`
  return block.state === 'assigned' ? undefined : `its block ${block.id} is ${block.status}`
}

const findOwn = (service: KubeService): readonly string[] => {
  const { assigned } = readHistory(service)
  if (service.metadata.annotations?.[WAITING] !== undefined) return []
  return assigned.length > 0 ? assigned : statusAddresses(service)
}

const toItem = ({ service, keeps, loses, why }: HandOver): Item => ({
  kind: 'Service',
  name: toKey(service),
  outcome:
    keeps === undefined
      ? loses.length > 0
        ? `loses ${loses.join(', ')}`
        : 'gets an address'
      : `keeps ${keeps}`,
  why,
})

/** The one write that hands a Service over: finalizer, our marks, and the field by which the Go program knows its address. */
export function toPatch({ service, keeps, loses }: HandOver, view: Pick<MigrateView, 'announcer'>): object {
  const { metadata, spec } = service
  const { finalizers = [], uid, resourceVersion } = metadata
  const others = finalizers.filter(name => name !== FINALIZER && name !== CLEANUP_FINALIZER)
  // With its own finalizer the Go program gives the block back, should the Service be deleted before that program runs.
  const isItsOwn = keeps !== undefined || finalizers.includes(CLEANUP_FINALIZER)
  const cleared = keeps === undefined ? view.announcer?.toCleared(service, loses).annotations : undefined
  const marks = [ASSIGNED_IPS, WAITING].filter(key => metadata.annotations?.[key] !== undefined)
  const annotations = { ...cleared, ...Object.fromEntries(marks.map(key => [key, null])) }
  const pinned = spec?.loadBalancerIP
  const isPinChanged = keeps === undefined ? Boolean(pinned) : pinned !== keeps
  return {
    metadata: {
      uid,
      resourceVersion,
      finalizers: isItsOwn ? [...others, CLEANUP_FINALIZER] : others,
      annotations,
    },
    ...(isPinChanged ? { spec: { loadBalancerIP: keeps ?? null } } : {}),
  }
}
