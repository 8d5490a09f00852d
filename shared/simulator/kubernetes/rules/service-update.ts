import { type Fields, fieldsOf, listOf, sameJson, textOf } from '../json.ts'

/** True for the types that traffic from outside the cluster reaches. */
const isExternal = (spec: Fields): boolean => spec.type === 'LoadBalancer' || spec.type === 'NodePort'

/** A PUT without the fields that the server allocated keeps them; a change of type drops what no longer fits. */
export function carryOver(spec: Fields, old: Fields): Fields {
  const next = { ...spec }
  if (next.type !== 'ExternalName' && old.type !== 'ExternalName') {
    for (const name of ['clusterIP', 'clusterIPs']) next[name] ??= old[name]
    if (next.clusterIP !== old.clusterIP && sameJson(next.clusterIPs, old.clusterIPs))
      next.clusterIPs = [next.clusterIP]
    keepNodePorts(next, old)
  }
  if (checksHealth(next) && checksHealth(old)) next.healthCheckNodePort ??= old.healthCheckNodePort
  if (next.type === 'ExternalName')
    dropUnchanged(next, old, [
      'clusterIP',
      'clusterIPs',
      'ipFamilies',
      'ipFamilyPolicy',
      'internalTrafficPolicy',
    ])
  if (!isExternal(next)) {
    dropUnchanged(next, old, ['externalTrafficPolicy', 'healthCheckNodePort'])
    next.ports = listOf(next.ports).map(item => withoutInheritedNodePort(fieldsOf(item), old))
  }
  if (next.type !== 'LoadBalancer')
    dropUnchanged(next, old, ['allocateLoadBalancerNodePorts', 'loadBalancerClass'])
  if (next.externalTrafficPolicy !== 'Local') dropUnchanged(next, old, ['healthCheckNodePort'])
  if (listOf(next.ports).length === 0) delete next.ports
  return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined))
}

/** Ports keep their node ports by name, unless another port asks for the same. */
function keepNodePorts(spec: Fields, old: Fields): void {
  if (!isExternal(spec) || !isExternal(old)) return
  const ports = listOf(spec.ports).map(fieldsOf)
  const asked = new Set(ports.map(({ nodePort }) => nodePort))
  const known = new Map(listOf(old.ports).map(port => [textOf(fieldsOf(port).name), fieldsOf(port).nodePort]))
  spec.ports = ports.map(port => {
    const before = known.get(textOf(port.name))
    return port.nodePort !== undefined || before === undefined || asked.has(before)
      ? port
      : { ...port, nodePort: before }
  })
}

const checksHealth = (spec: Fields): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'

function dropUnchanged(spec: Fields, old: Fields, names: string[]): void {
  for (const name of names) if (sameJson(spec[name], old[name])) delete spec[name]
}

function withoutInheritedNodePort(port: Fields, old: Fields): Fields {
  const inherited = listOf(old.ports)
    .map(fieldsOf)
    .some(other => other.nodePort === port.nodePort)
  if (!inherited) return port
  const { nodePort: _, ...rest } = port
  return rest
}
