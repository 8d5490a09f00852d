import t from 'tap'
import type { Instance } from '../../../shared/cloud-provider/contract.ts'
import {
  createLiveInstances,
  type LiveList,
  SHARED_FOR_MS,
} from '../../../shared/controllers/inventory/live.ts'
import { CcmError } from '../../../shared/errors.ts'
import { createTurnableClock } from '../../../shared/simulator/clock.ts'
import { makeInstance } from '../_make.ts'
import { createFakeCloud } from '../_stage.ts'

/** A cloud whose lists end when the test says so. */
function setUp() {
  const clock = createTurnableClock()
  const lists: {
    resolve: (list: readonly Instance[]) => void
    reject: (error: Error) => void
    signal: AbortSignal | undefined
  }[] = []
  const cloud = createFakeCloud()
  const { instancesV2 } = cloud
  if (!instancesV2) throw new Error('the fake cloud has instances')
  const listInstances: typeof instancesV2.listInstances = call =>
    new Promise((resolve, reject) => {
      lists.push({ resolve, reject, signal: call?.signal })
      call?.signal?.addEventListener('abort', () => reject(new CcmError('BMC_TIMEOUT', 'aborted')))
    })
  const live = createLiveInstances({ ...cloud, instancesV2: { ...instancesV2, listInstances } }, clock)
  return { clock, lists, live, soon: (ms = 5000) => clock.now() + ms }
}

const LIST = [makeInstance('a1')]
const ids = ({ index }: LiveList): string[] => [...index.byId.keys()]

t.test('any number of callers in ten seconds share one list', async t => {
  const { clock, lists, live, soon } = setUp()
  const early = Array.from({ length: 50 }, () => live.list(soon()))
  lists[0]?.resolve(LIST)
  const startedAt = clock.now()
  const [first, ...others] = await Promise.all(early)
  t.match(first, { startedAt })
  t.equal(first?.index.byHostname.get('host-a1')?.length, 1)
  for (const { index } of others) t.equal(index, first?.index, 'made once for all')
  await clock.turn(SHARED_FOR_MS - 1)
  t.match(await live.list(soon()), { index: first?.index, startedAt }, 'which says how old it is')
  t.equal(lists.length, 1)
  await clock.turn(1)
  const late = live.list(soon())
  lists[1]?.resolve([])
  t.strictSame(ids(await late), [])
  t.equal((await late).startedAt, clock.now())
  t.equal(lists.length, 2, 'and then a new one is made')
})

t.test('a failure is shared like a list', async t => {
  const { clock, lists, live, soon } = setUp()
  const [one, other] = [live.list(soon()), live.list(soon())]
  lists[0]?.reject(new CcmError('BMC_SERVER_ERROR', 'down'))
  await t.rejects(one, { code: 'BMC_SERVER_ERROR' })
  await t.rejects(other, { code: 'BMC_SERVER_ERROR' })
  await t.rejects(live.list(soon()), { code: 'BMC_SERVER_ERROR' })
  t.equal(lists.length, 1)
  await clock.turn(SHARED_FOR_MS)
  const late = live.list(soon())
  lists[1]?.resolve(LIST)
  t.strictSame(ids(await late), ['a1'])
})

t.test('a caller whose deadline comes first does not end the list of the others', async t => {
  const { clock, lists, live, soon } = setUp()
  const hasty = live.list(soon(100))
  const patient = live.list(soon(5000))
  const refused = t.rejects(hasty, { code: 'CCM_DEADLINE' })
  await clock.turn(100)
  await refused
  t.notOk(lists[0]?.signal?.aborted)
  lists[0]?.resolve(LIST)
  t.strictSame(ids(await patient), ['a1'])
})

t.test('a caller that is called off does not end the list of the others', async t => {
  const { lists, live, soon } = setUp()
  const abort = new AbortController()
  const off = live.list(soon(), abort.signal)
  const patient = live.list(soon())
  abort.abort(new CcmError('CCM_DEADLINE', 'called off'))
  await t.rejects(off, { code: 'CCM_DEADLINE' })
  t.notOk(lists[0]?.signal?.aborted)
  lists[0]?.resolve(LIST)
  t.strictSame(ids(await patient), ['a1'])
})

t.test('the last one to leave ends the request, and within ten seconds nobody begins another', async t => {
  const { clock, lists, live, soon } = setUp()
  const both = [live.list(soon(100)), live.list(soon(200))].map(one =>
    t.rejects(one, { code: 'CCM_DEADLINE' }),
  )
  await clock.turn(100)
  t.notOk(lists[0]?.signal?.aborted)
  await clock.turn(100)
  await Promise.all(both)
  t.ok(lists[0]?.signal?.aborted)
  await t.rejects(live.list(soon()), { code: 'BMC_TIMEOUT' }, 'a cloud that hangs is not asked by every node')
  t.equal(lists.length, 1)
  await clock.turn(SHARED_FOR_MS - 200)
  const next = live.list(soon())
  t.equal(lists.length, 2)
  lists[1]?.resolve(LIST)
  t.strictSame(ids(await next), ['a1'])
})

t.test('the last one to leave an old list leaves the new one to its callers', async t => {
  const { clock, lists, live, soon } = setUp()
  const old = t.rejects(live.list(soon(SHARED_FOR_MS + 1)), { code: 'CCM_DEADLINE' })
  await clock.turn(SHARED_FOR_MS)
  const first = live.list(soon())
  await clock.turn(1)
  await old
  const second = live.list(soon())
  t.equal(lists.length, 2, 'they share one')
  lists[1]?.resolve(LIST)
  for (const list of [first, second]) t.strictSame(ids(await list), ['a1'])
})

t.test('a list that is there is given out although the deadline has passed', async t => {
  const { lists, live, soon } = setUp()
  const first = live.list(soon())
  lists[0]?.resolve(LIST)
  await first
  t.strictSame(ids(await live.list(soon(-1))), ['a1'])
})

t.test('nobody waits, nothing is left: no timer, and no rejection that ends the process', async t => {
  const { clock, lists, live, soon } = setUp()
  const refused = t.rejects(live.list(soon(-1)), { code: 'CCM_DEADLINE' })
  await clock.turn(0)
  await refused
  t.ok(lists[0]?.signal?.aborted)
  await clock.turn(0)
  t.pass('still here')
})

t.test('a cloud without instances has an empty list', async t => {
  const clock = createTurnableClock()
  const live = createLiveInstances({ ...createFakeCloud(), instancesV2: undefined }, clock)
  t.strictSame(ids(await live.list(clock.now() + 1)), [])
})
