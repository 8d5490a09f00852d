import t from 'tap'
import { CcmError } from '../../shared/errors.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { NAME } from '../../shared/kubernetes/names.ts'
import type { ObjectMeta } from '../../shared/kubernetes/types.ts'
import { startTestCluster } from '../support/cluster.ts'
import {
  METALLB_NAMESPACE,
  metallbMissing,
  readMetalLBDefinitions,
  startMetalLB,
} from '../support/metallb.ts'
import { assignedTo, createManifest, ingressOf } from '../support/services.ts'
import { type LoadBalancers, startLoadBalancers } from './_load-balancers.ts'
import { sendPlainly } from './_reviews.ts'
import { manyNames, soon } from './_stories.ts'
import { confirm, expectOut, unregister } from './_unregister.ts'

t.setTimeout(300_000)

const POOLS = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}/ipaddresspools`
const OPERATORS = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: 'operators' },
  spec: { addresses: ['192.0.2.0/28'], autoAssign: true },
}

const untilServedAs = (lb: LoadBalancers, name: string, isRight: (addresses: string[]) => boolean) =>
  soon(`MetalLB serves ${name}`, async () => isRight(ingressOf(await lb.service(name))))

t.test('beside the real MetalLB', { skip: metallbMissing() }, async t => {
  const cluster = await startTestCluster(t, { kind: 'apiserver', crds: readMetalLBDefinitions() })
  await startMetalLB(t, cluster)
  const environment = { PNAP_MAX_BLOCKS: '1' }
  const lb = await startLoadBalancers(t, cluster, { announcer: 'metallb', blocks: ['/29'], environment })
  const names = manyNames('web', 5)
  for (const name of names) await lb.create(name)
  // Reviews leave a part of the addresses to Services that are stored.
  await lb.settle()
  await lb.create('late')
  await lb.settle()
  for (const name of names) await untilServedAs(lb, name, ([address]) => address !== undefined)
  const served = await Promise.all(names.map(async name => ingressOf(await lb.service(name))))
  t.strictSame(ingressOf(await lb.service('late')), [], 'one has to wait')

  await t.test('while the pool cannot be handed over, what tells of its addresses stays', async t => {
    const before = await lb.claims()
    const kube: Kube = {
      ...lb.admin,
      async request(call) {
        if (call.method !== undefined && call.method !== 'GET' && call.path.includes('/ipaddresspools/'))
          throw new CcmError('KUBE_FORBIDDEN', 'not for you')
        return lb.admin.request(call)
      },
    }
    const { code, report } = await confirm(lb, { kube })
    t.equal(code, 1)
    t.match(
      report.failures.find(({ name }) => name.startsWith('IPAddress ')),
      { code: 'CCM_DEADLINE', message: /not begun while IPAddressPool/ },
    )
    t.strictSame(await lb.claims(), before)
  })

  await t.test("the pool that Services live on becomes the operator's", async t => {
    t.match((await unregister(lb)).text, /^ {2}~ metallb-system\/cloud-provider-phoenixnap {2}hand over: /m)
    const { code, report } = await confirm(lb)
    t.equal(code, 0, JSON.stringify(report.failures))
    await expectOut(t, lb, [`/ipaddresspools ${METALLB_NAMESPACE}/${NAME}`])
    const { body } = await lb.admin.request<{ metadata: ObjectMeta }>({ path: `${POOLS}/${NAME}` })
    t.strictSame(body.metadata.labels ?? {}, {})
    t.equal((await unregister(lb)).code, 0)
  })

  await t.test(
    'MetalLB goes on with the same addresses, and serves who waited from where it may',
    async t => {
      await lb.admin.request({ method: 'POST', path: POOLS, body: OPERATORS })
      await untilServedAs(lb, 'late', ([address = '']) => address.startsWith('192.0.2.'))
      await sendPlainly(lb.api).create(createManifest('new'))
      await untilServedAs(lb, 'new', ([address = '']) => address.startsWith('192.0.2.'))
      t.strictSame(await Promise.all(names.map(async name => ingressOf(await lb.service(name)))), served)
    },
  )

  await t.test('--release takes them, pool and blocks with them', async t => {
    const { code, report } = await confirm(lb, { release: true })
    t.equal(code, 0, JSON.stringify(report.failures))
    await expectOut(t, lb)
    t.strictSame(lb.blocks(), [])
    for (const [index, name] of names.entries()) {
      await untilServedAs(lb, name, ([address = '']) => address.startsWith('192.0.2.'))
      t.not(ingressOf(await lb.service(name))[0], served[index]?.[0])
      t.strictSame(assignedTo(await lb.service(name)), [])
    }
  })
})
