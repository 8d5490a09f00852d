import t from 'tap'
import { ADDRESS, block, claim, gate, OUR_TAGS, service } from './_objects.ts'
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
  const long = tell(told => {
    told.store(OPERATOR, 'ipaddresses', { ...claim('web') })
    told.minutes(6)
  })
  t.strictSame(long, ['1a'])
})
