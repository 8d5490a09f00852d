import t from 'tap'
import { kubeVip } from '../../../shared/announcers/kube-vip.ts'
import { newMetalLB } from '../../../shared/announcers/metallb.ts'
import { pureLB } from '../../../shared/announcers/purelb.ts'
import { asStored, toKnowledge } from '../../../shared/controllers/service/decide.ts'
import {
  planRestraint,
  type RestraintInput,
  toHeldBack,
  toRestraint,
} from '../../../shared/controllers/service/restraint.ts'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import { SERVICE_SETTINGS } from '../_settings.ts'
import { API, makeBlock, makeBook, makeClaim, WEB } from '../address/_view.ts'
import { makeService, type ServiceSketch } from './_service.ts'

const BLOCK = makeBlock('a', '203.0.113.0/29')
const IPS = 'kube-vip.io/loadbalancerIPs'
const MARKS = { 'kube-vip.io/ignore': 'true', 'phoenixnap.com/kube-vip-ignore': 'true' }
const VICTIM = '203.0.113.3'
const OWN = '203.0.113.4'
const OUTSIDE = '192.0.2.1'
const SERVER = '198.51.100.7'
const CLAIMS = [makeClaim(VICTIM, 'a', { service: API })]
const HELD = [...CLAIMS, makeClaim(OWN, 'a', { state: 'released' })]
const RESTING = [...CLAIMS, makeClaim(OWN, 'a', { state: 'released', serviceUid: undefined })]
const DELETED = { deletionTimestamp: '2026-03-01T12:00:00Z' }

const toInput = (
  claims = CLAIMS,
  announcer: RestraintInput['context']['announcer'] = kubeVip,
  isKnown = true,
): RestraintInput => {
  const source = isKnown ? { blocks: [BLOCK], location: '', memberAddresses: [SERVER] } : undefined
  const knowledge = toKnowledge({ book: makeBook(claims, [BLOCK]), source }, { settings: SERVICE_SETTINGS })
  return { context: { announcer }, knowledge }
}
const asking = (text: string, sketch: ServiceSketch = {}) =>
  makeService({ ...sketch, annotations: { [IPS]: text, ...sketch.annotations } })

type Written = Readonly<Record<string, string | null>> | undefined
const CASES: readonly [name: string, input: RestraintInput, service: ReturnType<typeof asking>, Written][] = [
  ['asks for nothing', toInput(), makeService(), undefined],
  ['asks for an address outside', toInput(), asking(OUTSIDE), undefined],
  ["asks for somebody's address", toInput(), asking(VICTIM), MARKS],
  ["asks for a server's address", toInput(), asking(`${OUTSIDE},${SERVER}`), MARKS],
  ["has a server's address", toInput(), asking(SERVER, { status: [SERVER] }), undefined],
  ['asks for a free address of ours', toInput(), asking('203.0.113.5'), MARKS],
  ['asks for an address that rests for its name', toInput(RESTING), asking(OWN), MARKS],
  ['asks for what it holds', toInput([makeClaim(OWN, 'a')]), asking(OWN), undefined],
  [
    "has an address still, and asks for somebody's",
    toInput([...CLAIMS, makeClaim(OWN, 'a')]),
    asking(VICTIM),
    MARKS,
  ],
  ['is held back', toInput(), asking(VICTIM, { annotations: MARKS }), undefined],
  [
    'was held back and asks for less',
    toInput(),
    asking(OUTSIDE, { annotations: MARKS }),
    { 'kube-vip.io/ignore': null, 'phoenixnap.com/kube-vip-ignore': null },
  ],
  [
    'was held back, and it is not known which blocks there are',
    toInput(CLAIMS, kubeVip, false),
    asking(OUTSIDE, { annotations: MARKS }),
    undefined,
  ],
  [
    "asks for somebody's address, and only claims are known",
    toInput(CLAIMS, kubeVip, false),
    asking(VICTIM),
    MARKS,
  ],
  ['asks for a host name', toInput(), asking('web.example.org'), MARKS],
  [
    'is held back for a host name with the address of somebody else by now',
    toInput(),
    asking('web.example.org', { annotations: MARKS, status: [OUTSIDE] }),
    undefined,
  ],
  [
    'asks for a host name, of PureLB, which knows none',
    toInput(CLAIMS, pureLB),
    makeService({ annotations: { 'purelb.io/addresses': 'web.example.org' } }),
    undefined,
  ],
  ['is of another type', toInput(), asking(VICTIM, { spec: { type: 'ClusterIP' } }), undefined],
  ['has no spec', toInput(), { metadata: makeService({ annotations: MARKS }).metadata }, undefined],
  [
    'is of another type, and was held back before',
    toInput(),
    makeService({ annotations: MARKS, spec: { type: 'ClusterIP' } }),
    undefined,
  ],
  [
    'asks for what a review has just claimed for it',
    toInput([makeClaim(OWN, 'a', { state: 'unconfirmed', serviceUid: undefined })]),
    asking(OWN),
    undefined,
  ],
  [
    'is not stored yet, and asks for an address that rests for its name',
    toInput(RESTING),
    { ...asking(OWN), metadata: { name: 'web', annotations: { [IPS]: OWN } } },
    MARKS,
  ],
  [
    "is deleted, has an address that rests for its name, and names somebody's",
    toInput(RESTING),
    asking(VICTIM, { meta: DELETED }),
    MARKS,
  ],
  ['is deleted, and names what it holds', toInput(HELD), asking(OWN, { meta: DELETED }), undefined],
  ["is deleted, and names somebody's", toInput(HELD), asking(VICTIM, { meta: DELETED }), { [IPS]: OWN }],
  [
    'is deleted, and names a host, with an address',
    toInput(HELD),
    asking(`${OWN},web.example.org`, { meta: DELETED, status: [OWN] }),
    { [IPS]: OWN },
  ],
  ['is deleted, holds nothing and names some', toInput(), asking(VICTIM, { meta: DELETED }), MARKS],
  ['is deleted, and waited', toInput(), makeService({ meta: DELETED, annotations: MARKS }), undefined],
]
for (const [name, input, service, annotations] of CASES)
  t.test(`one that ${name}`, async t => {
    const found = planRestraint(input, WEB, service)
    t.strictSame(found?.fields, annotations && { annotations })
    const isLetGo = annotations && Object.values(annotations).every(value => value === null)
    t.equal(found?.problem?.code, annotations && !isLetGo ? 'CCM_ADDRESS_TAKEN' : undefined)
  })

