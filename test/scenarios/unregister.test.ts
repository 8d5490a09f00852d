import t from 'tap'
import { CcmError } from '../../shared/errors.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { forEachCluster } from '../support/cluster.ts'
import { announcedFor, ingressOf, isIgnored } from '../support/services.ts'
import { readEverything } from './_everything.ts'
import { type LoadBalancers, startLoadBalancers } from './_load-balancers.ts'
import {
  confirm,
  expectDeletable,
  expectOut,
  fill,
  KEPT_FINALIZER,
  leaveBefore,
  NODE,
  readAddresses,
  unregister,
} from './_unregister.ts'

t.setTimeout(300_000)

const OPTIONS = { blocks: ['/28'], before: leaveBefore } as const
const ALIVE = ['adopted', 'web', 'team-a/api', 'alone', 'pinned']

const node = async (lb: LoadBalancers): Promise<KubeNode> =>
  (await lb.admin.request<KubeNode>({ path: `/api/v1/nodes/${NODE}` })).body

forEachCluster(t, 'the way out of a full cluster', {}, async (t, cluster) => {
  t.test('a plan changes nothing, then everything goes and addresses stay', async t => {
    const lb = await startLoadBalancers(t, cluster, OPTIONS)
    await fill(lb)
    const [before, addresses, blocks] = [await readEverything(cluster), await readAddresses(lb), lb.blocks()]
    const plan = await unregister(lb)
    t.equal(plan.code, 2, plan.text)
    t.strictSame(await readEverything(cluster), before, 'a plan writes nothing')
    for (const line of [
      /^MutatingWebhookConfiguration\n {2}- cloud-provider-phoenixnap {2}delete: /m,
      /^ {2}~ default\/web {2}let go of: it keeps /m,
      /^ {2}~ default\/pinned {2}change: it waits /m,
      /^ {2}- default\/going {2}release: it is being deleted$/m,
      /^ {2}~ node-off {2}change: /m,
      /stays with the Service team-a\/api$/m,
      /^ {2}= IP block .* stays with the account, and on its bill$/m,
      /^Nothing was changed: --confirm does it\.$/m,
    ])
      t.match(plan.text, line)

    const { code, report } = await confirm(lb)
    t.equal(code, 0, JSON.stringify(report.failures))
    t.equal(report.state, 'clean')
    await expectOut(t, lb)
    t.strictSame(await readAddresses(lb), addresses, 'addresses are untouched')
    t.strictSame(lb.blocks(), blocks, 'and so are blocks')
    t.equal(report.blocks.length, blocks.length)
    t.equal(await lb.service('going'), undefined, 'what was being deleted is gone')
    t.strictSame((await lb.service('held'))?.metadata.finalizers, [KEPT_FINALIZER])
    t.notOk(isIgnored(await lb.service('pinned')), 'who waited may be served by others')
    const { metadata, spec } = await node(lb)
    t.strictSame(
      spec?.taints?.map(({ key }) => key).filter(key => !key.startsWith('node.kubernetes.io/')),
      ['example.com/mine'],
    )
    t.strictSame(metadata.annotations?.['phoenixnap.com/initialized'], 'resync')
    t.notOk(metadata.annotations?.['phoenixnap.com/missing-since'])
    t.strictSame((await lb.service('somebodys'))?.metadata.finalizers, [
      'service.kubernetes.io/load-balancer-cleanup',
    ])

    const again = await unregister(lb)
    t.equal(again.code, 0, again.text)
    t.match(again.text, /^nothing of ours is in cluster /m)
    await t.rejects(lb.world.resync(), { code: 'KUBE_FORBIDDEN' }, 'a host that still runs has no rights')
    await expectOut(t, lb)
    await expectDeletable(t, lb, ALIVE)
  })

  t.test('killed after each write, it goes on', async t => {
    const lb = await startLoadBalancers(t, cluster, OPTIONS)
    await fill(lb)
    const addresses = await readAddresses(lb)
    let lives = 0
    for (let done = false; !done && lives < 100; lives++) {
      const mortal = toMortal(lb.admin, lives % 2 === 0)
      done = await confirm(lb, { kube: mortal }).then(
        ({ code }) => code === 0,
        () => false,
      )
      t.strictSame(await readAddresses(lb), addresses)
    }
    t.ok(lives > 5 && lives < 100, `${lives} lives`)
    await expectOut(t, lb)
    await expectDeletable(t, lb, ALIVE)
  })

  t.test('one object that fails stops no other, and is named', async t => {
    const lb = await startLoadBalancers(t, cluster, OPTIONS)
    await fill(lb)
    const refuse = (path: string): Kube => ({
      ...lb.admin,
      async request(call) {
        if (call.method !== undefined && call.method !== 'GET' && call.path.endsWith(path))
          throw new CcmError('KUBE_FORBIDDEN', `${path}: not for you`)
        return lb.admin.request(call)
      },
    })
    const { code, report } = await confirm(lb, { kube: refuse('/services/web') })
    t.equal(code, 1)
    t.match(report, { state: 'left', failures: [{ name: 'Service default/web', code: 'KUBE_FORBIDDEN' }] })
    t.equal(report.failures.length, 1)
    t.strictSame(await lb.claims(), [])
    t.equal((await confirm(lb)).code, 0)

    await lb.pass().catch(() => undefined)
    await expectOut(t, lb)
    await expectDeletable(t, lb, ALIVE)
  })

  t.test('while a host has rights, nothing else is begun', async t => {
    const lb = await startLoadBalancers(t, cluster, OPTIONS)
    await fill(lb)
    const claims = await lb.claims()
    const kube: Kube = {
      ...lb.admin,
      async request(call) {
        if (call.method === 'DELETE' && call.path.includes('/clusterrolebindings/'))
          throw new CcmError('KUBE_FORBIDDEN', 'not for you')
        return lb.admin.request(call)
      },
    }
    const { code, report } = await confirm(lb, { kube })
    t.equal(code, 1)
    t.strictSame(await lb.claims(), claims)
    t.match(
      report.failures.find(({ name }) => name === 'Service default/web'),
      { code: 'CCM_DEADLINE', message: /not begun while ClusterRoleBinding/ },
    )
    t.equal((await confirm(lb)).code, 0)
    await expectDeletable(t, lb, ALIVE)
  })

  t.test('--release takes the addresses and gives the blocks back', async t => {
    const lb = await startLoadBalancers(t, cluster, OPTIONS)
    await fill(lb)
    t.equal((await confirm(lb)).code, 0, 'also after it was done without')
    const count = lb.blocks().length
    const plan = await unregister(lb, { release: true })
    t.equal(plan.code, 2)
    t.equal(
      /^IPBlock\n((?: {2}- .* release: .*\n)+)/m.exec(plan.text)?.[1]?.trimEnd().split('\n').length,
      count,
    )
    t.match(plan.text, /^ {2}- default\/web {2}release: /m)
    const { code, report } = await confirm(lb, { release: true })
    t.equal(code, 0, JSON.stringify(report.failures))
    await expectOut(t, lb)
    t.strictSame(lb.blocks(), [], 'every block is given back')
    t.strictSame(report.blocks, [])
    for (const name of ['adopted', 'web', 'team-a/api', 'alone']) {
      const service = await lb.service(name)
      t.strictSame(ingressOf(service), [], name)
      t.strictSame(service && announcedFor(service), [], name)
      t.notOk(service?.spec?.loadBalancerIP, name)
      t.notOk(service?.metadata.annotations?.['phoenixnap.com/assigned-ips'])
    }
    t.equal((await lb.service('pinned'))?.spec?.loadBalancerIP, '198.51.100.99', 'a wish that was never met')
    t.strictSame(ingressOf(await lb.service('somebodys')), ['192.0.2.11'])
    t.equal((await unregister(lb, { release: true })).code, 0)
    await expectDeletable(t, lb, ALIVE)
  })
})

/** Dies at its first write: before it, or after it and without hearing of it. Nothing is written after that. */
function toMortal(kube: Kube, after: boolean): Kube {
  let writes = 0
  return {
    ...kube,
    async request(call) {
      if (call.method === undefined || call.method === 'GET') return kube.request(call)
      writes++
      if (writes > 1 || !after) throw new Error('killed')
      await kube.request(call)
      throw new Error('killed')
    },
  }
}
