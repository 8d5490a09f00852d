import t from 'tap'
import { IP_BLOCKS_LEASE, RESYNC_LEASE } from '../../shared/kubernetes/names.ts'
import { ADDRESS, block, claim, gate, node, OUR_TAGS, server, service } from './_objects.ts'
import { CONTROLLER, type Told, tellByHand } from './_told.ts'

const OPERATOR = 'admin'
const ASSIGNED = block({}, OUR_TAGS)

/** Served, and then its claim is had by somebody else. */
function tell(hand: (told: Told) => void): readonly string[] {
  const told = tellByHand([ASSIGNED])
  told.store(CONTROLLER, 'ipaddresses', gate())
  told.store(CONTROLLER, 'ipaddresses', claim('web'))
  told.store(CONTROLLER, 'services', service('web', ADDRESS))
  hand(told)
  told.store(CONTROLLER, 'ipaddresses', claim('api'))
  told.store(CONTROLLER, 'services', service('api', ADDRESS))
  return told.violations.map(({ invariant }) => invariant)
}

t.test('an address may be had by the next who asks when an operator took its claim away', async t => {
  t.strictSame(
    tell(told => told.store(OPERATOR, 'ipaddresses', undefined, claim('web'))),
    [],
  )
  const { metadata, ...rest } = claim('web')
  const unlabelled = { ...rest, metadata: { ...metadata, labels: {} } }
  t.strictSame(
    tell(told => told.store(OPERATOR, 'ipaddresses', unlabelled)),
    [],
    'nor is it ours any more',
  )
})

t.test('it may not when nobody did, or long ago', async t => {
  t.strictSame(
    tell(() => {}),
    ['1a'],
  )
  t.strictSame(tell(touchLongAgo), ['1a'])
})

t.test('it may as long as no pass has seen what was done, or nobody has answered it', async t => {
  t.strictSame(
    tell(told => touchLongAgo(told, { isSeen: false })),
    [],
  )
  t.strictSame(
    tell(told => touchLongAgo(told, { isAnswered: false })),
    [],
  )
})

function touchLongAgo(told: Told, { isSeen = true, isAnswered = true } = {}): void {
  told.store(OPERATOR, 'ipaddresses', { ...claim('web') })
  told.minutes(6)
  if (isSeen) told.store(CONTROLLER, 'leases', toRenewed('2026-01-01T00:06:00.000000Z'))
  if (isAnswered) told.store(CONTROLLER, 'ipaddresses', { ...claim('web') })
  told.minutes(1)
}

t.test('whose address another one was given since may be given another, however late', async t => {
  const told = tellByHand([ASSIGNED])
  told.store(CONTROLLER, 'ipaddresses', gate())
  told.store(CONTROLLER, 'ipaddresses', claim('web'))
  told.store(CONTROLLER, 'services', service('web', ADDRESS))
  told.store(OPERATOR, 'ipaddresses', undefined, claim('web'))
  told.store(CONTROLLER, 'ipaddresses', claim('api'))
  told.store(CONTROLLER, 'leases', toRenewed('2026-01-01T00:01:00.000000Z'))
  told.minutes(30)
  told.store(CONTROLLER, 'leases', toRenewed('2026-01-01T00:30:00.000000Z'))
  told.minutes(1)
  told.store(CONTROLLER, 'ipaddresses', claim('web', {}, '198.19.0.19'))
  told.store(CONTROLLER, 'services', service('web', '198.19.0.19'))
  t.strictSame(told.violations, [])
})

/** Three nodes lose their servers, and two of them go. */
function tellDeletions(between: (told: Told) => void): readonly string[] {
  const told = tellByHand()
  const annotations = { 'phoenixnap.com/missing-since': '2026-01-01T00:00:00Z' }
  const nodes = ['node-a', 'node-b', 'node-c'].map((name, index) =>
    node(name, { providerID: `phoenixnap://s${index}`, ready: false, annotations }),
  )
  told.servers([server('s9', 'node-z')])
  for (const one of nodes) told.store(CONTROLLER, 'nodes', one)
  told.minutes(30)
  const [first, second] = nodes
  told.store(CONTROLLER, 'nodes', undefined, first)
  between(told)
  told.store(CONTROLLER, 'nodes', undefined, second)
  return told.violations.map(({ invariant }) => invariant)
}

const toLease = (name: string) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name },
})

const toRenewed = (renewTime: string) => ({ ...toLease(RESYNC_LEASE), spec: { renewTime } })

function forget(by: string, name: string): (told: Told) => void {
  return told => {
    told.store(CONTROLLER, 'leases', toLease(name))
    told.store(by, 'leases', undefined, toLease(name))
  }
}

t.test('who lost the Lease that tells of deletions counts from one again', async t => {
  t.strictSame(tellDeletions(forget(OPERATOR, RESYNC_LEASE)), [])
  t.strictSame(
    tellDeletions(() => {}),
    ['5a'],
  )
  t.strictSame(tellDeletions(forget(CONTROLLER, RESYNC_LEASE)), ['5a'])
  t.strictSame(tellDeletions(forget(OPERATOR, IP_BLOCKS_LEASE)), ['5a'])
})
