import t from 'tap'
import {
  decideBatch,
  decideReview,
  type Load,
  NO_LIMITS,
  type Verdict,
} from '../../functions/overload-plan.ts'

const LIMITS = { reviews: 8, waitingReviews: 4, batches: 2, bodyBytes: 1000, lagMs: 100 }
const IDLE: Load = {
  running: { node: 0, service: 0 },
  waiting: { node: 0, service: 0 },
  batches: 0,
  waitingBatches: 0,
  lagMs: 0,
  reviewMs: { node: 10, service: 10 },
}
const running = (node: number, service: number): Partial<Load> => ({ running: { node, service } })
const waiting = (node: number, service: number): Load['waiting'] => ({ node, service })
const SLOW = { node: 1500, service: 1500 }
const FULL = running(2, 6)

const REVIEWS: [string, Partial<Load>, Verdict, Verdict][] = [
  ['nothing else is under way', {}, 'go', 'go'],
  ['a place is left that Services may have', running(2, 5), 'go', 'go'],
  ['only the places of nodes are left', running(0, 6), 'go', 'wait'],
  ['nodes have taken all places', running(8, 0), 'wait', 'wait'],
  ['no place is left', FULL, 'wait', 'wait'],
  ['Services wait', { ...running(0, 6), waiting: waiting(0, 1) }, 'go', 'wait'],
  ['nodes wait', { ...FULL, waiting: waiting(1, 0) }, 'wait', 'wait'],
  ['the line of Services is full', { ...FULL, waiting: waiting(0, 4) }, 'wait', 'shed'],
  ['the line of nodes is full', { ...FULL, waiting: waiting(4, 0) }, 'shed', 'wait'],
  // Three nodes ahead of either, eight at a time, of 1.5 s: 0.6 s; before a Service three more, six at a time: 0.7 s.
  ['those ahead take too long', { ...FULL, waiting: waiting(3, 3), reviewMs: SLOW }, 'wait', 'shed'],
  ['the loop is late', { lagMs: 500 }, 'go', 'go'],
  ['the loop is very late', { lagMs: 501 }, 'go', 'shed'],
]

for (const [when, load, node, service] of REVIEWS) {
  t.test(`reviews when ${when}`, async t => {
    const all = { ...IDLE, ...load }
    t.equal(decideReview('node', 1000, all, LIMITS), node)
    t.equal(decideReview('service', 1000, all, LIMITS), service)
  })
}

const BATCHES: [string, Partial<Load>, Verdict][] = [
  ['nothing else is under way', {}, 'go'],
  ['reviews are worked on', FULL, 'go'],
  ['a review waits', { waiting: waiting(0, 1) }, 'wait'],
  ['all places are taken', { batches: 2 }, 'wait'],
  ['others wait', { waitingBatches: 1 }, 'wait'],
  ['as many wait as may', { batches: 2, waitingBatches: 8 }, 'shed'],
  ['the loop is late', { lagMs: 101 }, 'shed'],
]

for (const [when, load, verdict] of BATCHES) {
  t.test(`a batch when ${when}`, async t => t.equal(decideBatch({ ...IDLE, ...load }, LIMITS), verdict))
}

t.test('a server for one review at a time serves Services as well', async t => {
  t.equal(decideReview('service', 1000, IDLE, { ...LIMITS, reviews: 1 }), 'go')
})

t.test('without limits everything goes', async t => {
  const load = {
    ...IDLE,
    ...running(1e6, 1e6),
    batches: 1e6,
    lagMs: 1e6,
    reviewMs: { node: 1e6, service: 1e6 },
  }
  t.equal(decideReview('service', 0, load, NO_LIMITS), 'go')
  t.equal(decideBatch(load, NO_LIMITS), 'go')
})
