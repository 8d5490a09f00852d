import t from 'tap'
import { FINALIZER } from '../../shared/kubernetes/names.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import { toPublicationFaults, toRestFaults, type View } from '../../torture/invariants/sound.ts'
import { type AddressView, createManifest, KUBE_VIP_IPS } from '../support/services.ts'

const BLOCK = '198.19.0.16/29'
const ADDRESS = '198.19.0.18'
const NETWORK = 'net'

function service(name: string, address: string, change: Partial<KubeService['metadata']> = {}): KubeService {
  const annotations = { 'phoenixnap.com/assigned-ips': address, [KUBE_VIP_IPS]: address }
  const manifest = createManifest(name, { annotations, finalizers: [FINALIZER] })
  return { ...manifest, metadata: { ...manifest.metadata, uid: `uid-${name}`, ...change } }
}

function block(change: Partial<IpBlock> = {}): IpBlock {
  return {
    id: 'b1',
    location: 'PHX',
    cidrBlockSize: '/29',
    cidr: BLOCK,
    ipVersion: 'V4',
    status: 'assigned',
    assignedResourceId: NETWORK,
    isSystemManaged: false,
    isBringYourOwn: false,
    createdOn: '',
    ...change,
  }
}

const nothing = { serviceUid: undefined, unusedSince: undefined, why: undefined }
const gate = (change: Partial<AddressView> = {}): AddressView => ({
  ...nothing,
  address: '198.19.0.16',
  service: undefined,
  state: 'open',
  blockId: 'b1',
  ...change,
})
const claim = (change: Partial<AddressView> = {}): AddressView => ({
  ...nothing,
  address: ADDRESS,
  service: 'web',
  state: 'active',
  serviceUid: 'uid-web',
  blockId: 'b1',
  ...change,
})

const GOOD: View = { services: [service('web', ADDRESS)], addresses: [gate(), claim()], blocks: [block()] }
const TAGGED = [{ id: 't', name: 'purchase', value: 'p1', isBillingTag: false }]

const AT_ANY_MOMENT: Record<string, Partial<View>> = {
  'is held by web and by api': {
    services: [service('web', ADDRESS), service('api', ADDRESS)],
  },
  'published without a claim of its own': { addresses: [gate()] },
  'published in a block that is not ours': { blocks: [] },
  'published behind a gate that is closing': { addresses: [gate({ state: 'closing' }), claim()] },
  'has addresses and no finalizer': { services: [service('web', ADDRESS, { finalizers: [] })] },
}

const AT_REST: Record<string, Partial<View>> = {
  'was assigned [198.19.0.18] and holds []': { addresses: [gate(), claim({ state: 'released' })] },
  'is claimed for another web': { addresses: [gate(), claim({ serviceUid: 'another' })] },
  'is held by web, which does not exist': { services: [] },
  'lies in no block of ours': { addresses: [gate(), claim({ blockId: 'b2' })] },
  'nobody uses 198.19.0.16/29 (assigned) and it is kept': { services: [], addresses: [gate()] },
  'is in use and has no gate': { addresses: [claim()] },
  'counts as unused': { addresses: [gate({ unusedSince: '2026-01-01T00:00:00Z' }), claim()] },
  'is given back although web use it': { blocks: [block({ status: 'unassigning' })] },
  'not on the network (unassigned)': {
    blocks: [block({ status: 'unassigned', assignedResourceId: 'another' })],
  },
  'is left of a block that has gone': { services: [], addresses: [gate()], blocks: [] },
  'purchase p1 was made twice': { blocks: [block({ tags: TAGGED }), block({ id: 'b3', tags: TAGGED })] },
}

t.test('a sound cluster has no faults', async t => {
  t.strictSame(toPublicationFaults(GOOD, new Set(['b1'])), [])
  t.strictSame(toRestFaults(GOOD, NETWORK), [])
})

t.test('an address in a block that was never assigned', async t => {
  const blocks = [block({ status: 'assigning' })]
  t.match(toPublicationFaults({ ...GOOD, blocks }, new Set()), [{ what: /in a block that is assigning/ }])
})

for (const [fault, change] of Object.entries(AT_ANY_MOMENT)) {
  t.test(`found at any moment: ${fault}`, async t => {
    t.ok(
      toPublicationFaults({ ...GOOD, ...change }, new Set(['b1'])).some(({ what }) => what.includes(fault)),
    )
  })
}

for (const [fault, change] of Object.entries(AT_REST)) {
  t.test(`found at rest: ${fault}`, async t => {
    t.ok(toRestFaults({ ...GOOD, ...change }, NETWORK).some(({ what }) => what.includes(fault)))
  })
}
