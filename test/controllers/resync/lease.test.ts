import t from 'tap'
import { acquireLease, noteLimit, readLease } from '../../../shared/controllers/resync/lease.ts'
import type { Lease } from '../../../shared/kubernetes/types.ts'
import { type Stage, startCluster } from '../_stage.ts'

const NAME = 'cloud-provider-phoenixnap-resync'
const LIMIT_MS = 50_000
const VOUCHED = { generation: 'generation-1', account: 'account-1' }
type Cluster = Pick<Stage, 'simulator' | 'kube' | 'clock'>

const stored = ({ simulator }: Cluster): Lease | undefined =>
  simulator.store.get<Lease>('leases', NAME, 'kube-system')

t.test('a cluster in which no pass ever ran has an empty Lease, and the API server’s time', async t => {
  const cluster = await startCluster(t)
  t.strictSame(await readLease(cluster.kube), {
    now: cluster.clock.now(),
    resourceVersion: undefined,
    holder: undefined,
    acquiredAt: undefined,
    limitMs: 0,
    renewedAt: undefined,
    generation: undefined,
    unreachableSince: undefined,
    limitedUntil: undefined,
    account: undefined,
    deletions: [],
    hasDeletionsAhead: false,
  })
})

t.test('of two passes at once exactly one gets it, also the very first time', async t => {
  const cluster = await startCluster(t)
  for (const round of ['the first time', 'later']) {
    const passes = ['a', 'b', 'c', 'd'].map(name => acquireLease(cluster.kube, name, LIMIT_MS))
    const held = (await Promise.all(passes)).filter(lease => lease !== undefined)
    t.equal(held.length, 1, round)
    t.equal(stored(cluster)?.spec?.holderIdentity, held[0]?.state.holder)
    t.equal(
      await acquireLease(cluster.kube, 'late', LIMIT_MS),
      undefined,
      'and one that comes later gets nothing',
    )
    await held[0]?.release({ now: cluster.clock.now() })
  }
})

t.test('a pass that is over its limit is taken over, and cannot write any more', async t => {
  const cluster = await startCluster(t)
  const lost = await acquireLease(cluster.kube, 'lost', LIMIT_MS)
  await cluster.clock.turn(LIMIT_MS - 1000)
  t.equal(await acquireLease(cluster.kube, 'early', LIMIT_MS), undefined)
  await cluster.clock.turn(1000)
  const next = await acquireLease(cluster.kube, 'next', LIMIT_MS)
  t.equal(next?.state.holder, 'next')
  await t.rejects(async () => lost?.noteDeletions([1]), { code: 'KUBE_CONFLICT' })
  await t.rejects(async () => lost?.release({ now: 1, vouched: { ...VOUCHED, generation: 'stale' } }), {
    code: 'KUBE_CONFLICT',
  })
  t.equal(stored(cluster)?.spec?.holderIdentity, 'next')
  t.equal((await readLease(cluster.kube)).generation, undefined)
})

t.test('only a complete pass renews', async t => {
  const cluster = await startCluster(t)
  const first = await acquireLease(cluster.kube, 'first', LIMIT_MS)
  await first?.release({ now: cluster.clock.now(), vouched: VOUCHED })
  const renewedAt = cluster.clock.now()
  t.match(await readLease(cluster.kube), { ...VOUCHED, renewedAt, holder: undefined })
  await cluster.clock.turn(60_000)
  const second = await acquireLease(cluster.kube, 'second', LIMIT_MS)
  t.match(await readLease(cluster.kube), { ...VOUCHED, renewedAt }, 'taking it does not')
  await second?.release({ now: cluster.clock.now() })
  t.match(
    await readLease(cluster.kube),
    { ...VOUCHED, renewedAt, acquiredAt: renewedAt + 60_000 },
    'an incomplete one does not, but it tells when it looked',
  )
})

