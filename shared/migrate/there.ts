import { readLoadBalancerIP } from '../announcers/requests.ts'
import {
  type AddressIndex,
  findBlock,
  indexAddresses,
  isSameService,
} from '../controllers/address/address-index.ts'
import { classifyService, toOwnership } from '../controllers/service/classify.ts'
import { statusAddresses } from '../controllers/service/history.ts'
import { isTainted } from '../doctor/checks/nodes.ts'
import { toKey } from '../doctor/checks/services.ts'
import { CLEANUP_FINALIZER, FINALIZER } from '../kubernetes/names.ts'
import type { KubeNode, KubeService } from '../kubernetes/types.ts'
import type { Item, MigratePlan } from './contract.ts'
import type { MigrateView } from './view.ts'

/** What becomes of one object, and whether that has to be put right first. */
interface Judged {
  readonly item: Item
  readonly inTheWay?: string | undefined
}

/** From the Go program to this one. Pure: nothing is written on this way but by the handlers once they run. */
export function planThere(view: MigrateView): MigratePlan {
  const services = view.services.filter(({ spec }) => spec?.type === 'LoadBalancer')
  const source = { blocks: view.blocks ?? [], location: '', memberAddresses: [] }
  const index = indexAddresses({ source, book: view.book, reserved: [] })
  const judged: readonly Judged[] = [
    ...toSecretItems(view),
    ...view.nodes.map(node => ({ item: toNodeItem(node, view) })),
    ...services.map(service => judgeService(service, view, index)),
    ...toBlockItems(view, services),
  ]
  return {
    way: 'there',
    items: judged.map(({ item }) => item),
    inTheWay: [
      ...view.problems.map(problem => `settings: ${problem}`),
      ...view.managers.map(name => `the Go program still runs: ${name}`),
      ...(view.secret?.problems ?? []).map(problem => `Secret ${view.secret?.name}: ${problem}`),
      ...judged.flatMap(({ inTheWay = [] }) => inTheWay),
      ...findShared(services),
      ...(view.blocks === undefined && services.some(isLeft) ? [NO_NETWORK] : []),
    ],
    notes: view.announcer && view.announcer.name !== 'kube-vip' ? [OTHER_ANNOUNCER] : [],
    steps: STEPS,
  }
}

const NO_NETWORK =
  'PNAP_LOAD_BALANCER is not set, but Services have addresses of the Go program: give it as that program had it'
const OTHER_ANNOUNCER =
  'The Go program knows kube-vip alone: with another announcer, take kube-vip away first, or both announce the same addresses.'
const STEPS = [
  'Stop the Go program, and keep its manifest and its Secret: kubectl -n kube-system delete deployment cloud-provider-phoenixnap',
  'Look again: cloud-provider-phoenixnap migrate (it ends with 0 when nothing is in the way)',
  'Start the handlers with the same settings, and register: docs/guides/run-serve.md or docs/guides/run-as-functions.md',
  'After the first pass: cloud-provider-phoenixnap doctor',
] as const

const isLeft = ({ metadata }: KubeService): boolean =>
  metadata.finalizers?.includes(CLEANUP_FINALIZER) ?? false

function toSecretItems({ secret }: MigrateView): Judged[] {
  if (!secret || secret.problems.length > 0) return []
  const outcome = 'can be read as it is (--cloud-config)'
  return [
    { item: { kind: 'Secret', name: secret.name, outcome, why: `it gives ${secret.settings.join(', ')}` } },
  ]
}

function toNodeItem(node: KubeNode, { providerIDOwner, instances }: MigrateView): Item {
  const base = { kind: 'Node', name: node.metadata.name } as const
  const owner = providerIDOwner(node.spec?.providerID)
  if (owner.owner === 'other')
    return { ...base, outcome: 'is left alone', why: 'its provider ID is of another provider' }
  if (owner.owner === 'none') {
    const why = isTainted(node)
      ? 'it has the taint and no provider ID'
      : 'it has neither taint nor provider ID'
    return { ...base, outcome: isTainted(node) ? 'is initialised' : 'is left alone', why }
  }
  return instances.some(({ id }) => id === owner.id)
    ? { ...base, outcome: 'is taken over', why: `its provider ID is that of server ${owner.id}` }
    : { ...base, outcome: 'is deleted once it is not Ready', why: `there is no server ${owner.id}` }
}

