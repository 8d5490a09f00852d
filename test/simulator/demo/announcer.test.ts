import t, { type Test } from 'tap'
import { CcmError } from '../../../shared/errors.ts'
import type { Kube, KubeRequest } from '../../../shared/kubernetes/client.ts'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import { createTurnableClock } from '../../../shared/simulator/clock.ts'
import { startAnnouncer } from '../../../shared/simulator/demo/announcer.ts'

const IPS = 'kube-vip.io/loadbalancerIPs'

interface Wish {
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: Readonly<Record<string, unknown>>
}

function createService(name: string, { annotations = {}, spec = {} }: Wish = {}): KubeService {
  const ports = [{ name: '80', port: 80, protocol: 'TCP', targetPort: 80 }]
  const metadata = { name, namespace: 'default', annotations }
  return { metadata, spec: { type: 'LoadBalancer', ports, ...spec } } as KubeService
}

/** An announcer in front of these Services; `refuse` fails a write. */
function setUp(t: Test, given: readonly KubeService[], refuse?: (request: KubeRequest) => void) {
  const clock = createTurnableClock()
  const stop = new AbortController()
  const stored = new Map(given.map(service => [service.metadata.name, service]))
  const writes: string[] = []

  async function answer(asked: KubeRequest): Promise<KubeService> {
    const [, name = '', door = ''] = /services\/([^/]+)\/?(.*)$/.exec(asked.path) ?? []
    const service = stored.get(name)
    if (!service) throw new CcmError('KUBE_NOT_FOUND', 'gone')
    if (asked.method !== 'PUT') return service
    refuse?.(asked)
    writes.push(`${name}${door && ` ${door}`}`)
    const { status, ...rest } = asked.body as KubeService
    // The one door writes the status alone, the other all but that.
    const next = (
      door === 'status' ? { ...service, status } : { ...rest, status: service.status }
    ) as KubeService
    stored.set(name, next)
    return next
  }

  const kube: Kube = {
    server: '',
    request: async asked => ({ body: (await answer(asked)) as never, date: 0 }),
    close() {},
    end() {},
  }
  const ended = startAnnouncer({
    services: () => [...stored.values()],
    kube,
    node: 'worker-1',
    clock,
    signal: stop.signal,
  })
  t.teardown(async () => {
    stop.abort()
    await clock.turn(1000)
    await ended
  })
  return { clock, stored, writes }
}

const ingressOf = (service: KubeService | undefined): unknown => service?.status?.loadBalancer?.ingress

t.test('writes what is announced into the status, once', async t => {
  const both = createService('both', { annotations: { [IPS]: '198.19.0.2, 2001:db8::2' } })
  const field = createService('field', { spec: { loadBalancerIP: '198.19.0.3' } })
  const wins = createService('wins', {
    annotations: { [IPS]: '198.19.0.4' },
    spec: { loadBalancerIP: '198.19.0.9' },
  })
  const { clock, stored, writes } = setUp(t, [both, field, wins])
  await clock.turn(500)
  const ports = [{ port: 80, protocol: 'TCP' }]
  t.strictSame(ingressOf(stored.get('both')), [
    { ip: '198.19.0.2', ports },
    { ip: '2001:db8::2', ports },
  ])
  t.strictSame(ingressOf(stored.get('field')), [{ ip: '198.19.0.3', ports }])
  t.strictSame(ingressOf(stored.get('wins')), [{ ip: '198.19.0.4', ports }])
  t.equal(stored.get('both')?.metadata.annotations?.['kube-vip.io/vipHost'], 'worker-1')
  t.equal(stored.get('both')?.metadata.annotations?.[IPS], '198.19.0.2, 2001:db8::2')
  t.strictSame(writes, ['both', 'both status', 'field', 'field status', 'wins', 'wins status'])
})

t.test('leaves alone what is not its business', async t => {
  const annotations = { [IPS]: '198.19.0.2' }
  const { clock, writes } = setUp(t, [
    createService('ignored', { annotations: { ...annotations, 'kube-vip.io/ignore': 'true' } }),
    createService('inside', { annotations, spec: { type: 'ClusterIP' } }),
    createService('classed', { annotations, spec: { loadBalancerClass: 'example.com/other' } }),
  ])
  await clock.turn(2000)
  t.strictSame(writes, [])
})

t.test('a Service without an address holds up all others, as long as nobody says to ignore it', async t => {
  const web = createService('web', { annotations: { [IPS]: '198.19.0.2' } })
  const { clock, stored, writes } = setUp(t, [createService('bare'), web])
  await clock.turn(29_000)
  t.strictSame(writes, [], 'nobody is served')
  await clock.turn(2000)
  t.strictSame(writes, ['web', 'web status'])

  stored.set('late', createService('late', { annotations: { [IPS]: '198.19.0.3' } }))
  stored.set('bare', createService('bare', { annotations: { 'kube-vip.io/ignore': 'true' } }))
  await clock.turn(32_000)
  t.ok(writes.includes('late status'), 'the mark helps from the next look on')
})

t.test('an address that comes meanwhile is seen within a second', async t => {
  const { clock, stored, writes } = setUp(t, [createService('bare')])
  await clock.turn(500)
  stored.set('bare', createService('bare', { annotations: { [IPS]: '198.19.0.2' } }))
  await clock.turn(1500)
  t.strictSame(writes, ['bare', 'bare status'])
})

t.test('looks again when somebody else wrote at the same moment', async t => {
  let refusals = 2
  const refuse = (): void => {
    if (refusals-- > 0) throw new CcmError('KUBE_CONFLICT', 'changed')
  }
  const { clock, writes } = setUp(t, [createService('web', { annotations: { [IPS]: '198.19.0.2' } })], refuse)
  await clock.turn(1000)
  t.strictSame(writes, ['web', 'web status'])
})
