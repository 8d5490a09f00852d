import t, { type Test } from 'tap'
import type { BlockGuard, BlockHold, PurchaseIntent } from '../../../shared/cloud-provider/load-balancer.ts'
import { createBlockGuard, HOLD_MS } from '../../../shared/controllers/address/guard.ts'
import type { Kube } from '../../../shared/kubernetes/client.ts'
import type { Lease } from '../../../shared/kubernetes/types.ts'
import { createTurnableClock } from '../../../shared/simulator/clock.ts'
import { forEachCluster } from '../../support/cluster.ts'
import { startCluster } from '../_stage.ts'
import { forEachKill, killAfter } from './_schedule.ts'

const PATH = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/cloud-provider-phoenixnap-ip-blocks'
const INTENT: PurchaseIntent = { id: 'p1', family: 'IPv4', prefixLength: 28, since: 1_767_312_000_123 }
const PURCHASE = 'phoenixnap.com/purchase'
const BOUGHT = 'phoenixnap.com/bought'
const bare = (id: string) => ({ id, since: undefined })
const BOTH = [bare('one'), { id: 'two', since: Date.UTC(2026, 0, 1) }]

let holders = 0
const createGuard = (kube: Kube): BlockGuard =>
  createBlockGuard({ kube, clock: createTurnableClock(), newHolder: () => `holder-${(holders += 1)}` })

const readLease = async (kube: Kube): Promise<Lease> => (await kube.request<Lease>({ path: PATH })).body
const readBought = async (kube: Kube): Promise<string | undefined> =>
  (await readLease(kube)).metadata.annotations?.[BOUGHT]
const patchLease = async (kube: Kube, body: object): Promise<unknown> =>
  kube.request({ method: 'PATCH', path: PATH, patch: 'merge', body })

/** Writes into the Lease that it was taken `ms` earlier than it was. */
async function age(kube: Kube, ms: number): Promise<void> {
  const acquiredAt = Date.parse((await readLease(kube)).spec?.acquireTime ?? '')
  const acquireTime = new Date(acquiredAt - ms).toISOString().replace('Z', '000Z')
  await patchLease(kube, { spec: { acquireTime } })
}

/** Takes the Lease as a handler that is killed at work. */
async function holdForEver(guard: BlockGuard): Promise<BlockHold> {
  const { promise, resolve } = Promise.withResolvers<BlockHold>()
  guard
    .exclusively(hold => {
      resolve(hold)
      return new Promise(() => undefined)
    }, {})
    .catch(() => undefined)
  return promise
}

