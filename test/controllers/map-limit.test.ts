import t from 'tap'
import { mapLimit } from '../../shared/controllers/map-limit.ts'

/** Work that ends when the test says so. */
function setUp() {
  const begun: { item: number; end: () => void; fail: (error: Error) => void }[] = []
  const work = (item: number): Promise<string> =>
    new Promise((resolve, reject) => begun.push({ item, end: () => resolve(`done ${item}`), fail: reject }))
  const items = (): number[] => begun.map(({ item }) => item)
  return { begun, work, items }
}
const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

t.test('at most so many at once, results in the order of the items', async t => {
  const { begun, work, items } = setUp()
  const all = mapLimit([1, 2, 3, 4, 5], 2, work)
  await settle()
  t.strictSame(items(), [1, 2])
  begun[1]?.end()
  await settle()
  t.strictSame(items(), [1, 2, 3], 'the next one begins when one ends, whichever it is')
  for (const index of [2, 0, 3, 4]) {
    begun[index]?.end()
    await settle()
  }
  t.strictSame(await all, ['done 1', 'done 2', 'done 3', 'done 4', 'done 5'])
})

t.test('fewer items than the limit, or none', async t => {
  t.strictSame(await mapLimit([1], 8, async item => item + 1), [2])
  t.strictSame(await mapLimit([], 8, async () => t.fail('nothing to work on')), [])
})

t.test('the first throw is the result', async t => {
  const { begun, work } = setUp()
  const all = t.rejects(mapLimit([1, 2], 2, work), { message: 'broken' })
  await settle()
  begun[1]?.fail(new Error('broken'))
  begun[0]?.end()
  await all
})