t.test('nothing is held back while load balancers are disabled', async t => {
  const input = { ...toInput(), context: { announcer: undefined } }
  t.equal(planRestraint(input, WEB, asking(VICTIM)), undefined)
})

t.test('of one that somebody else serves a host name counts that is new', async t => {
  const service = asking('web.example.org', { status: [OUTSIDE] })
  t.strictSame(planRestraint(toInput(), WEB, service, asking(OUTSIDE, { status: [OUTSIDE] }))?.fields, {
    annotations: MARKS,
  })
  t.equal(planRestraint(toInput(), WEB, service, asking('web.example.org', { status: [OUTSIDE] })), undefined)
  t.equal(planRestraint(toInput(), WEB, service), undefined)
})

t.test('what it holds is told in the order in which it had it', async t => {
  const claims = [...HELD, makeClaim('2001:db8::5', 'a')]
  for (const assigned of [`2001:db8::5,${OWN}`, `${OWN},2001:db8::5`]) {
    const old = makeService({ annotations: { 'phoenixnap.com/assigned-ips': assigned } })
    const found = planRestraint(toInput(claims), WEB, asking(VICTIM, { meta: DELETED }), old)
    t.strictSame(found?.fields, { annotations: { [IPS]: assigned } })
  }
})

t.test('PureLB goes by an address whatever the group', async t => {
  const group = { 'purelb.io/service-group': 'theirs' }
  const named = makeService({ annotations: { ...group, 'purelb.io/addresses': VICTIM } })
  const written = { annotations: { 'purelb.io/addresses': ` ${VICTIM}` } }
  t.strictSame(planRestraint(toInput(CLAIMS, pureLB), WEB, named)?.fields, written)
  const going = { ...named, metadata: { ...named.metadata, ...DELETED } }
  t.strictSame(planRestraint(toInput(HELD, pureLB), WEB, going)?.fields, written, 'also of one that is going')
  const inField = makeService({ annotations: group, spec: { loadBalancerIP: VICTIM } })
  t.strictSame(planRestraint(toInput(CLAIMS, pureLB), WEB, inField)?.fields, {
    annotations: { 'purelb.io/addresses': '0.0.0.0' },
  })
  t.equal(planRestraint(toInput(CLAIMS, pureLB), WEB, makeService({ annotations: group })), undefined)
})

