import t from 'tap'
import { createCounter } from '../../shared/bmc/counter.ts'

t.test('counts by operation, live', async t => {
  const counter = createCounter()
  t.strictSame([...counter.counts], [])
  for (const operation of ['GET a', 'POST b', 'GET a']) counter.add(operation)
  t.strictSame(
    [...counter.counts],
    [
      ['GET a', 2],
      ['POST b', 1],
    ],
  )
})
