import { ASSIGNED_IPS, IP_ALLOCATION, MANAGE, RETAIN_IP } from '../../../shared/kubernetes/names.ts'
import { toKey } from '../stage.ts'
import { type Action, defineAction } from './action.ts'
import { ADDRESS_KEYS, pickAddress } from './addresses.ts'
import {
  annotate,
  annotationOf,
  createService,
  isBalancer,
  isLiveBalancer,
  isStaying,
  NAMESPACES,
  patchService,
  pickFreeName,
  toCollection,
  toManifest,
  toPath,
  USER,
} from './services.ts'

const LOCATION = 'phoenixnap.com/ip-location'

const creations: readonly Action[] = [
  defineAction('create', 12, (stage, picks) => {
    const name = pickFreeName(stage, picks)
    if (!name) return false
    const isDual = stage.settings.dualStack && picks.percent(50)
    const spec = isDual ? { ipFamilyPolicy: picks.one(['PreferDualStack', 'RequireDualStack']) } : undefined
    createService(stage, name, { spec }, isDual ? ', dual-stack' : '')
    return true
  }),
  defineAction('create several at once', 2, (stage, picks) => {
    const count = picks.between(2, 4)
    for (let index = 0; index < count; index++)
      createService(stage, { namespace: 'default', name: `crowd-${index}` }, {}, ' in a crowd')
    return true
  }),
  defineAction('create asking by annotation', 4, (stage, picks) => {
    const [name, key] = [pickFreeName(stage, picks), ADDRESS_KEYS[stage.settings.announcer]]
    if (!name || !key) return false
    const address = pickAddress(stage, picks)
    createService(stage, name, { annotations: { [key]: address } }, ` with ${key}=${address}`)
    return true
  }),
  defineAction('create asking by field', 4, (stage, picks) => {
    const name = pickFreeName(stage, picks)
    if (!name) return false
    const loadBalancerIP = pickAddress(stage, picks)
    createService(stage, name, { spec: { loadBalancerIP } }, ` with loadBalancerIP ${loadBalancerIP}`)
    return true
  }),
  defineAction('create by generateName', 2, (stage, picks) => {
    const namespace = picks.one(NAMESPACES)
    const manifest = toManifest({ namespace, name: 'many' })
    const body = { ...manifest, metadata: { namespace, generateName: 'many-' } }
    stage.send(USER, { method: 'POST', path: toCollection(namespace), body }, `create ${namespace}/many-…`)
    return true
  }),
  defineAction('create what exists', 2, (stage, picks) => {
    const service = picks.of(stage.services().filter(isStaying))
    if (!service) return false
    const { namespace = '', name } = service.metadata
    createService(stage, { namespace, name }, {}, ', which exists')
    return true
  }),
  defineAction('create what is refused', 2, (stage, picks) => {
    const name = pickFreeName(stage, picks)
    if (!name) return false
    createService(stage, name, { spec: { ports: [{ port: 0 }] } }, ', which is invalid')
    return true
  }),
  defineAction('create as a dry run', 2, (stage, picks) => {
    const name = pickFreeName(stage, picks)
    if (!name) return false
    const request = {
      method: 'POST',
      path: toCollection(name.namespace),
      query: { dryRun: 'All' },
      body: toManifest(name),
    } as const
    stage.send(USER, request, `create ${name.namespace}/${name.name} as a dry run`)
    return true
  }),
  defineAction('create of another class', 2, (stage, picks) => {
    const name = pickFreeName(stage, picks)
    if (!name) return false
    createService(stage, name, { spec: { loadBalancerClass: 'example.com/other' } }, ' of another class')
    return true
  }),
  defineAction('create another type', 2, (stage, picks) => {
    const name = pickFreeName(stage, picks)
    if (!name) return false
    createService(stage, name, { spec: { type: 'ClusterIP' } }, ' as a ClusterIP')
    return true
  }),
]

