import t from 'tap'
import { node, RESYNC, server } from './_objects.ts'
import { CONTROLLER, tellByHand } from './_told.ts'

const USER = 'admin'

for (const [name, pass, found] of [
  ['no pass has seen that', undefined, []],
  ['a pass has seen that', '2026-01-01T00:05:00.000000Z', ['5d']],
] as const) {
  t.test(`a node is taken for one of two servers of its name, and ${name}`, async t => {
    const told = tellByHand()
    told.servers([server('s1', 'node-a'), server('s2', 'node-a')])
    told.store(USER, 'nodes', node('node-b'))
    told.minutes(5)
    if (pass) told.store(CONTROLLER, 'leases', { ...RESYNC, spec: { renewTime: pass } })
    told.minutes(1)
    told.store(USER, 'nodes', node('node-a', { addresses: [], isTainted: true }))
    told.store(CONTROLLER, 'nodes', node('node-a', { providerID: 'phoenixnap://s1' }))
    t.strictSame(
      told.violations.map(({ invariant }) => invariant),
      found,
    )
  })
}

for (const [name, trouble, found] of [
  ['controllers have heard of', {}, ['5d']],
  ['no controller heard of', { trouble: 'reset after' }, []],
] as const) {
  t.test(`a node is taken for a server that went before a list that ${name}`, async t => {
    const told = tellByHand()
    const list = { to: 'cloud', method: 'GET', path: '/bmc/v1/servers', isWrite: false } as const
    told.servers([server('s1', 'node-a')])
    told.request(CONTROLLER, list)
    told.servers([])
    told.minutes(5)
    told.request(CONTROLLER, list, trouble)
    told.store(USER, 'nodes', node('node-a', { isTainted: true }))
    told.store(CONTROLLER, 'nodes', node('node-a', { providerID: 'phoenixnap://s1' }))
    t.strictSame(
      told.violations.map(({ invariant }) => invariant),
      found,
    )
  })
}