const POOL = 'metallb.io/address-pool'
const OLD_POOL = 'metallb.universe.tf/address-pool'
const GROUP = 'purelb.io/service-group'
const MULTI = 'purelb.io/multi-pool'
const FROM = 'purelb.io/allocated-from'
const OURS = 'cloud-provider-phoenixnap'
const WAITING = 'phoenixnap-waiting'
const ADDRESSES = 'purelb.io/addresses'
const metalLB = newMetalLB('metallb-system')
const DRAWING: readonly [name: string, RestraintInput, ReturnType<typeof asking>, Written][] = [
  [
    'names our pool',
    toInput(CLAIMS, metalLB),
    makeService({ annotations: { [POOL]: OURS } }),
    { [POOL]: WAITING },
  ],
  [
    'is deleted, has an address and names our pool',
    toInput(HELD, metalLB),
    makeService({ annotations: { [OLD_POOL]: OURS }, meta: DELETED }),
    { 'metallb.io/loadBalancerIPs': OWN },
  ],
  [
    'is deleted, has none and names our pool',
    toInput(CLAIMS, metalLB),
    makeService({ annotations: { [OLD_POOL]: OURS }, meta: DELETED }),
    { [POOL]: WAITING },
  ],
  [
    'is held back in front of the name of our pool',
    toInput(CLAIMS, metalLB),
    makeService({ annotations: { [POOL]: WAITING, [OLD_POOL]: OURS } }),
    undefined,
  ],
  [
    'was held back for a name that it has no more',
    toInput(CLAIMS, metalLB),
    makeService({ annotations: { [POOL]: WAITING, [OLD_POOL]: 'theirs' } }),
    { [POOL]: null },
  ],
  [
    'names our group',
    toInput(CLAIMS, pureLB),
    makeService({ annotations: { [GROUP]: OURS } }),
    { [GROUP]: WAITING, [MULTI]: 'false' },
  ],
  [
    'is deleted, has an address, and asks for one of every range',
    toInput(HELD, pureLB),
    makeService({ annotations: { [ADDRESSES]: OWN, [MULTI]: 'true' }, meta: DELETED, status: [OWN] }),
    { [MULTI]: 'false' },
  ],
  [
    'has an address of ours, of another group by now, and asks for one of every range',
    toInput(CLAIMS, pureLB),
    makeService({ annotations: { [GROUP]: 'theirs', [MULTI]: 'true' }, status: [VICTIM] }),
    { [MULTI]: 'false' },
  ],
  [
    'is of another group, and has a note that it comes from ours',
    toInput(CLAIMS, pureLB),
    makeService({ annotations: { [GROUP]: 'theirs', [FROM]: OURS } }),
    { [MULTI]: 'false' },
  ],
  [
    'was held back for such a note, and has it still',
    toInput(CLAIMS, pureLB),
    makeService({ annotations: { [GROUP]: WAITING, [MULTI]: 'false', [FROM]: OURS } }),
    { [GROUP]: null },
  ],
  [
    'asks for an address of every range of another group',
    toInput(CLAIMS, pureLB),
    makeService({ annotations: { [GROUP]: 'theirs', [MULTI]: 'true' }, status: [OUTSIDE] }),
    undefined,
  ],
]
for (const [name, input, service, annotations] of DRAWING)
  t.test(`one that ${name}`, async t => {
    const found = planRestraint(input, WEB, service)
    t.strictSame(found?.fields, annotations && { annotations })
    const isLetGo = annotations && Object.values(annotations).every(value => value === null)
    t.equal(found?.problem?.code, annotations && !isLetGo ? 'CCM_ADDRESS_TAKEN' : undefined)
  })

const review = (service: KubeService, before: KubeService) =>
  planRestraint(toInput(CLAIMS, pureLB), WEB, asStored(service, before), before)

t.test('in a review the status that is stored counts', async t => {
  const annotations = { [GROUP]: 'theirs', [MULTI]: 'true' }
  const old = makeService({ annotations, status: [VICTIM] })
  const found = review(makeService({ annotations }), old)
  t.strictSame(found?.fields, { annotations: { [MULTI]: 'false' } })
  const served = makeService({ annotations, status: [VICTIM] })
  t.equal(review(served, makeService({ annotations })), undefined)
})

t.test('one that is cleaned up holds what it is told to hold', async t => {
  const service = asking(OWN)
  t.strictSame(toRestraint(toInput(HELD), WEB, [OWN])(service), {})
  t.strictSame(toRestraint(toInput(HELD), WEB, [])(service), MARKS)
})

t.test('a plan tells what is done, and why', async t => {
  const back = planRestraint(toInput(), WEB, asking(VICTIM))
  const go = planRestraint(toInput(), WEB, asking(OUTSIDE, { annotations: MARKS }))
  t.match(back?.problem?.message, /that it does not hold, .* it is not announced with it/)
  t.strictSame(
    [back, go].map(found => found && toHeldBack(WEB, found)),
    [
      {
        kind: 'Service',
        name: 'default/web',
        action: 'holdBack',
        detail: { annotations: MARKS },
        why: back?.problem?.message,
      },
      {
        kind: 'Service',
        name: 'default/web',
        action: 'letGo',
        detail: go?.fields,
        why: 'it names no address of this cluster any more',
      },
    ],
  )
})
