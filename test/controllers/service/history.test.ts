import t from 'tap'
import { readHistory, statusAddresses } from '../../../shared/controllers/service/history.ts'
import { makeService } from './_service.ts'

const ASSIGNED = 'phoenixnap.com/assigned-ips'
const WAITING = 'phoenixnap.com/waiting'
const assign = (text: string, more: Readonly<Record<string, string>> = {}) =>
  makeService({ annotations: { [ASSIGNED]: text, ...more } })
const MANY = Array.from({ length: 15_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`)

t.test('what was assigned comes before what the status has', async t => {
  const service = makeService({
    annotations: { [ASSIGNED]: '203.0.113.2, 2001:DB8::5,x' },
    status: ['203.0.113.9', '203.0.113.2'],
  })
  const assigned = ['203.0.113.2', '2001:db8::5']
  t.strictSame(readHistory(service), {
    assigned,
    live: assigned,
    isServed: false,
    held: [...assigned, '203.0.113.9'],
  })
})

t.test('one that waits is served with nothing', async t => {
  const found = readHistory(assign('203.0.113.2', { [WAITING]: '2026-03-01T12:00:00Z' }))
  t.strictSame(found, { assigned: ['203.0.113.2'], live: [], isServed: false, held: ['203.0.113.2'] })
})

t.test('what a replaced object lacks, the old one tells', async t => {
  t.strictSame(readHistory(makeService(), assign('203.0.113.2')).live, ['203.0.113.2'])
  t.strictSame(readHistory(assign('203.0.113.3'), assign('203.0.113.2')).live, ['203.0.113.3'])
})

t.test('the finalizer tells who is served where the rest was taken off', async t => {
  const marked = makeService({ finalizers: ['phoenixnap.com/load-balancer'] })
  t.ok(readHistory(marked).isServed)
  t.ok(readHistory(makeService(), marked).isServed, 'a replaced object as well')
  const waiting = makeService({
    finalizers: ['phoenixnap.com/load-balancer'],
    annotations: { [WAITING]: '2026-03-01T12:00:00Z' },
  })
  t.notOk(readHistory(waiting).isServed)
  t.notOk(readHistory(marked, waiting).isServed)
})

t.test('a list that is too long to be ours is as good as none', async t => {
  for (const text of [MANY.join(), '203.0.113.3,'.repeat(17), `203.0.113.3${' '.repeat(1024)}`]) {
    t.strictSame(readHistory(assign(text)).held, [])
    t.strictSame(readHistory(assign(text), assign('203.0.113.2')).live, ['203.0.113.2'])
  }
})

t.test('a status is read as far as a Service may have addresses', async t => {
  t.strictSame(statusAddresses(makeService({ status: MANY })), MANY.slice(0, 16))
  t.strictSame(statusAddresses(makeService()), [])
  t.strictSame(statusAddresses({ ...makeService(), status: {} }), [])
})

t.test('a host name in the status is no address', async t => {
  const ingress = [{ hostname: 'lb.example.org' }, { ip: 'x' }, { ip: '2001:DB8::5' }]
  t.strictSame(statusAddresses({ ...makeService(), status: { loadBalancer: { ingress } } }), ['2001:db8::5'])
})
