import t from 'tap'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import { isHeld, isServed, isWaiting } from '../../../shared/simulator/demo/service-state.ts'

interface Case {
  readonly what: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly ips?: readonly string[]
  readonly loadBalancerIP?: string
  readonly served?: boolean
  readonly waiting?: boolean
}

const CHOSEN = { 'phoenixnap.com/assigned-ips': '198.19.0.2' }
const ANNOUNCED = { ...CHOSEN, 'kube-vip.io/loadbalancerIPs': '198.19.0.2' }
const IGNORED = { 'kube-vip.io/ignore': 'true' }
const MARKED = { 'phoenixnap.com/waiting': '2026-01-01T00:00:00Z' }
const IPS = ['198.19.0.2']

const CASES: readonly Case[] = [
  { what: 'nothing at all' },
  { what: 'chosen, announced and written', annotations: ANNOUNCED, ips: IPS, served: true },
  {
    what: 'announced by the field',
    annotations: CHOSEN,
    loadBalancerIP: '198.19.0.2',
    ips: IPS,
    served: true,
  },
  { what: 'not written yet', annotations: ANNOUNCED },
  { what: 'written, but not chosen', annotations: { 'kube-vip.io/loadbalancerIPs': '198.19.0.2' }, ips: IPS },
  { what: 'another one is written', annotations: ANNOUNCED, ips: ['198.19.0.3'] },
  { what: 'announced, but ignored', annotations: { ...ANNOUNCED, ...IGNORED }, ips: IPS },
  { what: 'marked and ignored', annotations: { ...MARKED, ...IGNORED }, waiting: true },
  { what: 'marked, but kube-vip waits for it', annotations: MARKED },
  { what: 'ignored by its user', annotations: IGNORED },
  { what: 'marked although one was chosen', annotations: { ...MARKED, ...IGNORED, ...CHOSEN } },
]

for (const { what, annotations = {}, ips = [], loadBalancerIP, served = false, waiting = false } of CASES) {
  t.test(what, async t => {
    const service: KubeService = {
      metadata: { name: 'web', annotations },
      spec: { type: 'LoadBalancer', ...(loadBalancerIP ? { loadBalancerIP } : {}) },
      status: { loadBalancer: { ingress: ips.map(ip => ({ ip })) } },
    }
    t.equal(isServed(service), served)
    t.equal(isWaiting(service), waiting)
  })
}

const held = (...finalizers: string[]): boolean => isHeld({ metadata: { name: 'web', finalizers } })

t.test('our finalizer holds it, and no other', async t => {
  t.ok(held('example.com/other', 'phoenixnap.com/load-balancer'))
  t.notOk(held('example.com/other'))
  t.notOk(isHeld(undefined))
})
