import t from 'tap'
import { CLEANUP_FINALIZER, FINALIZER } from '../../shared/kubernetes/names.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import { runCommand } from '../doctor/_doctor.ts'
import { GO_PROGRAM, OUR_PROGRAM, startProgram } from '../doctor/_programs.ts'
import { forEachCluster } from '../support/cluster.ts'
import { announcedFor, assignedTo, nameOf, pathOf, tagOf } from '../support/services.ts'
import { changedBetween, readEverything } from './_everything.ts'
import { askGoProgram, leaveSecret } from './_go-program.ts'
import { type LoadBalancers, startLoadBalancers } from './_load-balancers.ts'
import { watchServices } from './_stored.ts'
import { soon } from './_stories.ts'
import { leaveBlock, leaveService, upstreamAddress, writeStatus } from './_upstream.ts'

t.setTimeout(200_000)
const NAMES = ['web', 'api', 'team-a/web'] as const
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/cloud-provider-phoenixnap-resync'
const SECRET = 'sim-secret'

/** Services as the Go program and kube-vip serve them. @returns their blocks, by name */
async function leaveServed(lb: LoadBalancers): Promise<Record<string, IpBlock>> {
  const blocks: Record<string, IpBlock> = {}
  for (const name of NAMES) {
    const block = leaveBlock(lb, name)
    await leaveService(lb, name, { address: upstreamAddress(block) })
    blocks[name] = block
  }
  return blocks
}

async function leaveNode(lb: LoadBalancers, name: string): Promise<void> {
  const { id } = lb.backend.addServer({ hostname: name })
  const body = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: { providerID: `phoenixnap://${id}` },
  }
  await lb.admin.request({ method: 'POST', path: '/api/v1/nodes', body })
}

/** What of a Service clients and announcers read an address from. */
const toAddresses = (service: KubeService | undefined) => ({
  pinned: service?.spec?.loadBalancerIP,
  announced: announcedFor(service),
  status: service?.status,
})

interface Migrated {
  readonly code: number
  readonly out: string
  readonly report: {
    inTheWay: string[]
    items: { kind: string; name: string; outcome: string; why: string }[]
  }
}

async function migrate(lb: LoadBalancers, ...flags: string[]): Promise<Migrated> {
  const env = { KUBECONFIG: await lb.cluster.kubeconfigFile() }
  const { code, out, err } = await runCommand(['migrate', '--output', 'json', ...flags], env)
  if (out === '') throw new Error(err)
  if (out.includes(SECRET)) throw new Error('a secret is told')
  return { code, out, report: JSON.parse(out) as Migrated['report'] }
}

const outcomes = ({ report }: Migrated, kind: string): string[] =>
  report.items.filter(item => item.kind === kind).map(({ name, outcome }) => `${name} ${outcome}`)

const leaveSettings = (lb: LoadBalancers): Promise<() => Promise<void>> =>
  leaveSecret(lb.admin, {
    clientID: 'sim-client',
    clientSecret: SECRET,
    'base-url': lb.bmc.url,
    location: 'PHX',
    loadbalancer: `kube-vip://${lb.networkId}`,
  })

