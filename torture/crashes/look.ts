import { MANAGED_BY, MANAGED_BY_LABEL } from '../../shared/kubernetes/names.ts'
import type { IPAddress, KubeNode, KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import {
  assignedTo,
  isHeld,
  isIgnored,
  isWaiting,
  nameOf,
  publishedFor,
  type ServiceName,
  splitName,
} from '../../test/support/services.ts'
import type { World } from '../world/contract.ts'

/** A claim as a person reads it. */
export interface ClaimView {
  readonly address: string
  readonly service: ServiceName
  readonly state: string
}

export const findService = (world: World, service: ServiceName): KubeService | undefined => {
  const { namespace, name } = splitName(service)
  return world.cluster.store.get<KubeService>('services', name, namespace)
}

export const findNode = (world: World, name: string): KubeNode | undefined =>
  world.cluster.store.get<KubeNode>('nodes', name)

const listOurs = ({ cluster }: World): IPAddress[] =>
  cluster.store.list<IPAddress>('ipaddresses', { labelSelector: `${MANAGED_BY_LABEL}=${MANAGED_BY}` })

export const listClaims = (world: World): ClaimView[] =>
  listOurs(world)
    .filter(({ spec }) => spec.parentRef.resource === 'services')
    .map(({ metadata: { name, annotations }, spec: { parentRef } }) => ({
      address: name,
      service: nameOf({ metadata: { name: parentRef.name, namespace: parentRef.namespace ?? '' } }),
      state: annotations?.['phoenixnap.com/state'] ?? '',
    }))

export const listGates = (world: World): string[] =>
  listOurs(world)
    .filter(({ spec }) => spec.parentRef.resource !== 'services')
    .map(({ metadata }) => metadata.name)

export const tagOf = ({ tags = [] }: IpBlock, name: string): string | undefined =>
  tags.find(tag => tag.name === name)?.value

/** Blocks with this cluster's tag. */
export const listBlocks = ({ cloud, clusterUid }: World): IpBlock[] =>
  cloud.backend.ipBlocks().filter(block => tagOf(block, 'cluster') === clusterUid)

export const countPurchases = ({ history }: World): number =>
  history.entries.filter(entry => entry.kind === 'cloud' && entry.operation === 'POST /ips/v1/ip-blocks')
    .length

/** What is wrong, by whether it is as it should be. */
export const unless = (holds: boolean, wrong: string): string[] => (holds ? [] : [wrong])

export const addressOf = (world: World, service: ServiceName): string | undefined =>
  assignedTo(findService(world, service))[0]

/** The address that it was given first of all. */
export function firstAddressOf({ history }: World, service: ServiceName): string | undefined {
  for (const entry of history.entries) {
    if (entry.kind !== 'stored' || entry.resource !== 'services') continue
    const object = entry.object as unknown as KubeService
    const [address] = nameOf(object) === service ? assignedTo(object) : []
    if (address !== undefined) return address
  }
  return undefined
}

/** It has one address, is held, and its announcer is told of it. @param toTold what kube-vip hears, by default */
export function servedFaults(world: World, name: ServiceName, toTold = publishedFor): string[] {
  const service = findService(world, name)
  if (!service) return [`${name} is not there`]
  const [assigned, told] = [assignedTo(service), toTold(service)]
  const claims = listClaims(world).filter(claim => claim.service === name && claim.state === 'active')
  return [
    ...unless(assigned.length === 1, `${name} was assigned [${assigned.join()}]`),
    ...unless(
      told.join() === assigned.join(),
      `${name} was assigned [${assigned.join()}] and announces [${told.join()}]`,
    ),
    ...unless(
      claims.map(({ address }) => address).join() === assigned.join(),
      `${name} claims ${JSON.stringify(claims)}`,
    ),
    ...unless(isHeld(service), `${name} has no finalizer`),
    ...unless(!isWaiting(service) && !isIgnored(service), `${name} waits`),
  ]
}

export const goneFaults = (world: World, name: ServiceName): string[] =>
  unless(findService(world, name) === undefined, `${name} is still there`)

/** Nothing is left of addresses: no claim, no gate, no block. */
export const leftoverFaults = (world: World): string[] => [
  ...listClaims(world).map(({ address, service }) => `the claim ${address} of ${service} is left`),
  ...listGates(world).map(name => `the gate ${name} is left`),
  ...listBlocks(world).map(({ id, cidr, status }) => `block ${id} (${cidr}, ${status}) is left`),
]