const deletions: readonly Action[] = [
  defineAction('delete', 7, (stage, picks) => {
    const service = picks.of(stage.services().filter(isStaying))
    if (!service) return false
    stage.send(USER, { method: 'DELETE', path: toPath(service) }, `delete ${toKey(service)}`)
    return true
  }),
  defineAction('delete and create again', 3, (stage, picks) => {
    const service = picks.of(stage.services().filter(isLiveBalancer))
    if (!service) return false
    const { namespace = '', name } = service.metadata
    const [deletion, manifest] = [toPath(service), toManifest({ namespace, name })]
    stage.send(USER, { method: 'DELETE', path: deletion }, `delete ${toKey(service)}, to be created again`)
    stage.agenda.after(picks.one([0, 100, 1500, 20_000]), () =>
      stage.send(
        USER,
        { method: 'POST', path: toCollection(namespace), body: manifest },
        `create ${toKey(service)} again`,
      ),
    )
    return true
  }),
  defineAction('delete a collection', 2, (stage, picks) => {
    const namespace = picks.one(NAMESPACES)
    const query = { labelSelector: picks.one(['app=web', 'app']) }
    stage.send(
      USER,
      { method: 'DELETE', path: toCollection(namespace), query },
      `delete all ${query.labelSelector} of ${namespace}`,
    )
    return true
  }),
]

const changes: readonly Action[] = [
  defineAction('change the type', 4, (stage, picks) =>
    patchService(stage, picks, isLiveBalancer, () => {
      const type = picks.one(['ClusterIP', 'NodePort'])
      return { patch: { spec: { type } }, what: `is to be a ${type}` }
    }),
  ),
  defineAction('change the type back', 8, (stage, picks) =>
    patchService(
      stage,
      picks,
      service => !isBalancer(service) && isStaying(service),
      () => ({ patch: { spec: { type: 'LoadBalancer' } }, what: 'is to be a LoadBalancer' }),
    ),
  ),
  defineAction('ask by annotation', 4, (stage, picks) => {
    const key = ADDRESS_KEYS[stage.settings.announcer]
    if (!key) return false
    return patchService(stage, picks, isLiveBalancer, () => {
      const address = pickAddress(stage, picks)
      return { patch: annotate({ [key]: address }), what: `asks for ${address} by annotation` }
    })
  }),
  defineAction('ask no more', 2, (stage, picks) => {
    const key = ADDRESS_KEYS[stage.settings.announcer]
    const patch = { ...(key && annotate({ [key]: null })), spec: { loadBalancerIP: null } }
    return patchService(stage, picks, isLiveBalancer, () => ({ patch, what: 'asks for no address' }))
  }),
  defineAction('ask by field', 3, (stage, picks) =>
    patchService(stage, picks, isLiveBalancer, () => {
      const loadBalancerIP = pickAddress(stage, picks)
      return { patch: { spec: { loadBalancerIP } }, what: `asks for ${loadBalancerIP} by field` }
    }),
  ),
  defineAction('retain', 2, (stage, picks) =>
    patchService(stage, picks, isStaying, service => {
      const value = annotationOf(service, RETAIN_IP) === 'true' ? null : 'true'
      return { patch: annotate({ [RETAIN_IP]: value }), what: `retain-ip ${value}` }
    }),
  ),
  defineAction('name a location', 2, (stage, picks) =>
    patchService(stage, picks, isLiveBalancer, () => {
      const value = picks.one([null, 'PHX', 'ASH', 'nowhere'])
      return { patch: annotate({ [LOCATION]: value }), what: `ip-location ${value}` }
    }),
  ),
  defineAction('choose an allocation', 2, (stage, picks) =>
    patchService(stage, picks, isLiveBalancer, () => {
      const value = picks.one([null, 'dedicated', 'packed', 'both'])
      return { patch: annotate({ [IP_ALLOCATION]: value }), what: `ip-allocation ${value}` }
    }),
  ),
  defineAction('manage', 2, (stage, picks) =>
    patchService(stage, picks, isLiveBalancer, () => {
      const value = picks.one(['true', null, 'yes'])
      return { patch: annotate({ [MANAGE]: value }), what: `manage ${value}` }
    }),
  ),
  defineAction('change a label', 2, (stage, picks) =>
    patchService(stage, picks, isStaying, () => ({
      patch: { metadata: { labels: { rev: String(picks.between(0, 9)) } } },
      what: 'has another label',
    })),
  ),
  defineAction('take assigned-ips away', 2, (stage, picks) =>
    patchService(stage, picks, isLiveBalancer, () => ({
      patch: annotate({ [ASSIGNED_IPS]: null }),
      what: 'loses assigned-ips',
    })),
  ),
]

export const SERVICE_ACTIONS: readonly Action[] = [...creations, ...deletions, ...changes]
