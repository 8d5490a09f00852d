import * as fc from 'fast-check'
import t from 'tap'
import { CcmError } from '../../shared/errors.ts'
import { readReview, toReviewAnswer } from '../../shared/kubernetes/review.ts'

const envelope = (request: unknown): string =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request })

t.test('reads what is used of a review', async t => {
  const object = { metadata: { name: 'node-a' } }
  const request = {
    uid: '1',
    resource: { group: '', version: 'v1', resource: 'nodes' },
    operation: 'CREATE',
    namespace: 'shop',
    name: 'node-a',
    dryRun: true,
    object,
    oldObject: { metadata: { name: 'before' } },
  }
  t.strictSame(readReview(envelope(request)), {
    uid: '1',
    group: '',
    resource: 'nodes',
    subResource: '',
    operation: 'CREATE',
    dryRun: true,
    namespace: 'shop',
    name: 'node-a',
    object,
    oldObject: { metadata: { name: 'before' } },
  })
})

t.test('fields that are absent or of another type read as empty', async t => {
  const empty = {
    group: '',
    resource: '',
    subResource: '',
    operation: '',
    dryRun: false,
    namespace: '',
    name: '',
    object: undefined,
    oldObject: undefined,
  }
  t.strictSame(readReview(envelope({ uid: '1' })), { uid: '1', ...empty })
  const strange = {
    uid: '1',
    resource: 'nodes',
    subResource: 1,
    operation: [],
    dryRun: 'true',
    namespace: 7,
    name: {},
    object: null,
    oldObject: null,
  }
  t.strictSame(readReview(envelope(strange)), { uid: '1', ...empty })
})

t.test('whatever the body, it is read or refused with a code, and never repeated', async t => {
  const body = fc.oneof(fc.string(), fc.json(), fc.jsonValue().map(envelope))
  fc.assert(
    fc.property(body, text => {
      try {
        return typeof readReview(text).uid === 'string'
      } catch (error) {
        return error instanceof CcmError && error.code.startsWith('WEBHOOK_')
      }
    }),
  )
  t.throws(() => readReview('{"password": hunter2}'), { message: 'the body is no JSON' })
})

t.test('a patch travels as base64 of JSON', async t => {
  const patch = [{ op: 'add', path: '/metadata/labels/a~1b', value: 'zürich' }] as const
  const { response } = toReviewAnswer('1', { patch })
  t.equal(response.patchType, 'JSONPatch')
  t.strictSame(JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString('utf8')), patch)
})

t.test('nothing to say is not said', async t => {
  for (const verdict of [{}, { patch: undefined, warnings: undefined }, { patch: [], warnings: [] }]) {
    t.strictSame(toReviewAnswer('1', verdict).response, { uid: '1', allowed: true })
  }
})

t.test('warnings are cut before the API server drops them', async t => {
  const warnings = Array.from({ length: 20 }, () => 'x'.repeat(300))
  const answered = toReviewAnswer('1', { warnings }).response.warnings ?? []
  t.equal(answered.length, 16)
  t.ok(answered.every(warning => warning.length === 256))
})

t.test('a warning holds nothing for which the API server drops it', async t => {
  const { response } = toReviewAnswer('u', {
    warnings: ['spec says "\u001b[2J\u0000a\u0085b\u007f\u202ec"', '\u0007'],
  })
  t.strictSame(response.warnings, ['spec says "[2Ja bc"'])
})
