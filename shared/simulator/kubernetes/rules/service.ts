import { isIP } from 'node:net'
import { type Fields, fieldsOf, listOf, sameJson, textOf, textsOf, valueAt } from '../json.ts'
import { changeProblems, contentProblems } from '../metadata.ts'
import type { KubeObject } from '../objects.ts'
import { type Cause, invalidValue, required, unsupportedValue } from '../status.ts'
import type { ResourceRules } from './rules.ts'
import { recordClusterIps } from './service-addresses.ts'
import { allocateService, familyProblemsOf } from './service-allocation.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const CLASS_FIELD = 'spec.loadBalancerClass'

/** True for the types that traffic from outside the cluster reaches. */
const isExternal = (spec: Fields): boolean => spec.type === 'LoadBalancer' || spec.type === 'NodePort'

export const serviceRules: ResourceRules = {
  name: 'label',
  defaults(service) {
    service.spec = withDefaults(fieldsOf(service.spec))
    service.status = { ...fieldsOf(service.status), loadBalancer: withIpMode(service) }
  },
  prepareCreate(service) {
    service.status = { loadBalancer: {} }
    const { clusterIP, clusterIPs } = fieldsOf(service.spec)
    if (textOf(clusterIP) !== '' && clusterIPs === undefined)
      service.spec = { ...fieldsOf(service.spec), clusterIPs: [clusterIP] }
  },
  prepareUpdate(service, old) {
    const spec = carryOver(fieldsOf(service.spec), fieldsOf(old.spec))
    service.spec = spec
    if (spec.type !== 'LoadBalancer') service.status = { ...fieldsOf(service.status), loadBalancer: {} }
  },
  validateCreate(service, context) {
    const families = familyProblemsOf(service, undefined, context)
    return families.length > 0 ? families : specProblems(fieldsOf(service.spec))
  },
  validateUpdate(service, old, context) {
    const families = familyProblemsOf(service, old, context)
    if (families.length > 0) return families
    return [
      ...changeProblems(service, old),
      ...specChangeProblems(fieldsOf(service.spec), fieldsOf(old.spec)),
      ...contentProblems(service),
      ...specProblems(fieldsOf(service.spec)),
    ]
  },
  validateStatus: (service, old) => [...changeProblems(service, old), ...ingressProblems(service)],
  allocate: allocateService,
  afterStore: recordClusterIps,
  selectable: service => ({
    'spec.clusterIP': textOf(valueAt(service, 'spec', 'clusterIP')),
    'spec.type': textOf(valueAt(service, 'spec', 'type')),
  }),
}

function withDefaults(spec: Fields): Fields {
  const type = textOf(spec.type) || 'ClusterIP'
  const external = type === 'LoadBalancer' || type === 'NodePort'
  return {
    ...spec,
    ...(Array.isArray(spec.ports) ? { ports: spec.ports.map(portWithDefaults) } : {}),
    type,
    sessionAffinity: textOf(spec.sessionAffinity) || 'None',
    ...(external ? { externalTrafficPolicy: textOf(spec.externalTrafficPolicy) || 'Cluster' } : {}),
    ...(type === 'LoadBalancer'
      ? { allocateLoadBalancerNodePorts: spec.allocateLoadBalancerNodePorts ?? true }
      : {}),
    ...(type === 'ExternalName' ? {} : { internalTrafficPolicy: spec.internalTrafficPolicy ?? 'Cluster' }),
  }
}

function portWithDefaults(item: unknown): unknown {
  const { name, protocol, appProtocol, port, targetPort, ...rest } = fieldsOf(item)
  return {
    ...(name === undefined ? {} : { name }),
    protocol: textOf(protocol) || 'TCP',
    ...(appProtocol === undefined ? {} : { appProtocol }),
    port,
    targetPort: targetPort === undefined || targetPort === 0 || targetPort === '' ? port : targetPort,
    ...rest,
  }
}

/** An ingress address without a mode is a virtual address. */
function withIpMode(service: KubeObject): Fields {
  const balancer = fieldsOf(valueAt(service, 'status', 'loadBalancer'))
  if (!Array.isArray(balancer.ingress)) return balancer
  const ingress = balancer.ingress.map((item: unknown) => {
    const { ip, hostname, ipMode, ...rest } = fieldsOf(item)
    return {
      ...(ip === undefined ? {} : { ip }),
      ...(hostname === undefined ? {} : { hostname }),
      ...(ip === undefined ? {} : { ipMode: ipMode ?? 'VIP' }),
      ...rest,
    }
  })
  return { ...balancer, ingress }
}

