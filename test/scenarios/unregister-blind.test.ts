import t, { type Test } from 'tap'
import { CcmError, type ErrorCode } from '../../shared/errors.ts'
import type { Kube, KubeRequest } from '../../shared/kubernetes/client.ts'
import { startTestCluster } from '../support/cluster.ts'
import { readEverything } from './_everything.ts'
import { startLoadBalancers } from './_load-balancers.ts'
import { confirm, expectOut, fill, leaveBefore, unregister } from './_unregister.ts'

t.setTimeout(200_000)

const LISTS: readonly (readonly [name: string, path: RegExp])[] = [
  ['Services', /\/api\/v1\/services$/],
  ['IPAddresses', /\/ipaddresses$/],
  ['Inventory', /\/configmaps\/cloud-provider-phoenixnap$/],
  ['Nodes', /\/api\/v1\/nodes$/],
  ['ClusterRoleBindings', /\/clusterrolebindings$/],
]

/** Fails reads of one path as long as `isDue`, which is told how often it was read before, and whether we wrote. */
function toBlind(
  kube: Kube,
  path: RegExp,
  code: ErrorCode,
  isDue: (reads: number, hasWritten: boolean) => boolean,
): Kube {
  let [reads, hasWritten] = [0, false]
  return {
    ...kube,
    async request(call: KubeRequest) {
      const isRead = call.method === undefined || call.method === 'GET'
      hasWritten ||= !isRead
      if (isRead && path.test(call.path) && isDue(reads++, hasWritten))
        throw new CcmError(code, `GET ${call.path}: not now`)
      return kube.request(call)
    },
  }
}

t.test('unregister that cannot see', async t => {
  const cluster = await startTestCluster(t, { kind: 'simulator' })
  const start = async (t: Test) => {
    const lb = await startLoadBalancers(t, cluster, { blocks: ['/28'], before: leaveBefore })
    await fill(lb)
    return lb
  }

  t.test('writes nothing before it has seen everything', async t => {
    const lb = await start(t)
    const before = await readEverything(cluster)
    for (const [name, path] of LISTS) {
      for (const code of ['KUBE_FORBIDDEN', 'KUBE_SERVER_ERROR', 'KUBE_TIMEOUT'] as const) {
        const kube = toBlind(lb.admin, path, code, () => true)
        const plan = await unregister(lb, { kube, release: true })
        t.equal(plan.code, 1, `${name} ${code}`)
        t.match(plan.text, new RegExp(`^Could not be read\\n *! ${name}: ${code}: `, 'm'))
        t.notMatch(plan.text, /would|nothing of ours/)
        const { code: exit, report } = await confirm(lb, { kube, release: true })
        t.equal(exit, 1)
        t.match(report, { state: 'unknown', changes: [], failures: [{ name, code, unread: true }] })
        t.strictSame(await readEverything(cluster), before, `${name} ${code}: nothing is written`)
      }
    }
    t.ok(lb.blocks().length > 0)
  })

  t.test('asks again where it may pass', async t => {
    for (const [, path] of LISTS) {
      const lb = await start(t)
      const kube = toBlind(lb.admin, path, 'KUBE_SERVER_ERROR', reads => reads === 0)
      t.equal((await confirm(lb, { kube })).code, 0)
      await expectOut(t, lb)
    }
  })

  t.test('stops where it loses sight, and says so', async t => {
    for (const code of ['KUBE_SERVER_ERROR', 'KUBE_UNREACHABLE', 'KUBE_FORBIDDEN'] as const) {
      const lb = await start(t)
      const blocks = lb.blocks()
      const kube = toBlind(lb.admin, /\/api\/v1\/services$/, code, (_, hasWritten) => hasWritten)
      const { code: exit, report } = await confirm(lb, { kube, release: true })
      t.equal(exit, 1)
      t.match(report, { state: 'unknown', failures: [{ name: 'Services', code, unread: true }] })
      t.ok(report.changes.length > 10, 'what was done is told')
      t.strictSame(lb.blocks(), blocks, 'no block is given back')
      t.equal((await confirm(lb, { release: true })).code, 0)
      await expectOut(t, lb)
    }
  })

  t.test('an administrator of what is installed needs no rights on what is not', async t => {
    const lb = await start(t)
    const kube = toBlind(
      lb.admin,
      /\/(ciliumloadbalancerippools|servicegroups)$/,
      'KUBE_FORBIDDEN',
      () => true,
    )
    const { code, report } = await confirm(lb, { kube })
    t.equal(code, 0, JSON.stringify(report.failures))
    await expectOut(t, lb)
  })
})
