import t from 'tap'
import { getAnnouncer } from '../../../shared/announcers/announcers.ts'
import type { PoolEntry } from '../../../shared/announcers/contract.ts'
import { applyPools } from '../../../shared/controllers/address/pools.ts'
import type { Kube } from '../../../shared/kubernetes/client.ts'
import { toOwnLabels } from '../../../shared/kubernetes/labels.ts'
import { forEachCluster, startTestCluster } from '../../support/cluster.ts'
import { METALLB_NAMESPACE, readMetalLBDefinitions } from '../../support/metallb.ts'
import { claimsOf, createNamespace, listPools, METALLB_POOLS, recordWrites } from './_pools.ts'

const OPTIONS = { metallbNamespace: METALLB_NAMESPACE }
const metallb = getAnnouncer('metallb', OPTIONS)
const NAME = 'cloud-provider-phoenixnap'
const PATH = `${METALLB_POOLS}/${NAME}`
const LABELS = toOwnLabels('address-pool')

const settle = (kube: Kube, ...claims: string[]) => applyPools(kube, metallb, async () => claimsOf(...claims))

const addressesIn = async (kube: Kube): Promise<unknown[]> =>
  (await listPools(kube, METALLB_POOLS)).map(({ spec }) => spec['addresses'])

const putPool = (kube: Kube, name: string, addresses: readonly string[], labels: object = {}) =>
  kube.request({
    method: 'POST',
    path: METALLB_POOLS,
    body: {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata: { name, labels },
      spec: { addresses },
    },
  })

