import t from 'tap'
import { type EventSubject, type EventText, recordEvent } from '../../shared/kubernetes/events.ts'
import { createStage, type Stage } from '../controllers/_stage.ts'

const NODE: EventSubject = { apiVersion: 'v1', kind: 'Node', name: 'node-a', uid: 'uid-1' }
const TEXT: EventText = {
  type: 'Warning',
  reason: 'InstanceNotFound',
  message: 'No server.',
  component: 'cloud-node-controller',
}
const record = (stage: Stage, subject: Partial<EventSubject> = {}, text: Partial<EventText> = {}) =>
  recordEvent(stage.kube, { ...NODE, ...subject }, { ...TEXT, ...text }, stage.clock.now())

t.test('an event as kubectl describe shows it', async t => {
  const stage = await createStage(t)
  t.ok(await record(stage))
  t.match(stage.simulator.store.list('events', { namespace: 'default' }), [
    {
      metadata: { name: /^node-a\.[0-9a-f]+$/, namespace: 'default' },
      involvedObject: { apiVersion: 'v1', kind: 'Node', name: 'node-a', uid: 'uid-1' },
      type: 'Warning',
      reason: 'InstanceNotFound',
      message: 'No server.',
      source: { component: 'cloud-node-controller' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
    },
  ])
})

t.test('any number of handlers write it once, one after another or at once', async t => {
  const stage = await createStage(t)
  const written = [
    await record(stage),
    ...(await Promise.all(Array.from({ length: 8 }, () => record(stage)))),
  ]
  t.strictSame(written, [true, ...Array.from({ length: 8 }, () => false)])
  const racing = await Promise.all(
    Array.from({ length: 8 }, () => record(stage, {}, { message: 'Another.' })),
  )
  t.equal(racing.filter(Boolean).length, 1)
  t.equal(stage.events().length, 2)
})

t.test('what is there costs one read and no write', async t => {
  const stage = await createStage(t)
  await record(stage)
  stage.simulator.requests.clear()
  await stage.clock.turn(3_000_000)
  t.notOk(await record(stage))
  t.strictSame(stage.writes(), [])
  t.equal(stage.simulator.requests.count(), 1)
})

t.test('it comes again only when the API server has let it expire', async t => {
  const stage = await createStage(t)
  await record(stage)
  const [event] = stage.simulator.store.list('events')
  stage.simulator.store.delete('events', event?.metadata.name ?? '', 'default')
  t.ok(await record(stage))
})

const DIFFERENT: readonly [name: string, subject: Partial<EventSubject>, text: Partial<EventText>][] = [
  ['a new node of that name', { uid: 'uid-2' }, {}],
  ['another node', { name: 'node-b' }, {}],
  ['another kind', { kind: 'Service' }, {}],
  ['another reason', {}, { reason: 'Other' }],
  ['another text', {}, { message: 'Other.' }],
  ['another type', {}, { type: 'Normal' }],
  ['another source', {}, { component: 'service-controller' }],
]
for (const [name, subject, text] of DIFFERENT)
  t.test(`is another event: ${name}`, async t => {
    const stage = await createStage(t)
    await record(stage)
    t.ok(await record(stage, subject, text))
  })

t.test('events of a namespaced object lie in its namespace', async t => {
  const stage = await createStage(t)
  await record(stage, { kind: 'Service', name: 'web', namespace: 'kube-system' })
  t.match(stage.simulator.store.list('events', { namespace: 'kube-system' }), [
    { involvedObject: { namespace: 'kube-system', name: 'web' } },
  ])
})

t.test('a text that is too long is cut to what the API server takes', async t => {
  const stage = await createStage(t)
  await record(stage, {}, { message: 'x'.repeat(5000) })
  t.equal(stage.events()[0]?.message.length, 1024)
})

for (const name of ['n'.repeat(253), `${'n'.repeat(235)}.${'m'.repeat(17)}`])
  t.test(
    `an object with a name of ${name.length} letters has events, too: ${name.slice(234, 238)}`,
    async t => {
      const stage = await createStage(t)
      t.ok(await record(stage, { name }))
      t.notOk(await record(stage, { name }))
      t.equal(stage.events(name).length, 1)
    },
  )

t.test('a cluster that fails is thrown', async t => {
  const stage = await createStage(t)
  stage.simulator.faults.fail({ verb: 'create', resource: 'events' }, { status: 403, reason: 'Forbidden' })
  await t.rejects(record(stage), { code: 'KUBE_FORBIDDEN' })
  stage.simulator.faults.fail({ verb: 'get', resource: 'events' }, { status: 500 })
  await t.rejects(record(stage), { code: 'KUBE_SERVER_ERROR' })
})