t.test('remembers since when the cloud does not answer, until it does', async t => {
  const cluster = await startCluster(t)
  const since = cluster.clock.now()
  for (const [unreachableSince, vouched] of [
    [since, undefined],
    [since, undefined],
    [undefined, VOUCHED],
  ] as const) {
    const lease = await acquireLease(cluster.kube, 'pass', LIMIT_MS)
    await lease?.release({ now: cluster.clock.now(), unreachableSince, vouched })
    t.equal((await readLease(cluster.kube)).unreachableSince, unreachableSince)
    await cluster.clock.turn(60_000)
  }
})

t.test('deletions are noted in the Lease and outlive the pass', async t => {
  const cluster = await startCluster(t)
  const times = [cluster.clock.now() - 5000, cluster.clock.now()]
  const lease = await acquireLease(cluster.kube, 'pass', LIMIT_MS)
  await lease?.noteDeletions(times)
  t.strictSame((await readLease(cluster.kube)).deletions, times, 'at once')
  await lease?.release({ now: cluster.clock.now(), vouched: VOUCHED })
  t.strictSame((await acquireLease(cluster.kube, 'next', LIMIT_MS))?.state.deletions, times)
})

t.test('is released also by a pass that was told to end', async t => {
  const cluster = await startCluster(t)
  const abort = new AbortController()
  const lease = await acquireLease(cluster.kube, 'pass', LIMIT_MS, abort.signal)
  abort.abort()
  await lease?.release({ now: cluster.clock.now() })
  t.ok(await acquireLease(cluster.kube, 'next', LIMIT_MS))
})

t.test('a failure of the cluster is no Lease of somebody else', async t => {
  const cluster = await startCluster(t)
  cluster.simulator.faults.fail({ verb: 'create', resource: 'leases' }, { status: 500, times: 1 })
  await t.rejects(acquireLease(cluster.kube, 'pass', LIMIT_MS), { code: 'KUBE_SERVER_ERROR' })
  cluster.simulator.faults.fail({ verb: 'get', resource: 'leases' }, { status: 503 })
  await t.rejects(acquireLease(cluster.kube, 'pass', LIMIT_MS), { code: 'KUBE_SERVER_ERROR' })
})

t.test('a pass that is not told whether it holds the Lease leaves it to the next of its process', async t => {
  const cluster = await startCluster(t)
  const ended = new Set<string>()
  await (await acquireLease(cluster.kube, 'before', LIMIT_MS))?.release({ now: cluster.clock.now() })
  cluster.simulator.faults.reset({ verb: 'patch', resource: 'leases' }, { when: 'after', times: 1 })
  const lost = acquireLease(cluster.kube, 'lost', LIMIT_MS, undefined, ended)
  await t.rejects(lost, { code: 'KUBE_UNREACHABLE' })
  t.equal(stored(cluster)?.spec?.holderIdentity, 'lost')
  t.equal(await acquireLease(cluster.kube, 'other', LIMIT_MS, undefined, new Set()), undefined)
  t.ok(await acquireLease(cluster.kube, 'next', LIMIT_MS, undefined, ended))
  t.equal(
    await acquireLease(cluster.kube, 'third', LIMIT_MS, undefined, ended),
    undefined,
    'it is held again',
  )
})

t.test('texts that are no times are none', async t => {
  const cluster = await startCluster(t)
  await acquireLease(cluster.kube, 'pass', LIMIT_MS)
  const annotations = {
    'phoenixnap.com/bmc-unreachable-since': 'yesterday',
    'phoenixnap.com/deleted-nodes': 'x,,2026-01-01T00:00:00.000000Z, ',
  }
  cluster.simulator.store.merge('leases', NAME, { metadata: { annotations } }, 'kube-system')
  t.match(await readLease(cluster.kube), { unreachableSince: undefined, deletions: [Date.UTC(2026, 0, 1)] })
})

