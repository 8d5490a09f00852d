import t from 'tap'
import {
  type Finding,
  matchInstance,
  providedNodeIPs,
  toIndex,
} from '../../../shared/controllers/node/match.ts'
import { toOwner } from '../../../shared/phoenixnap/provider-id.ts'
import { host, ip, makeInstance, makeNode, type NodeSketch, outer } from '../_make.ts'

const WEB = makeInstance('a1', { hostname: 'Web-1' })
const TWIN = makeInstance('b2', {
  hostname: 'web-1',
  privateAddresses: ['10.0.0.12', '2001:db8::12'],
  publicAddresses: [],
})
const OTHER = makeInstance('c3', { hostname: 'db-1', privateAddresses: ['10.0.0.13'] })
const LEAVING = { ...TWIN, id: 'd4', status: 'deleting', terminating: true }
const AMBIGUOUS = { state: 'ambiguous', by: 'hostname', ids: ['a1', 'b2'] } as const

interface Case {
  readonly name: string
  readonly node?: NodeSketch
  readonly instances?: readonly (typeof WEB)[]
  readonly finds: Partial<Finding> & { readonly id?: string }
}

const CASES: readonly Case[] = [
  { name: 'hostname in another case', finds: { state: 'found', by: 'hostname', id: 'a1' } },
  { name: 'hostname of nobody', instances: [OTHER], finds: { state: 'absent', by: 'hostname' } },
  { name: 'no servers at all', instances: [], finds: { state: 'absent', by: 'hostname' } },
  { name: 'two servers of one hostname', instances: [WEB, TWIN], finds: AMBIGUOUS },
  {
    name: 'two of one hostname, told apart by --node-ip',
    node: { nodeIP: '10.0.0.12' },
    instances: [WEB, TWIN],
    finds: { state: 'found', by: 'hostname', id: 'b2' },
  },
  {
    name: 'two of one hostname, told apart by another spelling of an IPv6 --node-ip',
    node: { nodeIP: '2001:0DB8:0::12' },
    instances: [WEB, TWIN],
    finds: { state: 'found', by: 'hostname', id: 'b2' },
  },
  {
    name: 'two of one hostname, told apart by a reported address',
    node: { addresses: [host('web-1'), outer('203.0.113.11')] },
    instances: [WEB, TWIN],
    finds: { state: 'found', by: 'hostname', id: 'a1' },
  },
  {
    name: 'two of one hostname, the node reports an address of each',
    node: { addresses: [ip('10.0.0.11'), ip('10.0.0.12')] },
    instances: [WEB, TWIN],
    finds: AMBIGUOUS,
  },
  {
    name: 'two of one hostname, the node reports an address of neither',
    node: { addresses: [ip('10.0.0.99')] },
    instances: [WEB, TWIN],
    finds: AMBIGUOUS,
  },
  {
    name: 'two of one hostname, a Hostname that looks like an address tells nothing',
    node: { addresses: [host('10.0.0.12')] },
    instances: [WEB, TWIN],
    finds: AMBIGUOUS,
  },
  {
    name: 'a twin that is being deleted is nobody’s',
    instances: [LEAVING, WEB],
    finds: { state: 'found', by: 'hostname', id: 'a1' },
  },
  {
    name: 'a twin that is being deleted stays nobody’s although it has the address',
    node: { nodeIP: '10.0.0.12' },
    instances: [LEAVING, WEB],
    finds: { state: 'found', by: 'hostname', id: 'a1' },
  },
  {
    name: 'only one that is being deleted',
    instances: [LEAVING],
    finds: { state: 'absent', by: 'hostname' },
  },
  ...['phoenixnap://c3', 'c3', 'bmc://servers/c3'].map(providerID => ({
    name: `provider ID ${providerID} counts more than the hostname`,
    node: { providerID },
    instances: [WEB, OTHER],
    finds: { state: 'found', by: 'providerID', id: 'c3' } as const,
  })),
  {
    name: 'a provider ID decides between two of one hostname',
    node: { providerID: 'phoenixnap://b2' },
    instances: [WEB, TWIN],
    finds: { state: 'found', by: 'providerID', id: 'b2' },
  },
  {
    name: 'a provider ID finds also a server that is being deleted',
    node: { providerID: 'phoenixnap://d4' },
    instances: [WEB, LEAVING],
    finds: { state: 'found', by: 'providerID', id: 'd4' },
  },
  {
    name: 'an unknown provider ID is not made good by the hostname',
    node: { providerID: 'phoenixnap://zz' },
    finds: { state: 'absent', by: 'providerID' },
  },
  ...['aws:///eu-1a/i-0abc', 'bmc://other/a1', 'PHOENIXNAP://a1'].map(providerID => ({
    name: `provider ID ${providerID} is of another cloud`,
    node: { providerID },
    finds: { state: 'foreign' } as const,
  })),
  { name: 'an empty provider ID is none', node: { providerID: '' }, finds: { state: 'found', id: 'a1' } },
]

for (const { name, node = {}, instances = [WEB], finds } of CASES) {
  t.test(name, async t => {
    const finding = matchInstance(makeNode('web-1', node), toIndex(instances), toOwner)
    const { id, ...rest } = finds
    t.match(finding, rest)
    t.equal(finding.state === 'found' ? finding.instance.id : undefined, id)
  })
}

const GIVEN: readonly [nodeIP: string | undefined, addresses: readonly string[]][] = [
  [undefined, []],
  ['', []],
  ['10.0.0.1', ['10.0.0.1']],
  [' 10.0.0.1 , 2001:db8::1,', ['10.0.0.1', '2001:db8::1']],
]
for (const [nodeIP, addresses] of GIVEN)
  t.test(`reads --node-ip ${nodeIP}`, async t => {
    t.strictSame(providedNodeIPs(makeNode('web-1', nodeIP === undefined ? {} : { nodeIP })), addresses)
  })