forEachCluster(t, 'pools', { everyKind: true, crds: readMetalLBDefinitions() }, async (t, cluster) => {
  const kube = await cluster.kube()
  await createNamespace(kube, METALLB_NAMESPACE)
  t.afterEach(async () => {
    for (const { metadata } of await listPools(kube, METALLB_POOLS))
      await kube.request({ method: 'DELETE', path: `${METALLB_POOLS}/${metadata.name}` })
  })

  await t.test('one is made, changed and deleted with the claims', async t => {
    t.match(await settle(kube, 'web=203.0.113.9'), {
      changes: [
        {
          action: 'create',
          name: NAME,
          detail: { addresses: ['203.0.113.9/32'], autoAssign: false },
          why: /in no pool/,
        },
      ],
      missing: [],
      problems: [],
    })
    t.match(await listPools(kube, METALLB_POOLS), [
      {
        metadata: { name: NAME, labels: LABELS },
        spec: { addresses: ['203.0.113.9/32'], autoAssign: false },
      },
    ])
    t.match(await settle(kube, 'web=203.0.113.9', 'web=2001:db8::5'), {
      changes: [{ action: 'update', name: NAME, why: 'spec.addresses differs' }],
    })
    t.strictSame(await addressesIn(kube), [['203.0.113.9/32', '2001:db8::5/128']])
    await settle(kube, 'web=203.0.113.9')
    t.strictSame(await addressesIn(kube), [['203.0.113.9/32']])
    t.strictSame(await settle(kube), {
      changes: [{ action: 'delete', name: NAME, detail: {}, why: 'no claimed address needs it' }],
      missing: [],
      problems: [],
    })
    t.strictSame(await addressesIn(kube), [])
  })

  await t.test('what is right is not written', async t => {
    await settle(kube, 'web=203.0.113.9')
    const recorded = recordWrites(kube)
    t.strictSame((await settle(recorded.kube, 'web=203.0.113.9')).changes, [])
    t.strictSame(recorded.writes, [])
    await settle(recorded.kube)
    await settle(recorded.kube)
    t.strictSame(recorded.writes, ['DELETE'])
  })

  await t.test('a dry run says what it would do', async t => {
    await settle(kube, 'web=203.0.113.9')
    const recorded = recordWrites(kube)
    const plan = async (...claims: string[]) =>
      (await applyPools(recorded.kube, metallb, async () => claimsOf(...claims), { dryRun: true })).changes
    t.match(await plan('web=203.0.113.10'), [{ action: 'update', name: NAME }])
    t.match(await plan(), [{ action: 'delete', name: NAME }])
    t.strictSame(recorded.writes, [])
    t.strictSame(await addressesIn(kube), [['203.0.113.9/32']])
  })

  await t.test('what an operator adds to a pool stays', async t => {
    await settle(kube, 'web=203.0.113.9')
    const body = { metadata: { labels: { team: 'edge' } }, spec: { avoidBuggyIPs: true } }
    await kube.request({ method: 'PATCH', path: PATH, patch: 'merge', body })
    t.strictSame((await settle(kube, 'web=203.0.113.9')).changes, [])
    await settle(kube, 'web=203.0.113.10')
    t.match(await listPools(kube, METALLB_POOLS), [
      {
        metadata: { labels: { ...LABELS, team: 'edge' } },
        spec: { addresses: ['203.0.113.10/32'], autoAssign: false, avoidBuggyIPs: true },
      },
    ])
  })

  await t.test('what an operator changes of ours is put right', async t => {
    await settle(kube, 'web=203.0.113.9')
    const body = { spec: { autoAssign: true } }
    await kube.request({ method: 'PATCH', path: PATH, patch: 'merge', body })
    t.match((await settle(kube, 'web=203.0.113.9')).changes, [{ why: 'spec.autoAssign differs' }])
    t.match(await listPools(kube, METALLB_POOLS), [{ spec: { autoAssign: false } }])
  })

  await t.test('an object that is not ours is never touched', async t => {
    await putPool(kube, NAME, ['198.51.100.0/28'])
    await putPool(kube, 'operators', ['192.0.2.0/28'], { 'app.kubernetes.io/managed-by': 'somebody' })
    const before = await listPools(kube, METALLB_POOLS)
    t.match(await settle(kube, 'web=203.0.113.9'), {
      changes: [],
      problems: [
        {
          name: NAME,
          code: 'CCM_POOL_FOREIGN',
          message: /IPAddressPool cloud-provider-phoenixnap is not ours/,
        },
      ],
    })
    t.strictSame(await settle(kube), { changes: [], missing: [], problems: [] })
    t.strictSame(await listPools(kube, METALLB_POOLS), before)
  })

  await t.test('an older set never replaces a newer one', async t => {
    const races: readonly [what: string, before: string[]][] = [
      ['both make the pool', []],
      ['both change the pool', ['old=203.0.113.1']],
    ]
    for (const [what, before] of races) {
      await settle(kube, ...before)
      const newer = ['web=203.0.113.9', 'api=203.0.113.10']
      let reads = 0
      await applyPools(kube, metallb, async () => {
        reads += 1
        if (reads > 1) return claimsOf(...newer)
        await settle(kube, ...newer)
        return claimsOf('web=203.0.113.9')
      })
      t.strictSame(await addressesIn(kube), [['203.0.113.9/32', '203.0.113.10/32']], what)
      await settle(kube)
    }
  })

  await t.test('a pool that has changed meanwhile is not deleted, not even for a moment', async t => {
    await settle(kube, 'old=203.0.113.1')
    let reads = 0
    const { changes } = await applyPools(kube, metallb, async () => {
      reads += 1
      if (reads > 1) return claimsOf('web=203.0.113.9')
      await settle(kube, 'web=203.0.113.9')
      return []
    })
    t.strictSame(changes, [])
    t.strictSame(await addressesIn(kube), [['203.0.113.9/32']])
  })

  await t.test('a pool that is being deleted is not deleted again', async t => {
    await settle(kube, 'web=203.0.113.9')
    const hold = { metadata: { finalizers: ['example.com/hold'] } }
    await kube.request({ method: 'PATCH', path: PATH, patch: 'merge', body: hold })
    await settle(kube)
    const recorded = recordWrites(kube)
    t.strictSame((await settle(recorded.kube)).changes, [])
    t.strictSame(recorded.writes, [])
    await kube.request({
      method: 'PATCH',
      path: PATH,
      patch: 'merge',
      body: { metadata: { finalizers: null } },
    })
  })

  await t.test('a pool that another handler found right meanwhile is right again afterwards', async t => {
    const newer = ['web=203.0.113.9', 'api=203.0.113.10']
    for (const older of [['web=203.0.113.9'], []]) {
      await settle(kube, ...newer)
      const answers = [claimsOf(...older), claimsOf(...newer)]
      await applyPools(kube, metallb, async () => answers.shift() ?? claimsOf(...newer))
      t.strictSame(await addressesIn(kube), [['203.0.113.9/32', '203.0.113.10/32']])
    }
  })

  await t.test('a pool made of claims that have gone meanwhile goes as well', async t => {
    const answers = [claimsOf('web=203.0.113.9')]
    const { changes } = await applyPools(kube, metallb, async () => answers.shift() ?? [])
    t.strictSame(
      changes.map(({ action }) => action),
      ['create', 'delete'],
    )
    t.strictSame(await addressesIn(kube), [])
  })

  await t.test('many handlers at once end with every claim', async t => {
    const claims: PoolEntry[] = []
    const names = Array.from({ length: 6 }, (_, index) => `203.0.113.${index + 1}`)
    await Promise.all(
      names.map(async address => {
        claims.push(...claimsOf(`web=${address}`))
        await applyPools(kube, metallb, async () => [...claims])
      }),
    )
    t.strictSame(await addressesIn(kube), [names.map(address => `${address}/32`)])
  })

  await t.test('claims that never rest are left to the next pass', async t => {
    let last = 1
    const restless = applyPools(kube, metallb, async () => {
      last += 1
      return claimsOf(`web=203.0.113.${last}`)
    })
    await t.rejects(restless, { code: 'KUBE_CONFLICT' })
  })

  await t.test('an announcer without pools reads nothing', async t => {
    const none = getAnnouncer('kube-vip', OPTIONS)
    const report = await applyPools(kube, none, async () => t.fail('reads claims') as never)
    t.strictSame(report, { changes: [], missing: [], problems: [] })
  })

  await t.test('a namespace that is not there is named, once it is needed', async t => {
    const elsewhere = getAnnouncer('metallb', { metallbNamespace: 'nowhere' })
    const apply = (...claims: string[]) => applyPools(kube, elsewhere, async () => claimsOf(...claims))
    t.match(await apply('web=203.0.113.9'), {
      changes: [],
      problems: [{ name: NAME, code: 'CCM_ANNOUNCER_MISSING', message: /nowhere/ }],
    })
    t.strictSame(await apply(), { changes: [], missing: [], problems: [] })
  })
})

