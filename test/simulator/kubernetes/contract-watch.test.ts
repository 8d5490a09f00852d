import t, { type Test } from 'tap'
import type { Api } from '../../support/api.ts'
import {
  type Contract,
  create,
  patch,
  remove,
  runSteps,
  type Step,
  type Steps,
  testContract,
} from './contract.ts'
import { createNormaliser } from './normalise.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const NODES = '/api/v1/nodes'
/** Far above what an event needs; only a failing test waits so long. */
const LIMIT_MS = 10_000

interface WatchCase {
  /** Done before the watch starts. */
  readonly given?: readonly Step[]
  /** Path of the collection. */
  readonly path: string
  /** Query of the watch besides `watch`; `resourceVersion` is that of the list before unless it says otherwise. */
  readonly query?: Record<string, string>
  /** Done while it is open. */
  readonly steps: Steps
  /** How many events come before the steps are done: of what is there already. */
  readonly initial?: number
  /** How many events to wait for, the initial ones among them. */
  readonly events: number
}

const map = (name: string, labels: object, more: object = {}): object => ({
  metadata: { name, labels, ...more },
  data: { a: '1' },
})
const label = (name: string, labels: object): Step =>
  patch('merge', `${MAPS}/${name}`, { metadata: { labels } })

const CASES: Record<string, WatchCase> = {
  'changes come in order': {
    path: MAPS,
    query: { labelSelector: 'w=order' },
    steps: [
      create(MAPS, map('order', { w: 'order' })),
      patch('merge', `${MAPS}/order`, { data: { a: '2' } }),
      patch('merge', `${MAPS}/order`, { data: { a: '2' } }),
      remove(`${MAPS}/order`),
      create(MAPS, map('order', { w: 'order' })),
    ],
    events: 4,
  },
  'an object that begins or ceases to match comes or goes': {
    given: [create(MAPS, map('match', { w: 'other' }))],
    path: MAPS,
    query: { labelSelector: 'w=match' },
    steps: [
      label('match', { w: 'match' }),
      label('match', { x: 'y' }),
      label('match', { w: 'other' }),
      remove(`${MAPS}/match`),
    ],
    events: 3,
  },
  'a name is watched': {
    given: [create(MAPS, map('named', {})), create(MAPS, map('unnamed', {}))],
    path: MAPS,
    query: { fieldSelector: 'metadata.name=named' },
    steps: [label('unnamed', { a: 'b' }), label('named', { a: 'b' })],
    events: 1,
  },
  'without a version the objects that are there come first': {
    given: [create(MAPS, map('first-1', { w: 'first' })), create(MAPS, map('first-2', { w: 'first' }))],
    path: MAPS,
    query: { labelSelector: 'w=first', resourceVersion: '' },
    initial: 2,
    steps: [label('first-1', { a: 'b' })],
    events: 3,
  },
  'version 0 as well': {
    given: [create(MAPS, map('zero', { w: 'zero' }))],
    path: MAPS,
    query: { labelSelector: 'w=zero', resourceVersion: '0' },
    initial: 1,
    steps: [label('zero', { a: 'b' })],
    events: 2,
  },
  'initial events end with a bookmark': {
    given: [create(MAPS, map('initial', { w: 'initial' }))],
    path: MAPS,
    query: {
      labelSelector: 'w=initial',
      resourceVersion: '',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
    },
    steps: [],
    events: 2,
  },
  'a finalizer: first marked, then gone': {
    given: [create(MAPS, map('held', { w: 'held' }, { finalizers: ['example.com/a'] }))],
    path: MAPS,
    query: { labelSelector: 'w=held' },
    steps: [remove(`${MAPS}/held`), patch('merge', `${MAPS}/held`, { metadata: { finalizers: null } })],
    events: 2,
  },
  'a node and its status': {
    path: NODES,
    query: { fieldSelector: 'metadata.name=watched' },
    steps: [
      create(NODES, { metadata: { name: 'watched' } }),
      patch('merge', `${NODES}/watched/status`, {
        status: { addresses: [{ type: 'Hostname', address: 'watched' }] },
      }),
      remove(`${NODES}/watched`),
    ],
    events: 3,
  },
}

testContract(t, 'watch', {}, async (t, contract) => {
  for (const [name, each] of Object.entries(CASES))
    await t.test(name, async t => {
      const events = await watch(t, contract, each)
      contract.recording.check(t, name, createNormaliser()(events))
    })

  await t.test('a watch ends after its time', async t => {
    const path = `${NODES}?watch=true&timeoutSeconds=1&resourceVersion=${await versionNow(contract.api())}`
    const events = await Array.fromAsync(contract.api().watch(path, AbortSignal.timeout(LIMIT_MS)))
    t.same(events, [])
  })
})

async function watch(t: Test, contract: Contract, each: WatchCase): Promise<unknown[]> {
  await runSteps(t, contract, each.given ?? [])
  const query = { watch: 'true', resourceVersion: await versionNow(contract.api()), ...each.query }
  const path = `${each.path}?${new URLSearchParams(query).toString()}`
  const coming = contract.api().watch(path, AbortSignal.timeout(LIMIT_MS))
  const initial = await take(coming, each.initial ?? 0)
  const later = take(coming, each.events - initial.length)
  await runSteps(t, contract, each.steps)
  const events = [...initial, ...(await later)]
  await coming.return(undefined)
  t.equal(events.length, each.events, 'every event has come')
  return events
}

async function versionNow(api: Api): Promise<string> {
  const { body } = await api.call({ method: 'GET', path: `${MAPS}?labelSelector=w%3Dnothing` })
  return body.metadata?.resourceVersion ?? ''
}

/** The next events; fewer when the watch ends before. */
async function take(coming: AsyncGenerator, count: number): Promise<unknown[]> {
  const events: unknown[] = []
  while (events.length < count) {
    const { value, done }: IteratorResult<unknown> = await coming.next()
    if (done) break
    events.push(value)
  }
  return events
}
