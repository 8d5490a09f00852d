import t, { type Test } from 'tap'
import { UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import type { BmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { CONTROLLER, forEachCluster } from '../support/cluster.ts'
import { type FakeKubeletOptions, fakeKubelet } from '../support/fake-kubelet.ts'
import { startServed } from '../support/served.ts'
import { createWorld } from '../support/world.ts'
import { events, findNode } from './_deletion.ts'

type ServerSeed = Parameters<BmcSimulator['backend']['addServer']>[0]
type Address = readonly [type: string, address: string]

/** One kind of server, and what becomes of the node that joins on it. */
interface Case {
  readonly name: string
  /** `hostname` is the node's name unless given. */
  readonly servers: readonly ServerSeed[]
  readonly kubelet?: FakeKubeletOptions
  /** Index of the server whose provider ID the node has afterwards; undefined: it stays uninitialised. */
  readonly server?: number
  /** Without the hostname, which comes last. */
  readonly addresses?: readonly Address[]
  /** Event that a pass writes for a node that stays uninitialised. */
  readonly event?: { readonly reason: string; readonly message: RegExp }
}

const internal = (address: string): Address => ['InternalIP', address]
const external = (address: string): Address => ['ExternalIP', address]
const many = Array.from({ length: 40 }, (_, index) => `203.0.113.${index + 1}`)

const CASES: readonly Case[] = [
  {
    name: 'private-only',
    servers: [{ networkType: 'PRIVATE_ONLY', privateIpAddresses: ['10.1.0.1'], publicIpAddresses: [] }],
    server: 0,
    addresses: [internal('10.1.0.1')],
  },
  {
    name: 'private-only-null',
    servers: [{ privateIpAddresses: ['10.1.0.2'], publicIpAddresses: null }],
    server: 0,
    addresses: [internal('10.1.0.2')],
  },
  {
    name: 'public-only',
    servers: [{ networkType: 'PUBLIC_ONLY', privateIpAddresses: [], publicIpAddresses: ['203.0.113.1'] }],
    server: 0,
    addresses: [external('203.0.113.1')],
  },
  {
    name: 'dual-stack',
    servers: [
      { privateIpAddresses: ['10.1.0.3', 'fd00::3'], publicIpAddresses: ['203.0.113.3', '2001:DB8:0::3'] },
    ],
    server: 0,
    addresses: [internal('10.1.0.3'), internal('fd00::3'), external('203.0.113.3'), external('2001:db8::3')],
  },
  {
    name: 'many-addresses',
    servers: [{ privateIpAddresses: ['10.1.0.4'], publicIpAddresses: many }],
    server: 0,
    addresses: [internal('10.1.0.4'), ...many.map(external)],
  },
  {
    name: 'address-range',
    servers: [
      { privateIpAddresses: ['10.1.0.10 - 10.1.0.12'], publicIpAddresses: ['203.0.113.8 - 203.0.113.9'] },
    ],
    server: 0,
    addresses: [
      internal('10.1.0.10'),
      internal('10.1.0.11'),
      internal('10.1.0.12'),
      external('203.0.113.8'),
      external('203.0.113.9'),
    ],
  },
  {
    name: 'other-case',
    servers: [{ hostname: 'OTHER-Case', privateIpAddresses: ['10.1.0.5'], publicIpAddresses: [] }],
    server: 0,
    addresses: [internal('10.1.0.5')],
  },
  {
    name: 'twins-untold',
    servers: [{}, {}],
    event: { reason: 'InstanceAmbiguous', message: /all have the hostname twins-untold/ },
  },
  {
    name: 'twins-told',
    servers: [
      { privateIpAddresses: ['10.1.0.6'], publicIpAddresses: [] },
      { privateIpAddresses: ['10.1.0.7'], publicIpAddresses: [] },
    ],
    kubelet: { nodeIP: '10.1.0.7' },
    server: 1,
    addresses: [internal('10.1.0.7')],
  },
  {
    name: 'twin-deleting',
    servers: [{ status: 'deleting' }, { privateIpAddresses: ['10.1.0.8'], publicIpAddresses: [] }],
    server: 1,
    addresses: [internal('10.1.0.8')],
  },
  {
    name: 'unknown-server',
    servers: [],
    event: { reason: 'InstanceNotFound', message: /hostname unknown-server/ },
  },
  {
    name: 'other-cloud',
    servers: [{}],
    kubelet: { providerID: 'aws:///eu-1a/i-0abc' },
  },
  {
    name: 'node-ip-matching',
    servers: [{ privateIpAddresses: ['10.1.0.20', '10.1.0.21'], publicIpAddresses: ['203.0.113.20'] }],
    kubelet: { nodeIP: '10.1.0.21' },
    server: 0,
    addresses: [internal('10.1.0.21'), external('203.0.113.20')],
  },
  {
    name: 'node-ip-dual',
    servers: [{ privateIpAddresses: ['10.1.0.22', 'fd00::22', 'fd00::23'], publicIpAddresses: [] }],
    kubelet: { nodeIP: '10.1.0.22,fd00::23' },
    server: 0,
    addresses: [internal('10.1.0.22'), internal('fd00::23')],
  },
  {
    name: 'node-ip-mismatch',
    servers: [{ privateIpAddresses: ['10.1.0.24'], publicIpAddresses: ['203.0.113.24'] }],
    kubelet: { nodeIP: '10.9.9.9' },
    event: { reason: 'NodeIPMismatch', message: /10\.9\.9\.9.*10\.1\.0\.24, 203\.0\.113\.24/ },
  },
]

const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

t.setTimeout(300_000)

/** Through the webhook, and through a pass for nodes that no webhook saw: both ways must agree. */
forEachCluster(t, 'servers of every kind', {}, async (t, cluster) => {
  const served = await startServed(t, cluster)
  const world = await createWorld(t, cluster, { bmc: served.bmc, user: CONTROLLER })
  const admin = await cluster.kube()
  const { backend } = served.bmc
  const seeded = CASES.map(({ name, servers }) =>
    servers.map(seed => backend.addServer({ hostname: name, ...seed }).id),
  )
  const preset = backend.addServer({ hostname: 'another-name', privateIpAddresses: ['10.1.0.30'] }).id
  await world.resync()

  const join = async (node: string, options: FakeKubeletOptions = {}): Promise<unknown> =>
    fakeKubelet(await cluster.kube(`system:node:${node}`), node, options)

  async function check(
    t: Test,
    { name, server, addresses, event, kubelet }: Case,
    ids: readonly string[],
  ): Promise<void> {
    const stored = await findNode(admin, name)
    const isTainted = stored?.spec?.taints?.some(({ key }) => key === UNINITIALIZED_TAINT)
    t.equal(isTainted, server === undefined, server === undefined ? 'stays tainted' : 'is initialised')
    t.equal(
      stored?.spec?.providerID,
      server === undefined ? kubelet?.providerID : `phoenixnap://${ids[server]}`,
    )
    if (addresses) {
      const expected = [...addresses, ['Hostname', name] as const].map(([type, address]) => ({
        type,
        address,
      }))
      t.same(stored?.status?.addresses, expected)
    }
    await world.resync()
    await world.resync()
    const written = (await events(admin, name)).filter(({ reason }) => reason !== 'Synced')
    if (event) t.match(written, [event])
    t.equal(written.length, event ? 1 : 0, 'one event where the user has something to do, none otherwise')
  }

  for (const [index, one] of CASES.entries()) {
    t.test(`admission: ${one.name}`, async t => {
      await join(one.name, one.kubelet)
      await check(t, one, seeded[index] ?? [])
    })
  }

  for (const form of [`phoenixnap://${preset}`, preset, `bmc://servers/${preset}`]) {
    t.test(`admission: provider ID preset by the kubelet as ${form}`, async t => {
      t.teardown(() => admin.request({ method: 'DELETE', path: '/api/v1/nodes/preset' }))
      await join('preset', { providerID: form })
      const stored = await findNode(admin, 'preset')
      t.equal(stored?.spec?.providerID, form, 'is kept')
      t.match(stored?.status?.addresses, [{ type: 'InternalIP', address: '10.1.0.30' }])
      t.notOk(stored?.spec?.taints?.some(({ key }) => key === UNINITIALIZED_TAINT))
    })
  }

  t.test('without the webhook', async t => {
    await admin.request({ method: 'DELETE', path: '/api/v1/nodes' })
    await admin.request({ method: 'DELETE', path: '/api/v1/namespaces/default/events' })
    await admin.request({ method: 'DELETE', path: `${WEBHOOKS}/cloud-provider-phoenixnap` })
    for (const [index, one] of CASES.entries()) {
      t.test(`resync: ${one.name}`, async t => {
        await join(one.name, one.kubelet)
        await world.resync()
        await check(t, one, seeded[index] ?? [])
      })
    }
  })
})