forEachCluster(t, 'the way from the Go program', {}, async (t, cluster) => {
  let blocks: Record<string, IpBlock> = {}
  let before = new Map<string, KubeService | undefined>()
  let seen: readonly KubeService[] = []
  let removeSecret: (() => Promise<void>) | undefined

  const plan = async (lb: LoadBalancers): Promise<void> => {
    await leaveNode(lb, 'worker-1')
    blocks = await leaveServed(lb)
    removeSecret = await leaveSettings(lb)
    await lb.admin.request({ method: 'DELETE', path: LEASE }).catch(() => undefined)
    const stop = await startProgram(cluster, lb.admin, GO_PROGRAM)

    await t.test('is in the way while that program runs', async t => {
      const { code, report } = await migrate(lb)
      t.equal(code, 1)
      t.match(report.inTheWay, [/^the Go program still runs: (Pod|Deployment) kube-system\/phoenixnap-ccm$/])
      t.equal(report.inTheWay.length, 1)
    })

    await stop()
    const everything = await readEverything(cluster)
    const there = lb.backend.ipBlocks()
    await t.test('is told without a change', async t => {
      const migrated = await migrate(lb)
      t.equal(migrated.code, 0, migrated.out)
      t.strictSame(outcomes(migrated, 'Secret'), [
        'kube-system/pnap-cloud-config can be read as it is (--cloud-config)',
      ])
      t.strictSame(outcomes(migrated, 'Node'), ['worker-1 is taken over'])
      const kept = NAMES.map(
        name =>
          `${name.includes('/') ? name : `default/${name}`} keeps ${upstreamAddress(blocks[name] as IpBlock)}`,
      )
      t.strictSame(outcomes(migrated, 'Service').sort(), kept.sort())
      t.strictSame(changedBetween(everything, await readEverything(cluster)), [])
      t.strictSame(lb.backend.ipBlocks(), there)
    })

    await t.test('is in the way where its block has gone', async t => {
      await leaveService(lb, 'lost', { address: '198.51.100.7' })
      const { code, report } = await migrate(lb)
      t.equal(code, 1)
      t.match(report.inTheWay, [/^Service default\/lost: .*198\.51\.100\.7/])
      const body = { metadata: { finalizers: null } }
      await lb.admin.request({ method: 'PATCH', path: pathOf('lost'), patch: 'merge', body })
      await lb.admin.request({ method: 'DELETE', path: pathOf('lost') })
    })

    before = new Map(await Promise.all(NAMES.map(async name => [name, await lb.service(name)] as const)))
    seen = await watchServices(t, cluster)
  }

  const lb = await startLoadBalancers(t, cluster, { before: plan })
  await t.test('is gone without a write to any address', async t => {
    await lb.settle()
    for (const name of NAMES) {
      const service = await lb.service(name)
      const block = blocks[name] as IpBlock
      t.ok(service?.metadata.finalizers?.includes(FINALIZER), `${name} is held by us`)
      t.ok(service?.metadata.finalizers?.includes(CLEANUP_FINALIZER), 'and bears the finalizer that it had')
      t.strictSame(assignedTo(service), [upstreamAddress(block)])
      t.strictSame(lb.backend.ipBlock(block.id), block, 'its block is as it was, tags included')
      const last = service?.metadata.resourceVersion
      await soon(`the watch has told of ${name}`, () =>
        seen.some(({ metadata }) => metadata.resourceVersion === last),
      )
      const versions = seen.filter(one => nameOf(one) === name)
      t.ok(versions.length > 0 && versions.length <= 2, `${name}: ${versions.length} versions were stored`)
      for (const version of versions) t.strictSame(toAddresses(version), toAddresses(before.get(name)))
    }
    t.equal(lb.purchases(), 0)
    const { body } = await lb.admin.request<{ spec: object }>({ path: '/api/v1/nodes/worker-1' })
    t.match(body.spec, { providerID: /^phoenixnap:\/\// })
  })
  await removeSecret?.()
  await lb.admin.request({ method: 'DELETE', path: '/api/v1/nodes/worker-1' })
})

forEachCluster(t, 'the way back', {}, async (t, cluster) => {
  let blocks: Record<string, IpBlock> = {}
  const before = async (lb: LoadBalancers): Promise<void> => void (blocks = await leaveServed(lb))
  const environment = { PNAP_NAMESPACE_MAX_DEDICATED: '10' }
  const lb = await startLoadBalancers(t, cluster, { before, blocks: ['/29'], environment })
  const removeSecret = await leaveSettings(lb)
  await lb.create('guest')
  await lb.create('own', { annotations: { 'phoenixnap.com/ip-allocation': 'dedicated' } })
  await lb.settle()
  const kept = [...NAMES, 'own']
  const addresses = new Map(
    await Promise.all(
      [...kept, 'guest'].map(async name => [name, assignedTo(await lb.service(name))[0] ?? ''] as const),
    ),
  )
  for (const name of ['own', 'guest']) await writeStatus(lb, name, addresses.get(name) ?? '')
  const announced = new Map(
    await Promise.all(kept.map(async name => [name, toAddresses(await lb.service(name))] as const)),
  )
  const guestBlock = lb.blocks().find(block => tagOf(block, 'serviceName') === undefined)

  await t.test('is in the way while a host of ours is at work', async t => {
    const { code, report } = await migrate(lb, '--back', '--accept-new-addresses', '--confirm')
    t.equal(code, 1)
    t.match(report.inTheWay, [/^a host of this program made a pass /])
    t.ok((await lb.service('guest'))?.metadata.finalizers?.includes(FINALIZER))
  })

  const renewTime = new Date(Date.now() - 3_600_000).toISOString().replace('Z', '000Z')
  await lb.admin.request({ method: 'PATCH', path: LEASE, patch: 'merge', body: { spec: { renewTime } } })

  await t.test('is in the way while a host of ours runs, however old its last pass is', async t => {
    const stop = await startProgram(cluster, lb.admin, OUR_PROGRAM)
    const { code, report } = await migrate(lb, '--back', '--accept-new-addresses', '--confirm')
    t.equal(code, 1)
    t.match(report.inTheWay, [
      /^a host of this program runs: (Pod|Deployment) kube-system\/our-handlers: end it/,
    ])
    t.equal(report.inTheWay.length, 1)
    t.ok((await lb.service('guest'))?.metadata.finalizers?.includes(FINALIZER))
    await stop()
  })

  await t.test('is refused where Services share a block, and lists them', async t => {
    const everything = await readEverything(cluster)
    const there = lb.backend.ipBlocks()
    for (const flags of [[], ['--confirm']]) {
      const { code, report } = await migrate(lb, '--back', ...flags)
      t.equal(code, 1)
      t.match(report.inTheWay, [/^Service default\/guest gets a new address .*--accept-new-addresses/])
      t.equal(report.inTheWay.length, 1)
    }
    t.strictSame(changedBetween(everything, await readEverything(cluster)), [], 'nothing was changed')
    const plan = await migrate(lb, '--back', '--accept-new-addresses')
    t.equal(plan.code, 0)
    t.match(outcomes(plan, 'Service').sort(), [
      /^default\/api keeps /,
      /^default\/guest loses /,
      /^default\/own keeps /,
      /^default\/web keeps /,
      /^team-a\/web keeps /,
    ])
    t.strictSame(changedBetween(everything, await readEverything(cluster)), [], 'nor by a plan')
    t.strictSame(lb.backend.ipBlocks(), there)
  })

  await t.test('hands adopted and dedicated Services over with their addresses', async t => {
    const there = lb.backend.ipBlocks()
    const { code, out } = await migrate(lb, '--back', '--accept-new-addresses', '--confirm')
    t.equal(code, 0, out)
    t.strictSame(lb.backend.ipBlocks(), there, 'no block is touched while Services have addresses in it')
    for (const name of kept) {
      const service = (await lb.service(name)) as KubeService
      t.strictSame(askGoProgram(lb, service), { does: 'keep', address: addresses.get(name) }, name)
      t.strictSame(service.metadata.finalizers, [CLEANUP_FINALIZER])
      const { announced: now, status } = toAddresses(service)
      t.strictSame(
        { now, status },
        { now: announced.get(name)?.announced, status: announced.get(name)?.status },
      )
      t.strictSame(assignedTo(service), [], 'our marks are gone')
    }
    const guest = (await lb.service('guest')) as KubeService
    t.strictSame(askGoProgram(lb, guest), { does: 'buy' })
    t.strictSame(announcedFor(guest), [], 'nothing keeps kube-vip at the old address')
    t.strictSame(guest.metadata.finalizers ?? [], [])
  })

  await t.test('unregister leaves nothing of ours, and the addresses', async t => {
    await lb.admin.request({ method: 'DELETE', path: pathOf('team-a/web') })
    const env = { KUBECONFIG: await cluster.kubeconfigFile() }
    const { code, out, err } = await runCommand(['unregister', '--confirm'], env)
    t.equal(code, 0, out + err)
    t.match(out, /^- Service team-a\/web is being deleted and waits for the Go program/m)
    t.strictSame((await lb.service('team-a/web'))?.metadata.finalizers, [CLEANUP_FINALIZER])
    for (const name of kept.filter(name => name !== 'team-a/web')) {
      const service = (await lb.service(name)) as KubeService
      t.strictSame(askGoProgram(lb, service), { does: 'keep', address: addresses.get(name) }, name)
    }
    t.strictSame(await lb.claims(), [])
  })

  await t.test('run again, it marks the blocks that nobody uses any more', async t => {
    const bought = leaveBlock(lb, 'guest')
    const spec = { spec: { loadBalancerIP: upstreamAddress(bought) } }
    await lb.admin.request({ method: 'PATCH', path: pathOf('guest'), patch: 'merge', body: spec })
    await writeStatus(lb, 'guest', upstreamAddress(bought))
    const { code, out } = await migrate(lb, '--back', '--confirm')
    t.equal(code, 0, out)
    const marked = lb.blocks().filter(block => tagOf(block, 'delete') === 'true')
    t.strictSame(
      marked.map(({ id, status }) => `${id} ${status}`),
      [`${guestBlock?.id} assigned`],
    )
    t.ok(Object.values(blocks).every(({ id }) => lb.blocks().some(block => block.id === id)))
    t.strictSame(
      (await migrate(lb, '--back', '--confirm')).report.items,
      [],
      'and then there is nothing left to do',
    )
  })
  await removeSecret()
})

forEachCluster(t, 'a Secret that cannot be read', {}, async (t, cluster) => {
  const remove = await leaveSecret(await cluster.kube(), { clientID: 'id', loadbalancer: SECRET })
  const { code, out, err } = await runCommand(['migrate'], { KUBECONFIG: await cluster.kubeconfigFile() })
  t.equal(code, 2)
  t.equal(out, '')
  t.match(
    err,
    /the BMC credentials are not set.*Secret kube-system\/pnap-cloud-config.*PNAP_CLIENT_SECRET is missing/,
  )
  t.notMatch(err, SECRET)
  await remove()
})

t.test('flags that need --back say so', async t => {
  const { code, err } = await runCommand(['migrate', '--confirm', '--output', 'xml'], {})
  t.equal(code, 2)
  t.match(err, /--confirm needs --back/)
  t.match(err, /--output: expected one of text, json/)
})
