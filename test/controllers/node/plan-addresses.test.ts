import t from 'tap'
import type { Finding } from '../../../shared/controllers/node/match.ts'
import { host, ip } from '../_make.ts'
import { ADDRESSES, DONE, decide, did, FOUND, INSTANCE, LABELS } from './_plan.ts'

const BARE: Finding = { ...FOUND, instance: { ...INSTANCE, privateAddresses: [], publicAddresses: [] } }

t.test('a cloud without addresses leaves those of the kubelet', async t => {
  const { actions } = decide({ uninitialized: true }, BARE)
  t.strictSame(
    actions.map(action => action.do),
    ['initialise'],
  )
  t.notOk('addresses' in (actions[0]?.set ?? {}))
  t.strictSame(did(decide({ ...DONE, addresses: [ip('10.0.0.99')] }, BARE)), [])
})

t.test('a --node-ip is not taken on trust when the cloud knows no address to hold it against', async t => {
  const decision = decide({ uninitialized: true, nodeIP: '10.0.0.11' }, BARE)
  t.strictSame(decision.actions, [])
  t.equal(decision.code, 'CCM_NODE_IP_MISMATCH')
  t.match(decision.events[0]?.message, /10\.0\.0\.11.*no address/)
  t.strictSame(
    decide({ ...DONE, nodeIP: '10.0.0.11' }, BARE).events,
    [],
    'an initialised one keeps what it has',
  )
})

/** Some addresses could not be read. */
const partly = (privateAddresses: readonly string[], publicAddresses: readonly string[] = []): Finding => ({
  ...FOUND,
  instance: { ...INSTANCE, privateAddresses, publicAddresses, addressesIncomplete: true },
})

t.test('good addresses are not replaced by what could be read of them', async t => {
  for (const finding of [partly(['10.0.0.11']), partly(['10.0.0.99']), partly([])])
    t.strictSame(decide(DONE, finding), { actions: [], events: [], why: 'nothing differs' })
  const others = decide({ ...DONE, labels: {}, nodeIP: '10.9.9.9' }, partly(['10.0.0.11']))
  t.strictSame(
    [did(others), others.events],
    [['repairLabels'], []],
    'all else is kept up, and nobody is blamed',
  )
})

t.test('a node joins with the addresses that could be read', async t => {
  const { actions } = decide({ uninitialized: true }, partly(['10.0.0.11']))
  t.strictSame(actions[0]?.set.addresses, [ip('10.0.0.11'), host('node-a')])
})

for (const [name, node, finding] of [
  ['when none can be read', {}, partly([])],
  ['when --node-ip names one that cannot be read', { nodeIP: '10.0.0.12' }, partly(['10.0.0.11'])],
] as const) {
  t.test(`keeps the taint, quietly, ${name}`, async t => {
    const decision = decide({ uninitialized: true, ...node }, finding)
    t.match(decision, { actions: [], events: [], code: 'BMC_RESPONSE_INVALID' })
  })
}

t.test(
  'reconcile keeps up the labels, and leaves the addresses of an initialised node to resync',
  async t => {
    const worn = { ...DONE, addresses: [ip('10.0.0.99')], labels: {}, nodeIP: '10.9.9.9' }
    const { actions, events } = decide(worn, FOUND, 'reconcile')
    t.strictSame(
      actions.map(({ set }) => set),
      [{ labels: LABELS }],
    )
    t.strictSame(events, [])
    t.strictSame(decide({ uninitialized: true }, FOUND, 'reconcile').actions[0]?.set.addresses, ADDRESSES)
  },
)
