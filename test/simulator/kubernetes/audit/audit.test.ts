import t from 'tap'
import { listen, type Received, simulate } from '../_simulated.ts'

const create = (name: string): { method: string; path: string; body: unknown } => ({
  method: 'POST',
  path: '/api/v1/nodes',
  body: { metadata: { name } },
})
const itemsOf = ({ body }: Received): unknown[] => (body as { items: unknown[] }).items
/** Lets requests that are on their way arrive. */
const arrived = async (received: readonly unknown[], count: number): Promise<void> => {
  while (received.length < count) await new Promise(resolve => setImmediate(resolve))
}

t.test('a batch goes when it is full, with its token', async t => {
  const { simulator, api } = await simulate(t)
  const sink = await listen(t, () => ({}), true)
  simulator.setAudit({ url: `${sink.url}/audit`, ca: sink.ca, token: 'secret', maxBatchSize: 2 })
  await api().call(create('a'))
  await api('somebody').call({ method: 'DELETE', path: '/api/v1/nodes/a' })
  await arrived(sink.received, 1)
  t.match(sink.received[0], {
    path: '/audit',
    authorization: 'Bearer secret',
    body: {
      kind: 'EventList',
      apiVersion: 'audit.k8s.io/v1',
      items: [
        {
          level: 'Metadata',
          stage: 'ResponseComplete',
          verb: 'create',
          user: { username: 'admin' },
          objectRef: { resource: 'nodes', name: 'a', apiVersion: 'v1' },
          responseStatus: { code: 201 },
          requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
        },
        {
          verb: 'delete',
          user: { username: 'somebody' },
          responseStatus: { code: 403, reason: 'Forbidden' },
        },
      ],
    },
  })
})

t.test('a batch that is not full goes after its time', async t => {
  const { simulator, clock, api } = await simulate(t)
  const sink = await listen(t, () => ({}))
  simulator.setAudit({
    url: sink.url,
    maxWaitMs: 1000,
    policy: { rules: [{ level: 'Metadata', verbs: ['create'] }] },
  })
  await api().call(create('a'))
  await api().call({ method: 'GET', path: '/api/v1/nodes' })
  await clock.turn(999)
  t.equal(sink.received.length, 0)
  await clock.turn(1)
  await arrived(sink.received, 1)
  t.equal(itemsOf(sink.received[0] ?? { path: '', authorization: '', body: {} }).length, 1)
})

t.test('a batch that failed is sent again, and dropped in the end', async t => {
  const { simulator, clock, api } = await simulate(t)
  const sink = await listen(t, () => ({ status: 503 }))
  simulator.setAudit({ url: sink.url, maxBatchSize: 1 })
  await api().call(create('a'))
  for (let tries = 1; tries <= 5; tries += 1) {
    await arrived(sink.received, tries)
    for (let turns = 0; turns < 100 && sink.received.length === tries; turns += 1) await clock.turn(1000)
  }
  t.equal(sink.received.length, 5)
})

t.test('without a sink nothing is sent', async t => {
  const { simulator, clock, api } = await simulate(t)
  const sink = await listen(t, () => ({}))
  simulator.setAudit({ url: sink.url, maxWaitMs: 10 })
  simulator.setAudit(undefined)
  await api().call(create('a'))
  await clock.turn(1000)
  t.equal(sink.received.length, 0)
})
