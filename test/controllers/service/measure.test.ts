import t from 'tap'
import type { Claim } from '../../../shared/controllers/address/contract.ts'
import { measureServed, type ServedNow, toAddressDelay } from '../../../shared/controllers/service/measure.ts'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import { createTally } from '../../metrics/_tally.ts'

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0)
const before = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString()
const service = (waiting?: string): KubeService => ({
  metadata: {
    name: 'web',
    creationTimestamp: before(3600),
    ...(waiting === undefined ? {} : { annotations: { 'phoenixnap.com/waiting': waiting } }),
  },
})
const claim = (state: Claim['state']): Claim => ({
  address: '198.51.100.2',
  family: 'IPv4',
  service: { namespace: 'default', name: 'web' },
  state,
  since: NOW,
  serviceUid: undefined,
  blockId: 'b',
  restMs: undefined,
  why: undefined,
  uid: 'u',
  resourceVersion: '1',
})
const now = (
  kind: 'serve' | 'wait',
  live: readonly string[] = [],
  confirm: readonly Claim[] = [],
): Omit<ServedNow, 'changed'> => ({
  plan: {
    settlement: { kind, addresses: [], claims: [], surplus: [], lacking: [], why: '' },
    confirm,
  },
  live,
  now: NOW,
})

const CASES = [
  { name: 'it waits', service: service(before(5)), done: now('wait'), is: undefined },
  { name: 'it has waited since its mark says so', service: service(before(5)), done: now('serve'), is: 5 },
  { name: 'it was never marked', service: service(), done: now('serve'), is: 3600 },
  { name: 'its mark is no time', service: service('long ago'), done: now('serve'), is: undefined },
  { name: 'its mark is of a time to come', service: service(before(-60)), done: now('serve'), is: 0 },
  {
    name: 'its review gave it the address',
    service: service(),
    done: now('serve', ['198.51.100.2'], [claim('unconfirmed')]),
    is: 0,
  },
  {
    name: 'its review gave it one of its addresses',
    service: service(),
    done: now('serve', ['198.51.100.2'], [claim('released'), claim('unconfirmed')]),
    is: 0,
  },
  {
    name: 'it has been served for long',
    service: service(),
    done: now('serve', ['198.51.100.2'], [claim('released')]),
    is: undefined,
  },
]

for (const { name, service, done, is } of CASES)
  t.test(`how long a Service waited: ${name}`, async t => {
    t.equal(toAddressDelay(service, done), is)
  })

t.test('a Service that is as it should be counts nothing', async t => {
  const { measure, counts } = createTally()
  measureServed({ measure }, service(before(5)), { ...now('serve'), changed: false })
  t.strictSame(counts(), {})
  measureServed({ measure }, service(before(5)), { ...now('wait'), changed: true })
  t.strictSame(counts(), { service_controller_loadbalancer_sync_total: 1 })
  measureServed({ measure }, service(before(5)), { ...now('serve'), changed: true })
  t.strictSame(counts(), {
    service_controller_loadbalancer_sync_total: 2,
    phoenixnap_ccm_service_address_delay_seconds: 1,
  })
  t.doesNotThrow(() => measureServed({}, service(before(5)), { ...now('serve'), changed: true }))
})
