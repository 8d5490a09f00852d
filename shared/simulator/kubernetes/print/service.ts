import { type Fields, fieldsOf, listOf, textOf, textsOf, valueAt } from '../json.ts'
import { type KubeObject, nameOf } from '../objects.ts'
import { ageOf } from './age.ts'
import type { Column } from './columns.ts'

const specOf = (service: KubeObject): Fields => fieldsOf(service.spec)

function externalOf(service: KubeObject): string {
  const spec = specOf(service)
  if (spec.type === 'ExternalName') return textOf(spec.externalName)
  const ingress = listOf(valueAt(service, 'status', 'loadBalancer', 'ingress')).map(fieldsOf)
  const balanced = ingress.map(({ ip, hostname }) => textOf(ip) || textOf(hostname))
  const known = [...(spec.type === 'LoadBalancer' ? balanced : []), ...textsOf(spec.externalIPs)]
  if (known.length > 0) return known.join(',')
  return spec.type === 'LoadBalancer' ? '<pending>' : '<none>'
}

function portsOf(service: KubeObject): string {
  const ports = listOf(specOf(service).ports).map(item => {
    const { port, nodePort, protocol } = fieldsOf(item)
    const shown = [port, nodePort].filter(number => typeof number === 'number').join(':')
    return `${shown}/${textOf(protocol)}`
  })
  return ports.length === 0 ? '<none>' : ports.join(',')
}

function selectorOf(service: KubeObject): string {
  const pairs = Object.entries(fieldsOf(specOf(service).selector)).map(
    ([key, value]) => `${key}=${String(value)}`,
  )
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

export const serviceColumns: readonly Column[] = [
  { name: 'Name', cell: nameOf },
  { name: 'Type', cell: service => textOf(specOf(service).type) },
  { name: 'Cluster-IP', cell: service => textOf(specOf(service).clusterIP) || '<none>' },
  { name: 'External-IP', cell: externalOf },
  { name: 'Port(s)', cell: portsOf },
  { name: 'Age', cell: ({ metadata }, now) => ageOf(metadata.creationTimestamp, now) },
  { name: 'Selector', wide: true, cell: selectorOf },
]
