import { gzipSync } from 'node:zlib'
import { getAnnouncer } from '../shared/announcers/announcers.ts'
import { toControllerSettings } from '../shared/compose.ts'
import { readConfig } from '../shared/config.ts'
import type { Controllers } from '../shared/controllers/contract.ts'
import { createControllers } from '../shared/controllers/controllers.ts'
import { toGeneration } from '../shared/controllers/inventory/content.ts'
import { CcmError } from '../shared/errors.ts'
import type { Kube, KubeRequest } from '../shared/kubernetes/client.ts'
import type { Log } from '../shared/log.ts'
import { newCloud } from '../shared/phoenixnap/cloud.ts'
import { createStillClock } from './clock.ts'
import { clientOf } from './targets/bmc-client.ts'

/** The real controllers between a cluster with one open block and a cloud that has one server. */

const ID = '60473a6115e34466c9f8f083'
const NOW = createStillClock().now()
const META = { uid: 'u', resourceVersion: '1', creationTimestamp: new Date(NOW).toISOString() }

const BLOCK = {
  id: ID,
  cidr: '203.0.113.0/28',
  family: 'IPv4',
  location: 'PHX',
  state: 'assigned',
  status: 'assigned',
  usable: { first: '203.0.113.2', last: '203.0.113.14', count: 13 },
  marked: false,
  onNetwork: true,
} as const

const INSTANCE = {
  id: ID,
  providerID: `phoenixnap://${ID}`,
  hostname: 'a',
  instanceType: 's1.c1.small',
  region: 'PHX',
  status: 'powered-on',
  shutdown: false,
  terminating: false,
  privateAddresses: ['10.0.0.11'],
  publicAddresses: ['203.0.113.200'],
  addressesIncomplete: false,
  additionalLabels: {},
} as const

const CONTENT = {
  account: 'account',
  families: ['IPv4', 'IPv6'],
  entries: [INSTANCE],
  addresses: {
    blocks: [{ ...BLOCK, dedicatedTo: undefined, purchase: undefined, ageMs: undefined }],
    location: 'PHX',
    memberAddresses: [],
  },
} as const

const INVENTORY = { generation: toGeneration(CONTENT), ...CONTENT }

const annotate = (state: string): Record<string, string> => ({
  'phoenixnap.com/state': state,
  'phoenixnap.com/since': new Date(NOW).toISOString(),
  'phoenixnap.com/block-id': ID,
})

const GATE = {
  metadata: { ...META, name: '203.0.113.0', annotations: annotate('open') },
  spec: {
    parentRef: { resource: 'configmaps', namespace: 'kube-system', name: 'cloud-provider-phoenixnap' },
  },
}
const CLAIM = {
  metadata: { ...META, name: '203.0.113.7', annotations: annotate('active') },
  spec: { parentRef: { resource: 'services', namespace: 'other', name: 'web' } },
}

const CONFIG_MAP = {
  metadata: { ...META, name: 'cloud-provider-phoenixnap' },
  data: { parts: '1', generation: 'g' },
  binaryData: { 'inventory.json.gz': gzipSync(JSON.stringify(INVENTORY)).toString('base64') },
}

/** A cluster that keeps what is created in it for as long as one input is tried. */
function createCluster(): Kube {
  const objects = new Map<string, object>([
    ['/apis/networking.k8s.io/v1/ipaddresses/203.0.113.0', GATE],
    ['/apis/networking.k8s.io/v1/ipaddresses/203.0.113.7', CLAIM],
    ['/api/v1/namespaces/kube-system/configmaps/cloud-provider-phoenixnap', CONFIG_MAP],
  ])
  function answer({ method = 'GET', path, body }: KubeRequest): unknown {
    const found = objects.get(path)
    if (path === '/version') return {}
    if (method === 'GET' && path.endsWith('/ipaddresses'))
      return { items: [...objects].flatMap(([at, object]) => (at.startsWith(path) ? [object] : [])) }
    if (method === 'POST') return create(path, body as { metadata: { name: string } })
    if (!found) throw new CcmError('KUBE_NOT_FOUND', 'there is none')
    if (method === 'DELETE') objects.delete(path)
    return found
  }
  function create(path: string, body: { metadata: { name: string } }): unknown {
    const at = `${path}/${body.metadata.name}`
    if (objects.has(at)) throw new CcmError('KUBE_ALREADY_EXISTS', 'there is one')
    const object = { ...body, metadata: { ...META, ...body.metadata } }
    objects.set(at, object)
    return object
  }
  return {
    server: 'https://kube.test',
    request: async request => ({ body: answer(request) as never, date: NOW }),
    close: () => {},
    end: () => {},
  }
}

const credentials = async () => ({ clientId: 'client', clientSecret: 'a-secret-of-ours' })

/** @param announcer as PNAP_LOAD_BALANCER names it */
export function createBackstage(announcer: string, log: Log): Controllers {
  const clock = createStillClock()
  const { config } = readConfig({ env: { PNAP_LOAD_BALANCER: `${announcer}://${ID}`, PNAP_LOCATION: '' } })
  const bmc = clientOf({ status: 200, body: '[]', headers: {} })
  return createControllers({
    kube: createCluster(),
    cloud: newCloud(bmc, { clock, credentials, loadBalancer: undefined, log }),
    clock,
    log,
    newHolder: () => 'holder',
    announcer: config.loadBalancer && getAnnouncer(config.loadBalancer.announcer, config),
    settings: toControllerSettings(config),
  })
}
