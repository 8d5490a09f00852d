import { fieldsOf, listOf, textOf, valueAt } from '../json.ts'
import { type KubeObject, nameOf } from '../objects.ts'
import { ageOf } from './age.ts'
import type { Column } from './columns.ts'

const ROLE_PREFIX = 'node-role.kubernetes.io/'
const ROLE_LABEL = 'kubernetes.io/role'

function statusOf(node: KubeObject): string {
  const ready = listOf(valueAt(node, 'status', 'conditions'))
    .map(fieldsOf)
    .find(({ type }) => type === 'Ready')
  const health = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return valueAt(node, 'spec', 'unschedulable') === true ? `${health},SchedulingDisabled` : health
}

function rolesOf({ metadata }: KubeObject): string {
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX)) return [key.slice(ROLE_PREFIX.length)]
    return key === ROLE_LABEL ? [value] : []
  })
  const named = [...new Set(roles.filter(role => role !== ''))].sort()
  return named.length === 0 ? '<none>' : named.join(',')
}

function addressOf(node: KubeObject, wanted: string): string {
  const addresses = listOf(valueAt(node, 'status', 'addresses')).map(fieldsOf)
  return textOf(addresses.find(({ type }) => type === wanted)?.address) || '<none>'
}

const infoOf = (node: KubeObject, field: string): string => textOf(valueAt(node, 'status', 'nodeInfo', field))

function kernelOf(node: KubeObject): string {
  const [version, architecture] = [infoOf(node, 'kernelVersion'), infoOf(node, 'architecture')]
  if (version === '') return '<unknown>'
  return architecture === '' ? version : `${version} (${architecture})`
}

export const nodeColumns: readonly Column[] = [
  { name: 'Name', cell: nameOf },
  { name: 'Status', cell: statusOf },
  { name: 'Roles', cell: rolesOf },
  { name: 'Age', cell: ({ metadata }, now) => ageOf(metadata.creationTimestamp, now) },
  { name: 'Version', cell: node => infoOf(node, 'kubeletVersion') },
  { name: 'Internal-IP', wide: true, cell: node => addressOf(node, 'InternalIP') },
  { name: 'External-IP', wide: true, cell: node => addressOf(node, 'ExternalIP') },
  { name: 'OS-Image', wide: true, cell: node => infoOf(node, 'osImage') || '<unknown>' },
  { name: 'Kernel-Version', wide: true, cell: kernelOf },
  {
    name: 'Container-Runtime',
    wide: true,
    cell: node => infoOf(node, 'containerRuntimeVersion') || '<unknown>',
  },
]