/** A PUT without the fields that the server allocated keeps them; a change of type drops what no longer fits. */
function carryOver(spec: Fields, old: Fields): Fields {
  const next = { ...spec }
  if (next.type !== 'ExternalName' && old.type !== 'ExternalName') {
    for (const name of ['clusterIP', 'clusterIPs']) next[name] ??= old[name]
    if (next.clusterIP !== old.clusterIP && sameJson(next.clusterIPs, old.clusterIPs))
      next.clusterIPs = [next.clusterIP]
    keepNodePorts(next, old)
  }
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

function keepNodePorts(spec: Fields, old: Fields): void {
  if (!isExternal(spec) || !isExternal(old)) return
  spec.ports = listOf(spec.ports).map(item => {
    const port = fieldsOf(item)
    const before = listOf(old.ports)
      .map(fieldsOf)
      .find(other => other.port === port.port && other.protocol === port.protocol)
    return port.nodePort === undefined && before?.nodePort !== undefined
      ? { ...port, nodePort: before.nodePort }
      : port
  })
}

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

function specProblems(spec: Fields): Cause[] {
  const ports = listOf(spec.ports).map(fieldsOf)
  const headless = spec.clusterIP === 'None'
  const needsPorts = !headless && spec.type !== 'ExternalName'
  return [
    ...(ports.length === 0 && needsPorts ? [required('spec.ports')] : []),
    ...ports.flatMap((port, index) => portProblems(port, `spec.ports[${index}]`, ports.length > 1)),
    ...(TYPES.includes(textOf(spec.type)) ? [] : [unsupportedValue('spec.type', spec.type, TYPES)]),
    ...(spec.type === 'ExternalName' && textOf(spec.externalName) === ''
      ? [required('spec.externalName')]
      : []),
    ...textsOf(spec.loadBalancerSourceRanges).flatMap((range, index) =>
      isRange(range.trim())
        ? []
        : [invalidValue(`spec.LoadBalancerSourceRanges[${index}]`, range, 'must be a valid CIDR value')],
    ),
    ...(spec.loadBalancerClass !== undefined && spec.type !== 'LoadBalancer'
      ? [
          {
            reason: 'FieldValueForbidden',
            message: "Forbidden: may only be used when `type` is 'LoadBalancer'",
            field: CLASS_FIELD,
          },
        ]
      : []),
  ]
}

function isRange(range: string): boolean {
  const [address = '', length = '', ...rest] = range.split('/')
  const bits = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1
  return rest.length === 0 && /^\d{1,3}$/.test(length) && Number(length) <= bits
}

const OUT_OF_RANGE = 'must be between 1 and 65535, inclusive'
const isPort = (value: unknown): boolean => typeof value === 'number' && value >= 1 && value <= 65_535

function portProblems(port: Fields, field: string, several: boolean): Cause[] {
  const { targetPort } = port
  return [
    ...(several && textOf(port.name) === '' ? [required(`${field}.name`)] : []),
    ...(isPort(port.port) ? [] : [invalidValue(`${field}.port`, port.port, OUT_OF_RANGE)]),
    ...(PROTOCOLS.includes(textOf(port.protocol))
      ? []
      : [unsupportedValue(`${field}.protocol`, port.protocol, PROTOCOLS)]),
    ...(typeof targetPort === 'number' && !isPort(targetPort)
      ? [invalidValue(`${field}.targetPort`, targetPort, OUT_OF_RANGE)]
      : []),
  ]
}

function specChangeProblems(spec: Fields, old: Fields): Cause[] {
  const [before, after] = [textsOf(old.clusterIPs), textsOf(spec.clusterIPs)]
  const moved = before[0] !== undefined && after[0] !== before[0] && spec.type !== 'ExternalName'
  const reclassed =
    old.type === 'LoadBalancer' &&
    spec.type === 'LoadBalancer' &&
    !sameJson(spec.loadBalancerClass, old.loadBalancerClass)
  return [
    ...(moved ? [invalidValue('spec.clusterIPs[0]', after, 'may not change once set')] : []),
    ...(reclassed
      ? [invalidValue(CLASS_FIELD, spec.loadBalancerClass ?? null, 'may not change once set')]
      : []),
  ]
}

function ingressProblems(service: KubeObject): Cause[] {
  const ingress = listOf(valueAt(service, 'status', 'loadBalancer', 'ingress'))
  const onlyBalancer =
    ingress.length > 0 && valueAt(service, 'spec', 'type') !== 'LoadBalancer'
      ? [
          {
            reason: 'FieldValueForbidden',
            message: "Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
            field: 'status.loadBalancer.ingress',
          },
        ]
      : []
  const addresses = ingress.flatMap((item, index) => {
    const ip = textOf(fieldsOf(item).ip)
    if (ip === '' || isIP(ip) !== 0) return []
    const why = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
    return [invalidValue(`status.loadBalancer.ingress[${index}].ip`, ip, why)]
  })
  return [...onlyBalancer, ...addresses]
}
