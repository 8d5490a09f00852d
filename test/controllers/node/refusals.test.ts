import t, { type Test } from 'tap'
import type { NodeEvent } from '../../../shared/controllers/node/actions.ts'
import type { Finding } from '../../../shared/controllers/node/match.ts'
import {
  labelsKeptEvent,
  mismatchEvent,
  refuseMismatch,
  refuseMissing,
  refuseUnreadable,
} from '../../../shared/controllers/node/refusals.ts'
import { makeInstance, makeNode } from '../_make.ts'

type Missing = Exclude<Finding, { state: 'found' | 'foreign' }>

/** The texts that the message must name. */
const CASES: readonly [
  name: string,
  finding: Missing,
  code: string,
  reason: string,
  names: readonly string[],
][] = [
  [
    'unknown hostname',
    { state: 'absent', by: 'hostname' },
    'CCM_INSTANCE_NOT_FOUND',
    'InstanceNotFound',
    ['node-a'],
  ],
  [
    'unknown provider ID',
    { state: 'absent', by: 'providerID' },
    'CCM_INSTANCE_NOT_FOUND',
    'InstanceNotFound',
    ['phoenixnap://zz'],
  ],
  [
    'two of one hostname',
    { state: 'ambiguous', ids: ['a1', 'b2'], by: 'hostname' },
    'CCM_INSTANCE_AMBIGUOUS',
    'InstanceAmbiguous',
    ['a1, b2', 'node-a', '--node-ip'],
  ],
  [
    'held by another node',
    { state: 'taken', id: 'a1', holder: 'node-b' },
    'CCM_PROVIDER_ID_TAKEN',
    'ProviderIDTaken',
    ['a1', 'node-b', 'node-a'],
  ],
]

const NODE = makeNode('node-a', { providerID: 'phoenixnap://zz' })

function checkWarning(t: Test, event: NodeEvent | undefined, reason: string, names: readonly string[]): void {
  t.match(event, { type: 'Warning', reason, component: 'cloud-node-controller' })
  for (const name of names) t.match(event?.message, name)
}

for (const [name, finding, code, reason, names] of CASES) {
  t.test(`refuses: ${name}`, async t => {
    const refusal = refuseMissing(NODE, finding)
    t.equal(refusal.code, code)
    t.equal(refusal.why, refusal.event?.message)
    checkWarning(t, refusal.event, reason, names)
    t.strictSame(
      refuseMissing(NODE, finding),
      refusal,
      'the text is the same each time, or events would pile up',
    )
  })
}

t.test('what could not be found out is no fault of the node: no event', async t => {
  const finding = { state: 'unknown', code: 'BMC_TIMEOUT', message: 'no answer' } as const
  t.strictSame(refuseMissing(NODE, finding), { code: 'BMC_TIMEOUT', why: 'no answer' })
})

t.test('addresses that cannot be read are no fault of the node: no event', async t => {
  const { code, why, event } = refuseUnreadable(makeInstance('a1'))
  t.strictSame([code, event], ['BMC_RESPONSE_INVALID', undefined])
  t.match(why, 'a1')
})

t.test('a mismatch names both sides', async t => {
  const mismatch = { provided: ['10.9.9.9', '10.9.9.8'], actual: ['10.0.0.11', '203.0.113.11'] }
  const refusal = refuseMismatch(mismatch)
  t.equal(refusal.code, 'CCM_NODE_IP_MISMATCH')
  t.strictSame(refusal.event, mismatchEvent(mismatch))
  checkWarning(t, refusal.event, 'NodeIPMismatch', [
    '--node-ip 10.9.9.9,10.9.9.8 ',
    '10.0.0.11, 203.0.113.11',
  ])
})

t.test('labels that are kept are named with their values, in a fixed order', async t => {
  const node = makeNode('node-a', { labels: { b: '2', a: '1' } })
  const event = labelsKeptEvent(node, ['b', 'a'])
  checkWarning(t, event, 'LabelsKept', ['a=1, b=2'])
  t.strictSame(labelsKeptEvent(node, ['a', 'b']), event)
})
