import { type Fields, fieldsOf, listOf, textOf, textsOf } from '../json.ts'
import type { KubeObject } from '../objects.ts'
import { type Cause, invalidValue } from '../status.ts'
import type { RuleContext } from './rules.ts'
import { familyOf, freeAddress, isInRange, readServiceRanges, type ServiceRange } from './service-ranges.ts'

/** Gives a Service an address of each of its families, which are chosen already, and keeps those it has. */
export function chooseClusterIps(
  spec: Fields,
  others: readonly KubeObject[],
  context: RuleContext,
): readonly Cause[] {
  if (spec.clusterIP === 'None') {
    spec.clusterIPs = ['None']
    return []
  }
  const ranges = readServiceRanges(context)
  const taken = new Set(others.flatMap(clusterIpsOf))
  const wanted = textsOf(spec.clusterIPs)
  const problems = wanted.flatMap(address => requestProblems(address, wanted, ranges, taken))
  if (problems.length > 0) return problems
  const addresses = textsOf(spec.ipFamilies).flatMap((family, index) => {
    const range = ranges.find(one => one.family === family)
    return wanted[index] ?? (range === undefined ? [] : freeAddress(range, taken, context.random))
  })
  spec.clusterIPs = addresses
  spec.clusterIP = addresses[0]
  return []
}

function requestProblems(
  address: string,
  wanted: readonly string[],
  ranges: readonly ServiceRange[],
  taken: ReadonlySet<string>,
): Cause[] {
  const refuse = (why: string): Cause[] => [
    invalidValue('spec.clusterIPs', wanted, `failed to allocate IP ${address}: ${why}`),
  ]
  if (taken.has(address)) return refuse('provided IP is already allocated')
  const range = ranges.find(one => one.family === familyOf(address))
  if (range === undefined || isInRange(range, address)) return []
  return refuse(
    `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${range.cidr}`,
  )
}

/** Addresses of a Service; none for a headless one. */
const clusterIpsOf = (service: KubeObject | undefined): string[] =>
  listOf(fieldsOf(service?.spec).clusterIPs)
    .map(textOf)
    .filter(address => address !== '' && address !== 'None')

/** The real allocator notes each cluster IP as an IPAddress of its own. */
export function recordClusterIps(
  service: KubeObject | undefined,
  old: KubeObject | undefined,
  context: RuleContext,
): void {
  const addresses = clusterIpsOf(service)
  const before = clusterIpsOf(old)
  for (const address of before) if (!addresses.includes(address)) context.discard('ipaddresses', address)
  for (const address of addresses)
    if (!before.includes(address)) context.provide('ipaddresses', toRecord(address, service?.metadata ?? {}))
}

const toRecord = (address: string, { namespace, name }: KubeObject['metadata']): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IPAddress',
  metadata: {
    name: address,
    labels: {
      'ipaddress.kubernetes.io/ip-family': familyOf(address),
      'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
    },
  },
  spec: { parentRef: { resource: 'services', namespace, name } },
})