t.test('a holder whose time was edited does not keep the others out', async t => {
  const cluster = await startCluster(t)
  await acquireLease(cluster.kube, 'for ever', 86_400_000)
  t.equal((await readLease(cluster.kube)).limitMs, 300_000, 'no pass takes a day')
  await cluster.clock.turn(300_000)
  const next = await acquireLease(cluster.kube, 'next', LIMIT_MS)
  t.equal(next?.state.holder, 'next')
  const acquireTime = new Date(cluster.clock.now() + 3_600_000).toISOString().replace('Z', '000Z')
  cluster.simulator.store.merge('leases', NAME, { spec: { acquireTime } }, 'kube-system')
  t.ok(await acquireLease(cluster.kube, 'third', LIMIT_MS), 'nothing is held from the future')
})

t.test('deletions from the future count from the next pass on', async t => {
  const cluster = await startCluster(t)
  const lease = await acquireLease(cluster.kube, 'pass', LIMIT_MS)
  const now = cluster.clock.now()
  await lease?.noteDeletions([now - 1000, now + 60_000, now + 61_000, now + 86_400_000])
  await lease?.release({ now })
  const counted = [now - 1000, now + 60_000, now, now]
  t.match(await readLease(cluster.kube), { deletions: counted, hasDeletionsAhead: true })
  t.match((await acquireLease(cluster.kube, 'next', LIMIT_MS))?.state.deletions, counted)
  await cluster.clock.turn(600_000)
  t.match(await readLease(cluster.kube), { deletions: counted, hasDeletionsAhead: false })
})

t.test('a limit that was noted holds until its time, and is noted once', async t => {
  const cluster = await startCluster(t)
  const { kube, clock, simulator } = cluster
  const until = clock.now() + 60_000
  await noteLimit(kube, 60_000)
  t.equal(stored(cluster), undefined, 'before the first pass nobody reads it')
  await (await acquireLease(kube, 'a', LIMIT_MS))?.release({ now: clock.now(), vouched: VOUCHED })
  await noteLimit(kube, 60_000)
  t.equal((await readLease(kube)).limitedUntil, until)
  simulator.requests.clear()
  await noteLimit(kube, 64_000)
  t.equal(simulator.requests.writes().length, 0, 'four seconds more are no news')
  await clock.turn(60_000)
  t.equal((await readLease(kube)).limitedUntil, undefined)
})

t.test('a limit that was noted before the API server’s clock was set back holds nobody off', async t => {
  const { kube, clock, simulator } = await startCluster(t)
  const limitedUntil = clock.now() + 90_000
  await (await acquireLease(kube, 'a', LIMIT_MS))?.release({ now: clock.now(), limitedUntil })
  const acquireTime = new Date(clock.now() + 70_000).toISOString().replace('Z', '000Z')
  simulator.store.merge('leases', NAME, { spec: { acquireTime } }, 'kube-system')
  t.equal((await readLease(kube)).limitedUntil, undefined)
  await clock.turn(10_000)
  t.equal((await readLease(kube)).limitedUntil, limitedUntil, 'less is what two API servers may be apart')
})

t.test('a pass at work is not disturbed by a note, and notes the limit itself', async t => {
  const { kube, clock } = await startCluster(t)
  const held = await acquireLease(kube, 'a', LIMIT_MS)
  await noteLimit(kube, 30_000)
  t.equal((await readLease(kube)).limitedUntil, undefined)
  await held?.release({ now: clock.now(), limitedUntil: clock.now() + 20_000 })
  t.equal((await readLease(kube)).limitedUntil, clock.now() + 20_000)
})

t.test('a note that comes in the middle of taking the Lease keeps no pass out', async t => {
  const { kube, clock } = await startCluster(t)
  await (await acquireLease(kube, 'first', LIMIT_MS))?.release({ now: clock.now() })
  const notes = { left: 1 }
  const disturbed: typeof kube = {
    ...kube,
    async request(request) {
      if (request.method === 'PATCH' && notes.left-- > 0) await noteLimit(kube, 60_000)
      return kube.request(request)
    },
  }
  const lease = await acquireLease(disturbed, 'second', LIMIT_MS)
  t.equal(lease?.state.holder, 'second')
  t.equal(lease?.state.limitedUntil, clock.now() + 60_000)
})
