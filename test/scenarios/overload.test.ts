import { request as httpsRequest } from 'node:https'
import t from 'tap'
import { UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import { listNodes } from '../../shared/kubernetes/nodes.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { forEachCluster } from '../support/cluster.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import { readHost } from '../support/hosts/host.ts'
import { type Served, startServed } from '../support/served.ts'
import { until } from './_outage.ts'

t.setTimeout(120_000)

const NODES = Array.from({ length: 60 }, (_, index) => `storm-${index}`)

/** One place and no line: nearly everything that comes at once is shed. Functions have no such limits. */
const TIGHT = { PNAP_MAX_REVIEWS: '1', PNAP_MAX_WAITING_REVIEWS: '0', PNAP_MAX_AUDIT_BATCHES: '1' }

const toBatch = (name: string): string =>
  JSON.stringify({
    kind: 'EventList',
    apiVersion: 'audit.k8s.io/v1',
    items: [{ stage: 'ResponseComplete', verb: 'create', objectRef: { resource: 'nodes', name } }],
  })

/** Status of one call; a body makes it an audit batch. */
function call({ url, ca, token }: Served, path: string, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const method = body === undefined ? 'GET' : 'POST'
    const calling = httpsRequest(url + path, { method, headers, ca, agent: false }, response => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    calling.on('error', reject).end(body)
  })
}

const isInitialised = ({ spec }: KubeNode): boolean =>
  spec?.providerID !== undefined && !spec.taints?.some(({ key }) => key === UNINITIALIZED_TAINT)

forEachCluster(t, 'more than serve takes on', {}, async (t, cluster) => {
  const served = await startServed(t, cluster, { environment: TIGHT, resyncInterval: '5s' })
  const admin = await cluster.kube()
  for (const hostname of NODES) served.bmc.backend.addServer({ hostname })

  t.test('every request of a user is served, and every node is initialised in the end', async t => {
    const create = (name: string) =>
      admin.request({ method: 'POST', path: '/api/v1/nodes', body: createFakeNode(name) })
    const batches = NODES.map(name => call(served, '/audit', toBatch(name)))
    const health = Array.from({ length: 5 }, () => call(served, '/healthz'))
    await Promise.all(NODES.map(create))
    t.ok((await Promise.all(batches)).every(status => status === 200 || status === 429))
    if (readHost() !== 'functions') t.strictSame(new Set(await Promise.all(health)), new Set([200]))
    await until(async () => (await listNodes(admin)).every(isInitialised), 'all nodes are initialised')
    const ids = (await listNodes(admin)).map(({ spec }) => spec?.providerID)
    t.equal(new Set(ids).size, NODES.length, 'each by a server of its own')
  })
})
