import t from 'tap'
import { runCli } from '../../functions/cli.ts'
import { systemClock } from '../../shared/clock.ts'
import { CcmError } from '../../shared/errors.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { applyObject } from '../../shared/register/apply.ts'
import { readRbac } from '../../shared/register/manifests.ts'
import { startTestCluster } from '../support/cluster.ts'
import { CONTROLLER } from '../support/users.ts'
import { readEverything } from './_everything.ts'
import { startLoadBalancers } from './_load-balancers.ts'
import { confirm, expectOut, fill, leaveBefore, unregister } from './_unregister.ts'

t.setTimeout(200_000)

t.test('unregister in trouble', async t => {
  const cluster = await startTestCluster(t, { kind: 'simulator' })
  const OPTIONS = { blocks: ['/28'], before: leaveBefore } as const

  t.test('with --release nothing is begun while BMC is away', async t => {
    const lb = await startLoadBalancers(t, cluster, OPTIONS)
    await fill(lb)
    const before = await readEverything(cluster)
    lb.bmc.faults.add({ operation: /ip-blocks/, status: 503 })
    await t.rejects(confirm(lb, { release: true }), { code: /^BMC_/ })
    t.strictSame(await readEverything(cluster), before)
    const plan = await unregister(lb)
    t.equal(plan.code, 2)
    t.match(plan.text, /could not be looked up in BMC: BMC_/)
    t.match(plan.text, /^ *= IP block .* stays with the account/m, 'those that the inventory names')
    lb.bmc.faults.clear()
    t.equal((await confirm(lb, { cloud: false })).code, 0, 'without credentials, too')
    await expectOut(t, lb)
  })

  t.test('what fails for a moment is done in the next round', async t => {
    const lb = await startLoadBalancers(t, cluster, OPTIONS)
    await fill(lb)
    let writes = 0
    const flaky: Kube = {
      ...lb.admin,
      async request(call) {
        const isWrite = call.method !== undefined && call.method !== 'GET'
        if (isWrite && ++writes % 3 === 0)
          throw new CcmError(writes % 2 === 0 ? 'KUBE_CONFLICT' : 'KUBE_SERVER_ERROR', 'not now')
        return lb.admin.request(call)
      },
    }
    const { code, report } = await confirm(lb, { kube: flaky })
    t.equal(code, 0, JSON.stringify(report.failures))
    await expectOut(t, lb)
  })

  t.test('a host with rights of its own is noticed, and no block is given back', async t => {
    const lb = await startLoadBalancers(t, cluster, OPTIONS)
    await fill(lb)
    const blocks = lb.blocks()
    const [, role] = await readRbac(CONTROLLER)
    const stubborn: Kube = {
      ...lb.admin,
      async request(call) {
        const answer = await lb.admin.request<never>(call)
        if (call.method === 'DELETE' && call.path.includes('/clusterroles/') && role)
          await applyObject(lb.admin, role, false)
        return answer
      },
    }
    const { code, report } = await confirm(lb, { kube: stubborn, release: true })
    t.equal(code, 1)
    t.match(report.failures, [{ name: /^ClusterRole /, code: 'CCM_HOST_AT_WORK' }])
    t.strictSame(lb.blocks(), blocks)
    t.equal((await confirm(lb, { release: true })).code, 0)
    t.strictSame(lb.blocks(), [])
  })

  t.test('a host that comes back before blocks are given back keeps them', async t => {
    const lb = await startLoadBalancers(t, cluster, OPTIONS)
    await fill(lb)
    const [blocks, [, role]] = [lb.blocks(), await readRbac(CONTROLLER)]
    let idleLooks = 0
    const late: Kube = {
      ...lb.admin,
      async request(call) {
        const isRoleList = call.path.endsWith('/clusterroles')
        const answer = await lb.admin.request<never>(call)
        const { items = [] } = answer.body as { items?: readonly { metadata: { name: string } }[] }
        const isGone =
          isRoleList && !items.some(({ metadata }) => metadata.name === 'cloud-provider-phoenixnap')
        // The first such look still finds addresses in the status of Services.
        if (isGone && ++idleLooks === 2 && role) await applyObject(lb.admin, role, false)
        return answer
      },
    }
    const { code, report } = await confirm(lb, { kube: late, release: true })
    t.equal(code, 1)
    t.match(report.failures, [{ name: 'IPBlocks (cluster)', code: 'CCM_HOST_AT_WORK' }])
    t.ok(report.changes.length > 10, 'what was done is told')
    t.strictSame(lb.blocks(), blocks)
    t.equal((await confirm(lb, { release: true })).code, 0)
  })

  t.test('as a command', async t => {
    const lb = await startLoadBalancers(t, cluster, OPTIONS)
    async function run(...argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
      let [out, err] = ['', '']
      const code = await runCli(['unregister', ...argv], {
        out: text => void (out += text),
        err: text => void (err += text),
        env: { KUBECONFIG: await cluster.kubeconfigFile() },
        readFile: async () => '',
        clock: systemClock,
        stop: new AbortController().signal,
      })
      return { code, out, err }
    }
    const wrong = await run('--release', '--output', 'xml', '--timeout', 'soon')
    t.equal(wrong.code, 2)
    t.match(wrong.err, /--output: expected one of text, json/)
    t.match(wrong.err, /--timeout: /)
    t.match(wrong.err, /PNAP_CLIENT_ID/)
    t.match(await run(), { code: 2, out: /no BMC credentials were given/ })
    t.match(await run('--confirm'), { code: 0, out: /^done in cluster /m })
    await expectOut(t, lb)
    t.match(await run('--output', 'json'), { code: 0, out: /"state": "clean"/ })
  })
})
