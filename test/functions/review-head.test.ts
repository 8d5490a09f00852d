import t from 'tap'
import { type ReviewHead, readReviewHead } from '../../functions/review-head.ts'
import { review, serviceReview } from './_hosts.ts'

/** As the API server begins a review. */
const BEGINNING =
  '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"705ab4f5","kind":{"group":"","version":"v1","kind":"Node"},"resource":{"group":"","version":"v1","resource":"nodes"},"requestKind":{"gr'

const OBJECT = '"object":{"resource":{"group":"","version":"v1","resource":"nodes"},"request":{"uid":"mine"}}'

const HEADS: readonly [what: string, text: string, head: ReviewHead][] = [
  ['a node, cut in the middle', BEGINNING, { uid: '705ab4f5', kind: 'node' }],
  ['a node, whole', review(), { uid: 'review-1', kind: 'node' }],
  ['a Service', serviceReview({ uid: 's-1' }), { uid: 's-1', kind: 'service' }],
  ['what is cut before its resource', BEGINNING.slice(0, 120), { uid: '705ab4f5', kind: 'service' }],
  ['what is cut before its uid', BEGINNING.slice(0, 75), { uid: undefined, kind: 'service' }],
  ['a uid with an escape', BEGINNING.replace('705', '\\u0037'), { uid: undefined, kind: 'node' }],
  [
    'a Service whose object says otherwise',
    `${BEGINNING.replace('"nodes"', '"services"')}":"x"},${OBJECT}`,
    { uid: '705ab4f5', kind: 'service' },
  ],
  ['no review', '{"kind":"Node"}', { uid: undefined, kind: 'service' }],
]

for (const [what, text, head] of HEADS) {
  t.test(`the beginning of ${what}`, async t => t.strictSame(readReviewHead(text), head))
}
