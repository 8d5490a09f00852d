import t from 'tap'
import * as events from '../../../shared/controllers/service/events.ts'

const problem = { code: 'CCM_ADDRESS_TAKEN', message: 'It is taken.' } as const
const TEXTS: readonly [event: events.ServiceEvent, type: string, reason: string, message: string][] = [
  [events.ensuringEvent(), 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer'],
  [events.ensuredEvent(), 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer'],
  [events.deletingEvent(), 'Normal', 'DeletingLoadBalancer', 'Deleting load balancer'],
  [events.deletedEvent(), 'Normal', 'DeletedLoadBalancer', 'Deleted load balancer'],
  [
    events.addressesEvent(['203.0.113.2', '2001:db8::4'], ['203.0.113.3', '2001:db8::5']),
    'Normal',
    'LoadBalancerIP',
    '203.0.113.2,2001:db8::4 -> 203.0.113.3,2001:db8::5',
  ],
  [
    events.syncFailedEvent(problem),
    'Warning',
    'SyncLoadBalancerFailed',
    'Error syncing load balancer: CCM_ADDRESS_TAKEN: It is taken.',
  ],
  [
    events.updateFailedEvent(problem),
    'Warning',
    'UpdateLoadBalancerFailed',
    'Error updating load balancer: CCM_ADDRESS_TAKEN: It is taken.',
  ],
  [
    events.handsOffEvent('192.0.2.1', true),
    'Normal',
    'LoadBalancerNotManaged',
    'The Service has 192.0.2.1, which lies in no IP block of this cluster, so another controller serves it; annotate it with phoenixnap.com/manage=true to have it served from here.',
  ],
  [
    events.handsOffEvent('192.0.2.1', false),
    'Warning',
    'LoadBalancerNotManaged',
    'The Service asks for 192.0.2.1, which lies in no IP block of this cluster, so it is left to another controller; ask for no address, or annotate it with phoenixnap.com/manage=true.',
  ],
]
for (const [event, type, reason, message] of TEXTS)
  t.test(`writes ${reason}: ${message}`, async t => {
    t.strictSame(event, { type, reason, message, component: 'service-controller' })
  })

t.test('a host name that somebody wrote does not fill the event', async t => {
  const { message } = events.handsOffEvent('x'.repeat(253), true)
  t.match(message, `The Service has ${'x'.repeat(100)}, which`)
})