forEachCluster(t, 'the guard of blocks', { everyKind: true }, async (t, cluster) => {
  const kube = await cluster.kube()
  const guard = createGuard(kube)

  t.test('of ten at once exactly one works, the first time and later', async t => {
    for (const round of ['first', 'later']) {
      let working = 0
      const { promise: allAnswered, resolve } = Promise.withResolvers<void>()
      let answers = 0
      const answered = (): void => void ((answers += 1) === 9 && resolve())
      const results = await Promise.all(
        Array.from({ length: 10 }, async () => {
          const result = await createGuard(kube).exclusively(async () => {
            working += 1
            await allAnswered
            return 'worked'
          }, {})
          if (result === 'busy') answered()
          return result
        }),
      )
      t.equal(working, 1, round)
      t.equal(results.filter(result => result === 'busy').length, 9)
      t.notOk((await readLease(kube)).spec?.holderIdentity, 'and it is free afterwards')
    }
  })

  t.test('is free after work that failed, whose error is passed on', async t => {
    const failing = guard.exclusively(async () => Promise.reject(new Error('broken')), {})
    await t.rejects(failing, /broken/)
    t.equal(await guard.exclusively(async () => 'next', {}), 'next')
  })

  t.test('is free after a caller that was told to end', async t => {
    const abort = new AbortController()
    const work = guard.exclusively(
      async hold => {
        abort.abort()
        await hold.confirm()
      },
      { signal: abort.signal },
    )
    await t.rejects(work, { code: 'KUBE_TIMEOUT' })
    t.equal(await guard.exclusively(async () => 'next', {}), 'next')
  })

  t.test('keeps the purchase under way until it is forgotten', async t => {
    for (const intent of [INTENT, { ...INTENT, id: 'p2', service: { namespace: 'default', name: 'web' } }]) {
      await guard.exclusively(async hold => {
        await hold.setIntent(intent)
        t.strictSame(hold.intent, intent)
        t.ok((await hold.confirm()) > 0, 'it still holds')
      }, {})
      t.ok(await guard.exclusively(async hold => t.strictSame(hold.intent, intent), {}))
    }
    await guard.exclusively(async hold => hold.setIntent(undefined), {})
    t.notOk((await readLease(kube)).metadata.annotations?.[PURCHASE])
    t.ok(await guard.exclusively(async hold => t.equal(hold.intent, undefined), {}))
  })

  t.test('remembers what was bought, in the write that forgets the purchase', async t => {
    await guard.exclusively(async hold => {
      t.strictSame(hold.bought, [])
      await hold.setIntent(INTENT)
      const before = (await readLease(kube)).metadata.resourceVersion
      await hold.setIntent(undefined, BOTH)
      t.strictSame(hold.bought, BOTH)
      t.equal(await readBought(kube), 'one,two@2026-01-01T00:00:00.000Z')
      t.not((await readLease(kube)).metadata.resourceVersion, before)
      await hold.setIntent(INTENT)
      t.equal(await readBought(kube), 'one,two@2026-01-01T00:00:00.000Z', 'and no other write forgets it')
      await hold.setIntent(undefined)
      const { resourceVersion } = (await readLease(kube)).metadata
      await hold.setIntent(undefined, BOTH)
      t.equal((await readLease(kube)).metadata.resourceVersion, resourceVersion, 'the same is not written')
    }, {})
    await guard.exclusively(async hold => {
      t.strictSame(hold.bought, BOTH)
      await hold.setIntent(undefined, [bare('two')])
      t.equal(await readBought(kube), 'two')
      const many = Array.from({ length: 60 }, (_, index) => bare(`block-${index}`))
      await hold.setIntent(undefined, many)
      t.strictSame(hold.bought, many.slice(-48), 'the latest stay')
    }, {})
    for (const [text, ids] of [
      ['', []],
      [' , ,', []],
      ['{"a": 1}', []],
      ['a/b,../c,two', ['two']],
      [' one , one,two', ['one', 'two']],
    ] as const) {
      await patchLease(kube, { metadata: { annotations: { [BOUGHT]: text } } })
      t.ok(await guard.exclusively(async hold => t.strictSame(hold.bought, ids.map(bare), text), {}))
    }
    await guard.exclusively(async hold => hold.setIntent(undefined, []), {})
    t.notOk(await readBought(kube))
  })

  t.test('a killed holder is taken over after its time, with its purchase', async t => {
    const lost = await holdForEver(guard)
    await lost.setIntent(INTENT)
    const [left, right] = [await lost.confirm(), HOLD_MS]
    t.ok(left > 30_000 && left < right, `${left} ms are left`)
    // A busy machine takes seconds for these requests.
    await age(kube, HOLD_MS - 20_000)
    t.equal(await guard.exclusively(async () => 'early', {}), 'busy')
    await age(kube, 20_000)
    await guard.exclusively(async hold => {
      t.strictSame(hold.intent, INTENT)
      const code = { code: 'KUBE_CONFLICT' }
      await t.rejects(lost.confirm(), code)
      await t.rejects(lost.setIntent({ ...INTENT, id: 'stale' }), code)
      await hold.setIntent(undefined)
    }, {})
    t.notOk((await readLease(kube)).metadata.annotations?.[PURCHASE], 'the lost one has written nothing')
  })

  t.test('a holder whose time is over is told so, also when nobody took over', async t => {
    const lost = await holdForEver(guard)
    await age(kube, HOLD_MS - 1000)
    await t.rejects(lost.confirm(), { code: 'KUBE_CONFLICT' })
    await patchLease(kube, { spec: { holderIdentity: null } })
    await t.rejects(lost.confirm(), { code: 'KUBE_CONFLICT' })
  })

  t.test('a Lease that was deleted is lost', async t => {
    await guard.exclusively(async hold => {
      await kube.request({ method: 'DELETE', path: PATH })
      await t.rejects(hold.confirm(), { code: 'KUBE_CONFLICT' })
      await t.rejects(hold.setIntent(INTENT), { code: 'KUBE_CONFLICT' })
    }, {})
    t.equal(await guard.exclusively(async () => 'next', {}), 'next')
  })

  t.test('a holder whose limit was edited does not keep the others out', async t => {
    await holdForEver(guard)
    await patchLease(kube, { spec: { leaseDurationSeconds: 86_400 } })
    await age(kube, HOLD_MS)
    t.equal(await guard.exclusively(async () => 'next', {}), 'next')
  })

  t.test('a purchase that cannot be read stops all work on blocks, and is kept', async t => {
    for (const text of [
      '',
      'p1',
      '{}',
      '{"id":"p1"}',
      JSON.stringify({ ...INTENT, since: 1 }),
      '[]',
      'null',
    ]) {
      await patchLease(kube, { metadata: { annotations: { [PURCHASE]: text } } })
      const work = guard.exclusively(async () => t.fail('it must not work'), {})
      await t.rejects(work, {
        code: 'CCM_INTENT_INVALID',
        message: /kube-system\/cloud-provider-phoenixnap-ip-blocks/,
      })
      const { metadata, spec } = await readLease(kube)
      t.equal(metadata.annotations?.[PURCHASE], text)
      t.notOk(spec?.holderIdentity)
    }
    await patchLease(kube, { metadata: { annotations: { [PURCHASE]: null } } })
    t.equal(await guard.exclusively(async () => 'next', {}), 'next')
  })
})

