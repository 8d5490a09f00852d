import t from 'tap'
import {
  classifyService,
  isUnclear,
  type ServiceCircumstances,
  toOwnership,
} from '../../../shared/controllers/service/classify.ts'
import { makeBlock, makeIndex, WEB } from '../address/_view.ts'
import { fakeAnnouncer, makeService, type ServiceSketch } from './_service.ts'

const ownership = toOwnership(
  WEB,
  makeIndex({ blocks: [makeBlock('a', '203.0.113.0/29')], members: ['198.51.100.7'] }),
)

const CASES: readonly [
  name: string,
  sketch: ServiceSketch,
  circumstances: Partial<ServiceCircumstances>,
  expected: 'serve' | 'handsOff',
][] = [
  [
    'asks for an address outside, in front of one of ours',
    { annotations: { 'example.org/ips': '203.0.113.2' }, spec: { loadBalancerIP: '192.0.2.1' } },
    {},
    'serve',
  ],
  [
    'asks for an address of ours, in front of one outside',
    { annotations: { 'example.org/ips': '192.0.2.1' }, spec: { loadBalancerIP: '203.0.113.2' } },
    {},
    'serve',
  ],
  [
    'asks for the address of a server, behind one outside',
    { annotations: { 'example.org/ips': '192.0.2.1,198.51.100.7' } },
    {},
    'serve',
  ],
  [
    'asks for the address of a server, and somebody else serves it with another one',
    { annotations: { 'example.org/ips': '198.51.100.7' }, status: ['192.0.2.1'] },
    {},
    'serve',
  ],
  [
    'asks for the address of a server, and is served with it',
    { annotations: { 'example.org/ips': '198.51.100.7' }, status: ['198.51.100.7'] },
    {},
    'handsOff',
  ],
  [
    'is served with the address of a server, and asks for one outside',
    { annotations: { 'example.org/ips': '192.0.2.1' }, status: ['198.51.100.7'] },
    {},
    'handsOff',
  ],
  [
    'asks for an address outside and for a host name, before anything is known',
    { annotations: { 'example.org/ips': '192.0.2.1,web.example.org' } },
    { ownership: undefined },
    'serve',
  ],
  [
    'served by somebody else with a host name',
    { annotations: { 'example.org/ips': 'web.example.org' }, status: ['192.0.2.1'] },
    {},
    'handsOff',
  ],
  [
    'served by somebody else with a host name that it had before',
    { annotations: { 'example.org/ips': 'web.example.org' }, status: ['192.0.2.1'] },
    { old: makeService({ annotations: { 'example.org/ips': 'web.example.org' } }) },
    'handsOff',
  ],
  [
    'served by somebody else, asks for a host name now',
    { annotations: { 'example.org/ips': 'web.example.org' }, status: ['192.0.2.1'] },
    { old: makeService({ annotations: { 'example.org/ips': '192.0.2.1' } }) },
    'serve',
  ],
  [
    'served by somebody else, and to be given any address of ours from now on',
    { status: ['192.0.2.1'] },
    { announcer: { ...fakeAnnouncer, drawsFromOurs: () => true }, ownership: undefined },
    'serve',
  ],
]
for (const [name, sketch, circumstances, expected] of CASES)
  t.test(name, async t => {
    const given = { classes: [], announcer: fakeAnnouncer, ownership, ...circumstances }
    t.equal(classifyService(makeService(sketch), given).kind, expected)
  })

t.test('what is unclear', async t => {
  const named = makeService({ annotations: { 'example.org/ips': 'web.example.org' } })
  t.ok(isUnclear(named, undefined, fakeAnnouncer))
  t.ok(isUnclear(named, named, fakeAnnouncer))
  const plain = makeService({ annotations: { 'example.org/ips': '192.0.2.1' } })
  t.notOk(isUnclear(plain, named, fakeAnnouncer))
  t.notOk(
    isUnclear({ ...named, status: { loadBalancer: { ingress: [{ hostname: 'x' }] } } }, named, fakeAnnouncer),
  )
})
