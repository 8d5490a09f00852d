import { type Fields, fieldsOf, listOf, textOf, textsOf } from '../json.ts'
import type { KubeObject } from '../objects.ts'
import { type Cause, invalidValue } from '../status.ts'
import type { RuleContext } from './rules.ts'

/** The Service network 10.96.0.0/16, as in the real API server's documented flag. */
const SERVICE_PREFIX = '10.96'
const NODE_PORTS = { first: 30_000, count: 2768 }

const FAMILY_POLICY = 'spec.ipFamilyPolicy'

/**
 * Gives a Service its cluster IP, families, node ports and health check port. Only IPv4 is served, so dual
 * stack can be preferred but not required.
 */
export function allocateService(
  service: KubeObject,
  _old: KubeObject | undefined,
  context: RuleContext,
): Cause[] {
  const spec = fieldsOf(service.spec)
  if (spec.type === 'ExternalName') return []
  const others = context.list('services').filter(other => other.metadata.uid !== service.metadata.uid)
  const next = { ...spec }
  const problems = [...chooseFamilies(next), ...chooseClusterIp(next, others, context)]
  if (problems.length > 0) return problems
  chooseNodePorts(next, others, context)
  service.spec = next
  return []
}

function chooseFamilies(spec: Fields): Cause[] {
  const headless = spec.clusterIP === 'None'
  if (headless && spec.selector === undefined) {
    spec.ipFamilies ??= ['IPv4', 'IPv6']
    spec.ipFamilyPolicy ??= 'RequireDualStack'
    return []
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack')
    return [
      invalidValue(
        FAMILY_POLICY,
        spec.ipFamilyPolicy,
        'this cluster is not configured for dual-stack services',
      ),
    ]
  if (textsOf(spec.ipFamilies).includes('IPv6'))
    return [invalidValue('spec.ipFamilies[0]', 'IPv6', 'not configured on this cluster')]
  spec.ipFamilies ??= ['IPv4']
  spec.ipFamilyPolicy ??= 'SingleStack'
  return []
}

function chooseClusterIp(spec: Fields, others: readonly KubeObject[], context: RuleContext): Cause[] {
  const wanted = textOf(spec.clusterIP)
  const taken = new Set(others.map(other => textOf(fieldsOf(other.spec).clusterIP)))
  if (wanted !== '' && wanted !== 'None' && taken.has(wanted))
    return [
      invalidValue(
        'spec.clusterIPs',
        [wanted],
        `failed to allocate IP ${wanted}: provided IP is already allocated`,
      ),
    ]
  if (wanted !== '' && wanted !== 'None' && !wanted.startsWith(`${SERVICE_PREFIX}.`)) {
    const why = `failed to allocate IP ${wanted}: the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${SERVICE_PREFIX}.0.0/16`
    return [invalidValue('spec.clusterIPs', [wanted], why)]
  }
  const address = wanted === '' ? freeAddress(taken, context.random) : wanted
  spec.clusterIP = address
  spec.clusterIPs = [address]
  return []
}

/** The real allocator draws at random from the upper part of the network; .0.1 is the API server's. */
function freeAddress(taken: ReadonlySet<string>, random: () => number): string {
  const start = 256 + Math.floor(random() * (65_534 - 256))
  for (let step = 0; step < 65_000; step += 1) {
    const offset = 256 + ((start - 256 + step) % (65_534 - 256))
    const address = `${SERVICE_PREFIX}.${offset >> 8}.${offset & 255}`
    if (!taken.has(address)) return address
  }
  return `${SERVICE_PREFIX}.255.254`
}

function chooseNodePorts(spec: Fields, others: readonly KubeObject[], context: RuleContext): void {
  const balancer = spec.type === 'LoadBalancer'
  const taken = new Set(others.flatMap(nodePortsOf))
  const wantsPorts = spec.type === 'NodePort' || (balancer && spec.allocateLoadBalancerNodePorts === true)
  if (wantsPorts) spec.ports = withNodePorts(listOf(spec.ports).map(fieldsOf), taken, context.random)
  if (balancer && spec.externalTrafficPolicy === 'Local' && spec.healthCheckNodePort === undefined)
    spec.healthCheckNodePort = freePort(taken, context.random)
}

const nodePortsOf = (service: KubeObject): unknown[] => {
  const spec = fieldsOf(service.spec)
  return [...listOf(spec.ports).map(port => fieldsOf(port).nodePort), spec.healthCheckNodePort]
}

/** The same port number on another protocol shares its node port. */
function withNodePorts(ports: Fields[], taken: Set<unknown>, random: () => number): Fields[] {
  const byPort = new Map(ports.map(port => [port.port, port.nodePort]))
  return ports.map(port => {
    const nodePort = port.nodePort ?? byPort.get(port.port) ?? freePort(taken, random)
    byPort.set(port.port, nodePort)
    taken.add(nodePort)
    return { ...port, nodePort }
  })
}

function freePort(taken: ReadonlySet<unknown>, random: () => number): number {
  const start = Math.floor(random() * NODE_PORTS.count)
  for (let step = 0; step < NODE_PORTS.count; step += 1) {
    const port = NODE_PORTS.first + ((start + step) % NODE_PORTS.count)
    if (!taken.has(port)) return port
  }
  return NODE_PORTS.first
}

/** The real allocator notes each cluster IP as an IPAddress of its own. */
export function recordClusterIp(
  service: KubeObject | undefined,
  old: KubeObject | undefined,
  context: RuleContext,
): void {
  const [address, before] = [service, old].map(item => textOf(fieldsOf(item?.spec).clusterIP))
  if (before !== undefined && isAddress(before) && before !== address) context.discard('ipaddresses', before)
  if (service === undefined || address === undefined || !isAddress(address)) return
  const { namespace, name } = service.metadata
  context.provide('ipaddresses', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: {
      name: address,
      labels: {
        'ipaddress.kubernetes.io/ip-family': 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: { parentRef: { resource: 'services', namespace, name } },
  })
}

const isAddress = (clusterIp: string): boolean => clusterIp !== '' && clusterIp !== 'None'
