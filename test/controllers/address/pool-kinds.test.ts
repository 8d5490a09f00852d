import t from 'tap'
import { getAnnouncer } from '../../../shared/announcers/announcers.ts'
import { applyPools } from '../../../shared/controllers/address/pools.ts'
import { PURELB_DEFINITION, toCiliumDefinition } from '../../support/announcer-definitions.ts'
import { CONTROLLER, forEachCluster, startTestCluster } from '../../support/cluster.ts'
import { installRole } from '../../support/install.ts'
import { alterRequests, claimsOf, createNamespace, listPools, type Pool } from './_pools.ts'

const OPTIONS = { metallbNamespace: 'metallb-system' }
const cilium = getAnnouncer('cilium', OPTIONS)
const purelb = getAnnouncer('purelb', OPTIONS)
const NAME = 'cloud-provider-phoenixnap'
const DEFINITIONS = [toCiliumDefinition('v2', 'v2alpha1'), PURELB_DEFINITION]
const blocksOf = ({ spec }: Pool): unknown => spec['blocks']

forEachCluster(t, 'pools of other kinds', { everyKind: true, crds: DEFINITIONS }, async (t, cluster) => {
  const kube = await cluster.kube()
  await createNamespace(kube, 'purelb-system')
  await installRole(kube)
  const controller = await cluster.kube(CONTROLLER)
  const applyAs = (announcer: typeof cilium, claims: readonly string[]) =>
    applyPools(controller, announcer, async () => claimsOf(...claims))

  await t.test("Cilium's pools come and go one by one", async t => {
    const path = '/apis/cilium.io/v2/ciliumloadbalancerippools'
    await applyAs(cilium, ['web=203.0.113.9', 'web=2001:db8::5', 'api=203.0.113.10'])
    t.strictSame((await listPools(kube, path)).map(blocksOf), [
      [{ cidr: '2001:db8::5/128' }],
      [{ cidr: '203.0.113.10/32' }],
      [{ cidr: '203.0.113.9/32' }],
    ])
    t.strictSame(
      (await applyAs(cilium, ['web=203.0.113.9', 'web=2001:db8::5', 'api=203.0.113.10'])).changes,
      [],
    )
    t.match(await applyAs(cilium, ['web=2001:db8::5', 'shop=203.0.113.10']), {
      changes: [
        { action: 'update', name: `${NAME}-203-0-113-10`, why: 'spec.serviceSelector differs' },
        { action: 'delete', name: `${NAME}-203-0-113-9` },
      ],
    })
    await applyAs(cilium, [])
    t.strictSame(await listPools(kube, path), [])
  })

  await t.test("PureLB's group is one", async t => {
    const path = '/apis/purelb.io/v2/namespaces/purelb-system/servicegroups'
    await applyAs(purelb, ['web=203.0.113.9'])
    t.strictSame((await applyAs(purelb, ['web=203.0.113.9'])).changes, [])
    const range = { pool: '203.0.113.9/32', subnet: '203.0.113.9/32', aggregation: '/32' }
    t.match(await listPools(kube, path), [
      { metadata: { name: NAME }, spec: { remote: { v4pools: [range] } } },
    ])
    t.match((await applyAs(purelb, ['web=2001:db8::5'])).changes, [
      { action: 'update', why: 'spec.remote differs' },
    ])
    const [group] = await listPools(kube, path)
    t.notMatch(group?.spec, { remote: { v4pools: [] } })
    await applyAs(purelb, [])
    t.strictSame(await listPools(kube, path), [])
  })
})

t.test('an older Cilium has its pools in the older version', async t => {
  const cluster = await startTestCluster(t, { kind: 'simulator', crds: [toCiliumDefinition('v2alpha1')] })
  const kube = await cluster.kube()
  const path = '/apis/cilium.io/v2alpha1/ciliumloadbalancerippools'
  await applyPools(kube, cilium, async () => claimsOf('web=203.0.113.9'))
  t.match(await listPools(kube, path), [
    { apiVersion: 'cilium.io/v2alpha1', metadata: { name: `${NAME}-203-0-113-9` } },
  ])
  await applyPools(kube, cilium, async () => claimsOf('api=203.0.113.9'))
  await applyPools(kube, cilium, async () => [])
  t.strictSame(await listPools(kube, path), [])
})

t.test('an object that is refused does not keep the others from being made', async t => {
  const cluster = await startTestCluster(t, { kind: 'simulator', crds: [toCiliumDefinition('v2')] })
  const kube = await cluster.kube()
  const refusing = alterRequests(kube, call => {
    const isRefused = call.method === 'POST' && JSON.stringify(call.body).includes('203.0.113.9')
    return isRefused ? { ...call, body: { kind: 'Wrong' } } : call
  })
  const report = await applyPools(refusing, cilium, async () =>
    claimsOf('web=203.0.113.10', 'api=203.0.113.9'),
  )
  t.match(report, {
    changes: [{ action: 'create', name: `${NAME}-203-0-113-10` }],
    problems: [{ name: `${NAME}-203-0-113-9`, code: 'KUBE_INVALID' }],
  })
  t.equal(report.problems.length, 1)
})
