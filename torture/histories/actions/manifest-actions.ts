import { ASSIGNED_IPS, WAITING } from '../../../shared/kubernetes/names.ts'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import { toKey } from '../stage.ts'
import { type Action, defineAction } from './action.ts'
import {
  addressesOf,
  annotationOf,
  createService,
  isHeld,
  isLiveBalancer,
  isStaying,
  NAMESPACES,
  pickFreeName,
  type ServiceName,
  toCollection,
  toManifest,
  toPath,
  USER,
} from './services.ts'

const nameOf = ({ metadata: { namespace = '', name } }: KubeService): ServiceName => ({ namespace, name })

/** As tools for backups save it: without what the cluster made of it. */
function toBackup(service: KubeService): KubeService {
  const { name, namespace = '', annotations = {}, labels = {} } = service.metadata
  const { type, loadBalancerIP, ...spec } = { ports: [], ...service.spec }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, annotations, labels },
    spec: {
      ...(type && { type }),
      ...(loadBalancerIP && { loadBalancerIP }),
      ports: spec.ports.map(port => ({ ...(port as object), nodePort: 0 })),
    },
  } as KubeService
}

export const MANIFEST_ACTIONS: readonly Action[] = [
  defineAction('replace', 3, (stage, picks) => {
    const service = picks.of(stage.services().filter(isStaying))
    if (!service) return false
    const spec = picks.percent(25) ? { type: 'ClusterIP' } : undefined
    const body = toManifest(nameOf(service), { spec })
    stage.send(
      USER,
      { method: 'PUT', path: toPath(service), body },
      `replace ${toKey(service)}${spec ? ' by a ClusterIP' : ''}`,
    )
    return true
  }),
  defineAction('write what was read before', 2, (stage, picks) => {
    const service = picks.of(stage.services().filter(isStaying))
    if (!service) return false
    const { metadata } = service
    const body = { ...service, metadata: { ...metadata, labels: { ...metadata.labels, edited: 'yes' } } }
    stage.agenda.after(picks.one([0, 200, 3000, 60_000]), () =>
      stage.send(
        USER,
        { method: 'PUT', path: toPath(service), body },
        `write ${toKey(service)} as it was read`,
      ),
    )
    return true
  }),
  defineAction('apply', 3, (stage, picks) => {
    const existing = picks.of(stage.services().filter(isStaying))
    const name = existing && picks.percent(70) ? nameOf(existing) : pickFreeName(stage, picks)
    if (!name) return false
    const body = toManifest(name, { labels: { applied: String(picks.between(0, 9)) } })
    const path = `${toCollection(name.namespace)}/${name.name}`
    const query = { fieldManager: 'kubectl', force: 'true' }
    stage.send(
      USER,
      { method: 'PATCH', path, patch: 'apply', query, body },
      `apply ${name.namespace}/${name.name}`,
    )
    return true
  }),
  defineAction('save', 3, (stage, picks) => {
    const service = picks.of(stage.services().filter(service => addressesOf(service).length > 0))
    if (!service) return false
    stage.backups.push(toBackup(service))
    stage.tell(`save ${toKey(service)} with ${annotationOf(service, ASSIGNED_IPS)}`)
    return true
  }),
  defineAction('restore', 12, (stage, picks) => {
    const backup = picks.of(stage.backups)
    if (!backup) return false
    const { namespace = '' } = backup.metadata
    stage.send(
      USER,
      { method: 'POST', path: toCollection(namespace), body: backup },
      `restore ${toKey(backup)} with ${annotationOf(backup, ASSIGNED_IPS)}`,
    )
    return true
  }),
  defineAction('copy to another namespace', 2, (stage, picks) => {
    const service = picks.of(stage.services().filter(isLiveBalancer))
    if (!service) return false
    const backup = toBackup(service)
    const namespace = picks.one(NAMESPACES)
    const copy = { ...backup, metadata: { ...backup.metadata, namespace, name: 'copy' } }
    stage.send(
      USER,
      { method: 'POST', path: toCollection(namespace), body: copy },
      `copy ${toKey(service)} to ${namespace}/copy`,
    )
    return true
  }),
  defineAction('served by somebody else', 2, (stage, picks) => {
    const name = pickFreeName(stage, picks)
    if (!name) return false
    createService(stage, name, { spec: { loadBalancerIP: '192.0.2.50' } }, ' for another controller')
    stage.agenda.after(500, () =>
      stage.send(
        'other-controller',
        {
          method: 'PATCH',
          path: `${toCollection(name.namespace)}/${name.name}/status`,
          patch: 'merge',
          body: { status: { loadBalancer: { ingress: [{ ip: '192.0.2.50' }] } } },
        },
        `another controller serves ${name.namespace}/${name.name}`,
      ),
    )
    return true
  }),
  defineAction('write our marks by hand', 3, (stage, picks) => {
    const service = picks.of(stage.services().filter(service => isLiveBalancer(service) && isHeld(service)))
    const other = picks.of(stage.services().filter(service => addressesOf(service).length > 0))
    if (!service || !other) return false
    const value = picks.percent(50) ? annotationOf(other, ASSIGNED_IPS) : 'nonsense, 198.19.0.3'
    const annotations = { [ASSIGNED_IPS]: value ?? null, [WAITING]: 'tomorrow' }
    stage.send(
      USER,
      { method: 'PATCH', path: toPath(service), patch: 'merge', body: { metadata: { annotations } } },
      `${toKey(service)}: assigned-ips written by hand: ${value}`,
    )
    return true
  }),
]
