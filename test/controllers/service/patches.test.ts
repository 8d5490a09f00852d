import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { applyPatch, type Operation } from 'rfc6902'
import t from 'tap'
import {
  type ServiceFields,
  type ServiceState,
  toServiceFields,
} from '../../../shared/controllers/service/fields.ts'
import { toMergePatches, toReviewPatch } from '../../../shared/controllers/service/patches.ts'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import { fakeAnnouncer, makeService } from './_service.ts'

const OURS = 'phoenixnap.com/load-balancer'
const THEIRS = 'service.kubernetes.io/load-balancer-cleanup'

t.test('merge patches are for the version that was decided on, the status apart', async t => {
  const service = makeService()
  const fields = { finalizers: [OURS], annotations: { a: null }, ingress: [] }
  const seen = { uid: 'uid-of-web', resourceVersion: '5' }
  t.strictSame(toMergePatches(service, fields), {
    main: { metadata: { ...seen, finalizers: [OURS], annotations: { a: null } } },
    status: { metadata: seen, status: { loadBalancer: { ingress: [] } } },
  })
  t.strictSame(toMergePatches(service, { ingress: [] }).main, undefined)
  t.strictSame(toMergePatches(service, { finalizers: [] }).status, undefined)
  t.strictSame(toMergePatches(service, {}), {})
})

/** RFC 7396. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {}
  const result: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}

function review(service: KubeService, fields: ServiceFields): KubeService {
  const copy = structuredClone(service)
  const operations = structuredClone(toReviewPatch(service, fields)) as Operation[]
  assert.ok(operations.every(({ op }) => op !== 'test'))
  const failed = applyPatch(copy, operations).filter(Boolean)
  if (failed[0]) throw failed[0]
  return copy
}

function store(service: KubeService, fields: ServiceFields): KubeService {
  const { main = {}, status = {} } = toMergePatches(service, fields)
  return merge(merge(service, main), status) as KubeService
}

const KEYS = [
  'example.org/ips',
  'example.org/ignore',
  'phoenixnap.com/assigned-ips',
  'phoenixnap.com/waiting',
  'odd~key/x',
]
const anyService = fc
  .record(
    {
      annotations: fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom('', 'true', '203.0.113.2', 'x'), {
        noNullPrototype: true,
      }),
      finalizers: fc.uniqueArray(fc.constantFrom(OURS, THEIRS, 'a', 'b')),
      status: fc.subarray(['203.0.113.2', '192.0.2.1']),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  .map(sketch => makeService(sketch))
const anyState: fc.Arbitrary<ServiceState> = fc.oneof(
  fc
    .subarray(['203.0.113.2', '2001:db8::5'], { minLength: 1 })
    .map(addresses => ({ kind: 'serve', addresses }) as const),
  fc.subarray(['203.0.113.2']).map(remember => ({ kind: 'wait', since: 'now', remember }) as const),
  fc
    .constantFrom('deleted', 'typeChanged', 'classChanged', 'handedOver')
    .map(cause => ({ kind: 'clear', cause, assigned: ['203.0.113.2'] }) as const),
)

t.test('whatever the Service and the state: written once, nothing is left to write', async t => {
  fc.assert(
    fc.property(anyService, anyState, (service, state) => {
      const fields = toServiceFields(service, state, fakeAnnouncer)
      if (!fields) return
      assert.equal(toServiceFields(store(service, fields), state, fakeAnnouncer), undefined)
      const reviewed = toServiceFields(review(service, fields), state, fakeAnnouncer)
      assert.deepStrictEqual(reviewed, fields.ingress && { ingress: fields.ingress })
    }),
    { numRuns: 500 },
  )
  t.pass('held')
})

t.test('whatever the Service: finalizers and annotations of others stay', async t => {
  fc.assert(
    fc.property(anyService, anyState, (service, state) => {
      const after = store(service, toServiceFields(service, state, fakeAnnouncer) ?? {})
      for (const finalizer of ['a', 'b'])
        assert.equal(
          after.metadata.finalizers?.includes(finalizer) ?? false,
          service.metadata.finalizers?.includes(finalizer) ?? false,
        )
      assert.equal(after.metadata.annotations?.['odd~key/x'], service.metadata.annotations?.['odd~key/x'])
      assert.equal(after.metadata.finalizers?.includes(OURS) ?? false, state.kind !== 'clear')
    }),
  )
  t.pass('held')
})