t.test('killed after any request: whoever is next works once the time is over', async t => {
  const { kube, clock } = await startCluster(t)
  const work = (kube: Kube) =>
    createGuard(kube).exclusively(async hold => {
      await hold.setIntent(INTENT)
      await hold.confirm()
      await hold.setIntent(undefined)
    }, {})
  const takeOver = async (t: Test, name: string): Promise<void> => {
    await clock.turn(HOLD_MS)
    t.ok(await createGuard(kube).exclusively(async hold => hold.now === clock.now(), {}), name)
  }
  await work(kube)
  const runs = await forEachKill({
    run: async kill => work(kill(kube)),
    afterwards: async passed => takeOver(t, `after ${passed}`),
  })
  t.equal(runs, 7, 'read, take, store, confirm, forget, release')
  const done = killAfter(kube, 2)
  await t.rejects(work(done))
  t.equal(await createGuard(kube).exclusively(async () => 'early', {}), 'busy')
})

t.test('a holder whose time is almost over is told so before anybody takes over', async t => {
  const { kube, clock } = await startCluster(t)
  const hold = await holdForEver(createGuard(kube))
  await clock.turn(HOLD_MS - 5000)
  t.equal(await hold.confirm(), 2000, 'with a margin of 3 s')
  await clock.turn(2000)
  await t.rejects(hold.confirm(), { code: 'KUBE_CONFLICT' })
})

t.test('a cluster that does not answer is no handler at work', async t => {
  const { kube, simulator } = await startCluster(t)
  simulator.faults.fail({ verb: 'create', resource: 'leases' }, { status: 500, times: 1 })
  await t.rejects(
    createGuard(kube).exclusively(async () => 'worked', {}),
    { code: 'KUBE_SERVER_ERROR' },
  )
})

t.test('the outcome of the work counts, also when the Lease cannot be given back', async t => {
  const { kube, simulator } = await startCluster(t)
  const worked = await createGuard(kube).exclusively(async () => {
    simulator.faults.fail({ verb: 'patch', resource: 'leases' }, { status: 500, times: 1 })
    return 'worked'
  }, {})
  t.equal(worked, 'worked')
})

t.test('after a write whose answer was lost nothing more is written', async t => {
  const { kube, simulator } = await startCluster(t)
  await createGuard(kube).exclusively(async hold => {
    simulator.faults.reset({ verb: 'patch', resource: 'leases' }, { when: 'after', times: 1 })
    await t.rejects(hold.setIntent(INTENT), { code: 'KUBE_UNREACHABLE' })
    await t.rejects(hold.setIntent(undefined), { code: 'KUBE_CONFLICT' })
    await t.rejects(hold.confirm(), { code: 'KUBE_CONFLICT' })
  }, {})
  t.ok((await readLease(kube)).metadata.annotations?.[PURCHASE], 'the purchase may have been stored, and was')
})
