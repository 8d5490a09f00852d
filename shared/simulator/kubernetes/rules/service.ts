import { isIP } from 'node:net'
import { type Fields, fieldsOf, listOf, sameJson, textOf, textsOf, valueAt } from '../json.ts'
import { changeProblems, contentProblems } from '../metadata.ts'
import { qualifiedNameProblems, subdomainProblems } from '../names.ts'
import type { KubeObject } from '../objects.ts'
import { type Cause, forbiddenField, invalidValue, required, unsupportedValue } from '../status.ts'
import type { ResourceRules } from './rules.ts'
import { recordClusterIps } from './service-addresses.ts'
import { allocateService, familyProblemsOf } from './service-allocation.ts'
import { carryOver } from './service-update.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const MODES = ['Proxy', 'VIP']
const CLASS_FIELD = 'spec.loadBalancerClass'

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
      ...(ip === undefined && ipMode === undefined ? {} : { ipMode: ipMode ?? 'VIP' }),
      ...rest,
    }
  })
  return { ...balancer, ingress }
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
    ...classProblems(spec),
  ]
}

function classProblems({ type, loadBalancerClass: name }: Fields): Cause[] {
  if (name === undefined) return []
  if (type !== 'LoadBalancer')
    return [forbiddenField(CLASS_FIELD, "may only be used when `type` is 'LoadBalancer'")]
  return qualifiedNameProblems(textOf(name)).map(why => invalidValue(CLASS_FIELD, name, why))
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
    ...classProblems(spec),
  ]
}

function ingressProblems(service: KubeObject): Cause[] {
  const ingress = listOf(valueAt(service, 'status', 'loadBalancer', 'ingress')).map(fieldsOf)
  const field = 'status.loadBalancer.ingress'
  const misplaced = ingress.length > 0 && valueAt(service, 'spec', 'type') !== 'LoadBalancer'
  return [
    ...(misplaced ? [forbiddenField(field, "may only be used when `spec.type` is 'LoadBalancer'")] : []),
    ...ingress.flatMap((item, index) => entryProblems(item, `${field}[${index}]`)),
  ]
}

function entryProblems({ ip, hostname, ipMode }: Fields, field: string): Cause[] {
  const [address, host] = [textOf(ip), textOf(hostname)]
  const hostProblems = isIP(host) === 0 ? subdomainProblems(host) : ['must be a DNS name, not an IP address']
  return [
    ...(address === '' || isIP(address) !== 0
      ? []
      : [invalidValue(`${field}.ip`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')]),
    ...(ipMode !== undefined && address === ''
      ? [forbiddenField(`${field}.ipMode`, 'may not be used when `ip` is not set')]
      : []),
    ...(ipMode === undefined || MODES.includes(textOf(ipMode))
      ? []
      : [unsupportedValue(`${field}.ipMode`, ipMode, MODES)]),
    ...(host === '' ? [] : hostProblems.map(why => invalidValue(`${field}.hostname`, hostname, why))),
  ]
}
