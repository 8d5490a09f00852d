import { type Fields, fieldsOf, listOf } from '../json.ts'
import type { KubeObject } from '../objects.ts'
import type { RuleContext } from './rules.ts'

const NODE_PORTS = { first: 30_000, count: 2768 }

/** Gives the ports of a Service node ports where its type has them, and a health check port where one is needed. */
export function chooseNodePorts(spec: Fields, others: readonly KubeObject[], context: RuleContext): void {
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
