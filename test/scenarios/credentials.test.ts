import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { forEachCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import { startServed } from '../support/served.ts'
import { createForwardClock, type ForwardClock } from './_forward-clock.ts'
import {
  clearCluster,
  createOutage,
  expectInitialised,
  expectUntouched,
  type OutageScene,
  until,
} from './_outage.ts'

const LIST = 'GET /bmc/v1/servers'
const TOKEN = /^POST .*\/token$/
const TOKEN_LIFE_MS = 600_000

type Scene = OutageScene & { readonly clock: ForwardClock }
/** One thing that goes wrong between two passes. */
interface Trouble {
  readonly name: string
  readonly strike: (scene: Scene) => unknown
  /** Code with which the pass under it ends; absent: it is complete all the same. */
  readonly code?: string
  readonly mend?: (scene: Scene) => unknown
  /** Requests of the pass under it, where their number matters. */
  readonly lists?: number
  readonly tokens?: number
}

const expire = ({ clock }: Scene): void => clock.forward(TOKEN_LIFE_MS + 1)
const onList = (fault: object) => (scene: Scene) => scene.bmc.faults.add({ operation: LIST, ...fault })
const onToken = (fault: object) => (scene: Scene) => {
  expire(scene)
  scene.bmc.faults.add({ operation: TOKEN, ...fault })
}
const setScopes =
  (...scopes: ('tags' | 'bmc.read')[]) =>
  ({ bmc }: Scene) => {
    bmc.backend.setCredentials('sim-client', 'sim-secret', scopes)
    bmc.backend.revokeTokens()
  }

const TROUBLES: readonly Trouble[] = [
  { name: 'one reset before the list', strike: onList({ reset: 'before', times: 1 }), lists: 2 },
  { name: 'one reset after the list', strike: onList({ reset: 'after', times: 1 }), lists: 2 },
  { name: 'three resets', strike: onList({ reset: 'after', times: 3 }), lists: 4 },
  { name: 'resets all the time', strike: onList({ reset: 'before' }), code: 'BMC_UNREACHABLE' },
  { name: 'idle sockets that died unseen', strike: ({ bmc }) => bmc.faults.dropConnections() },
  { name: 'one 500', strike: onList({ status: 500, times: 1 }), lists: 2 },
  {
    name: '503 with a page',
    strike: onList({ status: 503, body: '<h1>Sorry</h1>' }),
    code: 'BMC_SERVER_ERROR',
  },
  {
    name: 'a redirect',
    strike: onList({ status: 302, headers: { location: '/login' } }),
    code: 'BMC_RESPONSE_INVALID',
  },
  { name: 'no content', strike: onList({ status: 204, body: '' }), code: 'BMC_RESPONSE_INVALID' },
  { name: 'an empty body', strike: onList({ status: 200, body: '' }), code: 'BMC_RESPONSE_INVALID' },
  {
    name: 'a page of a proxy',
    strike: onList({ status: 200, body: '<html>' }),
    code: 'BMC_RESPONSE_INVALID',
  },
  { name: 'half a list', strike: onList({ malformed: true }), code: 'BMC_RESPONSE_INVALID' },
  { name: 'null', strike: onList({ status: 200, body: 'null' }), code: 'BMC_RESPONSE_INVALID' },
  { name: 'an object', strike: onList({ status: 200, body: {} }), code: 'BMC_RESPONSE_INVALID' },
  { name: 'a list of null', strike: onList({ status: 200, body: [null] }), code: 'BMC_RESPONSE_INVALID' },
  { name: 'a list of texts', strike: onList({ status: 200, body: ['a'] }), code: 'BMC_RESPONSE_INVALID' },
  { name: 'an expired token', strike: expire, lists: 1, tokens: 1 },
  { name: 'two 500 for an expired token', strike: onToken({ status: 500, times: 2 }), lists: 1, tokens: 3 },
  {
    name: '500 for an expired token',
    strike: onToken({ status: 500 }),
    code: 'BMC_TOKEN_ENDPOINT_FAILED',
    lists: 0,
  },
  {
    name: 'resets for an expired token',
    strike: onToken({ reset: 'after' }),
    code: 'BMC_TOKEN_ENDPOINT_FAILED',
  },
  {
    name: 'an empty token answer',
    strike: onToken({ status: 200, body: '' }),
    code: 'BMC_TOKEN_ENDPOINT_FAILED',
  },
  {
    name: 'a token that is none',
    strike: onToken({ status: 200, body: { access_token: 1 } }),
    code: 'BMC_TOKEN_ENDPOINT_FAILED',
  },
  {
    name: '500 while the token is refreshed early',
    strike: scene => {
      scene.clock.forward(TOKEN_LIFE_MS * 0.95)
      scene.bmc.faults.add({ operation: TOKEN, status: 500 })
    },
    lists: 1,
    tokens: 1,
  },
  { name: 'a revoked token', strike: ({ bmc }) => bmc.backend.revokeTokens(), lists: 2, tokens: 1 },
  {
    name: '401 whatever the token',
    strike: onList({ status: 401 }),
    code: 'BMC_CREDENTIALS_INVALID',
    lists: 2,
    tokens: 1,
  },
  {
    name: 'credentials that are withdrawn',
    strike: ({ bmc }) => bmc.backend.withdrawCredentials(),
    code: 'BMC_CREDENTIALS_INVALID',
    mend: ({ bmc }) => bmc.backend.setCredentials('sim-client', 'sim-secret'),
  },
  { name: '403 for the list', strike: onList({ status: 403 }), code: 'BMC_FORBIDDEN', lists: 1 },
  {
    name: 'a scope that is taken away',
    strike: setScopes('tags'),
    code: 'BMC_SCOPE_MISSING',
    mend: setScopes('bmc.read'),
  },
]

t.setTimeout(120_000)

forEachCluster(t, 'trouble with BMC', {}, async (t, cluster) => {
  const admin = await cluster.kube()
  await installRole(admin)
  const listNodes = async () =>
    (await admin.request<{ items: KubeNode[] }>({ path: '/api/v1/nodes' })).body.items

  const isInitialised = async (name: string) =>
    (await listNodes()).some(node => node.metadata.name === name && node.spec?.providerID !== undefined)

  for (const { name, strike, code, mend, lists, tokens } of TROUBLES) {
    t.test(name, async t => {
      const clock = createForwardClock()
      const bmc = await startBmcSimulator({ clock, tokenLifetimeMs: TOKEN_LIFE_MS })
      t.teardown(() => bmc.close())
      const scene = { ...(await createOutage(t, cluster, { bmc, clock })), clock }
      const { id } = bmc.backend.addServer({ hostname: 'here' })
      const { id: lateId } = bmc.backend.addServer({ hostname: 'late' })
      await fakeKubelet(admin, 'here', { ready: true })
      await scene.world.resync()
      await expectInitialised(t, admin, 'here', id)
      await fakeKubelet(admin, 'late')
      const before = await listNodes()

      bmc.requests.clear()
      await strike(scene)
      const report = await scene.world.resync()
      if (code === undefined) t.equal(report.state, 'complete', 'the pass does not mind')
      else {
        t.match(report, { state: 'incomplete', failures: [{ name: 'servers', code }] })
        t.same(await listNodes(), before, 'no node is touched')
      }
      if (lists !== undefined) t.equal(bmc.requests.count(LIST), lists, 'lists')
      if (tokens !== undefined) t.equal(bmc.requests.count(TOKEN), tokens, 'token requests')

      bmc.faults.clear()
      await mend?.(scene)
      t.equal((await scene.world.resync()).state, 'complete', 'the next pass is complete')
      await expectInitialised(t, admin, 'here', id)
      await expectInitialised(t, admin, 'late', lateId)
      t.same((await scene.world.resync()).changes, [], 'and leaves nothing to do')
    })
  }

  t.test('nulls for optional fields, unknown fields and words that no document names', async t => {
    const bmc = await startBmcSimulator({ absent: 'null' })
    t.teardown(() => bmc.close())
    const { world } = await createOutage(t, cluster, { bmc })
    const odd = {
      status: 'teleporting',
      networkType: 'QUANTUM',
      os: 'plan9/fourth',
      privateIpAddresses: ['10.9.9.9'],
      'x-new': { a: [null] },
    }
    const { id } = bmc.backend.addServer({ hostname: 'odd', ...odd })
    const { id: bareId } = bmc.backend.addServer({ hostname: 'bare', publicIpAddresses: null, os: null })
    await fakeKubelet(admin, 'odd')
    await fakeKubelet(admin, 'bare')
    t.equal((await world.resync()).state, 'complete')
    await expectInitialised(t, admin, 'odd', id)
    await expectInitialised(t, admin, 'bare', bareId)
  })

  t.test('credentials that rotate in the secret file of a running server', async t => {
    await clearCluster(admin)
    const file = join(cluster.folder, 'cloud-sa.json')
    const write = (clientID: string, clientSecret: string) =>
      writeFile(file, JSON.stringify({ clientID, clientSecret }))
    await write('first-client', 'first-planted-secret')
    const bmc = await startBmcSimulator({ clientId: 'first-client', clientSecret: 'first-planted-secret' })
    t.teardown(() => bmc.close())
    const { id } = bmc.backend.addServer({ hostname: 'before' })
    const { id: afterId } = bmc.backend.addServer({ hostname: 'after' })
    await fakeKubelet(admin, 'before')
    const environment = { PNAP_CLIENT_ID: undefined, PNAP_CLIENT_SECRET: undefined, PNAP_CLOUD_CONFIG: file }
    const options = { bmc, environment, registered: false, resyncInterval: '5s' }
    const served = await startServed(t, cluster, options)
    await until(() => isInitialised('before'), 'a pass brings up the first node')
    await expectInitialised(t, admin, 'before', id)

    bmc.backend.withdrawCredentials()
    await writeFile(file, '{"clientID": "second-client", "clientSecret": "second-planted-secr')
    await fakeKubelet(admin, 'after')
    await until(() => served.log().includes('CCM_CONFIG_INVALID'), 'a pass is refused, and finds half a file')
    await expectUntouched(t, admin, 'after')
    bmc.backend.setCredentials('second-client', 'second-planted-secret')
    await write('second-client', 'second-planted-secret')
    await until(() => isInitialised('after'), 'a pass brings up the second node')
    await expectInitialised(t, admin, 'after', afterId)
    t.notMatch(served.log(), /planted/, 'no secret is logged')
  })
})