t.test('a kind that is not there is named, once it is needed', async t => {
  const kube = await (await startTestCluster(t, { kind: 'simulator' })).kube()
  for (const [name, crd] of [
    ['metallb', 'ipaddresspools.metallb.io'],
    ['cilium', 'ciliumloadbalancerippools.cilium.io'],
    ['purelb', 'servicegroups.purelb.io'],
  ] as const) {
    const announcer = getAnnouncer(name, OPTIONS)
    const { problems, ...rest } = await applyPools(kube, announcer, async () => claimsOf('web=203.0.113.9'))
    t.strictSame(rest, { changes: [], missing: [crd] })
    t.match(problems, [{ name: crd, code: 'CCM_ANNOUNCER_MISSING' }])
    t.strictSame(await applyPools(kube, announcer, async () => []), {
      changes: [],
      missing: [],
      problems: [],
    })
  }
})

t.test('what cannot be found out is thrown', async t => {
  const cluster = await startTestCluster(t, { kind: 'simulator', crds: readMetalLBDefinitions() })
  const kube = await cluster.kube()
  await t.rejects(
    applyPools(kube, metallb, async () => Promise.reject(new Error('no claims'))),
    { message: 'no claims' },
  )
  const over = AbortSignal.abort()
  await t.rejects(
    applyPools(kube, metallb, async () => [], { signal: over }),
    { code: 'KUBE_TIMEOUT' },
  )
})