function judgeService(service: KubeService, view: MigrateView, index: AddressIndex): Judged {
  const { announcer, classes } = view
  const ref = { namespace: service.metadata.namespace ?? '', name: service.metadata.name }
  const base = { kind: 'Service', name: toKey(service) } as const
  const ownership = toOwnership(ref, index)
  const found = classifyService(service, { classes, announcer, ownership })
  switch (found.kind) {
    case 'ignore':
      return { item: { ...base, outcome: 'is left alone', why: found.why } }
    case 'cleanUp':
      return {
        item: { ...base, outcome: 'is cleaned up', why: 'it is being deleted, or is not to be served' },
      }
    case 'handsOff': {
      const item = { ...base, outcome: 'is left alone', why: found.why }
      return isLeft(service)
        ? { item, inTheWay: `Service ${base.name}: ${found.why} (${MANAGE_HINT})` }
        : { item }
    }
    case 'serve':
      return judgeServed(service, view, base)
  }
}

const MANAGE_HINT =
  'its block has gone or lost its tags: give them back to the block, or annotate it phoenixnap.com/manage=true for a new address'

function judgeServed(service: KubeService, view: MigrateView, base: Pick<Item, 'kind' | 'name'>): Judged {
  const addresses = findAddresses(service, view)
  const [address] = addresses
  if (address === undefined) {
    return {
      item: {
        ...base,
        outcome: 'gets an address',
        why: 'it has none yet; a block that was bought for it is used',
      },
    }
  }
  const block = findBlock(view.blocks ?? [], address)
  const pinned = readLoadBalancerIP(service).addresses
  const differs = addresses.length > 1 && pinned.length > 0 && addresses.some(one => !pinned.includes(one))
  const isOurs = service.metadata.finalizers?.includes(FINALIZER) ?? false
  const item = {
    ...base,
    outcome: `keeps ${addresses.join(', ')}`,
    why: isOurs ? 'it is held by this program already' : toWhy(service, block),
  }
  if (isOurs || !differs) return { item }
  return {
    item,
    inTheWay: `Service ${base.name}: its field, annotation and status name different addresses (${addresses.join(', ')}): make them one`,
  }
}

/** All that anybody says it has. */
const findAddresses = (service: KubeService, { announcer }: MigrateView): readonly string[] => [
  ...new Set([
    ...(announcer?.readRequest(service, [])?.addresses ?? []),
    ...readLoadBalancerIP(service).addresses,
    ...statusAddresses(service),
  ]),
]

function toWhy(service: KubeService, block: ReturnType<typeof findBlock>): string {
  if (!block) return 'it is claimed'
  const { namespace = '', name } = service.metadata
  const range = `block ${block.id} (${block.cidr}, ${block.status})`
  if (block.marked) return `${range} is marked as to be given back; the mark is taken off`
  return isSameService(block.dedicatedTo, { namespace, name })
    ? `${range} was bought for it`
    : `it lies in ${range}`
}

function toBlockItems({ blocks = [] }: MigrateView, services: readonly KubeService[]): Judged[] {
  const keys = new Set(services.map(toKey))
  return blocks.flatMap(({ id, cidr, dedicatedTo, marked }) => {
    const owner = dedicatedTo && `${dedicatedTo.namespace}/${dedicatedTo.name}`
    const why = marked ? 'it is marked' : `its Service ${owner} has gone`
    const isUnused = marked || (owner !== undefined && !keys.has(owner))
    const outcome = 'is given back unless a Service has an address in it'
    return isUnused ? [{ item: { kind: 'IPBlock', name: `${id} (${cidr})`, outcome, why } as const }] : []
  })
}

function findShared(services: readonly KubeService[]): readonly string[] {
  const used = services.flatMap(service =>
    [...new Set([...statusAddresses(service), ...readLoadBalancerIP(service).addresses])].map(address => ({
      address,
      key: toKey(service),
    })),
  )
  return [...Map.groupBy(used, ({ address }) => address)]
    .filter(([, users]) => users.length > 1)
    .map(
      ([address, users]) =>
        `${address} is used by ${users.map(({ key }) => key).join(' and ')}: only one can have it`,
    )
}
