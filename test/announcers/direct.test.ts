import t from 'tap'
import { direct } from '../../shared/announcers/direct.ts'
import { entryOf, makeService, OTHER_V4, V4, V6 } from './_service.ts'

t.test('the status is written, without a mode', async t => {
  t.strictSame(direct.toServing(makeService(), [V4, V6]), { ingress: [{ ip: V4 }, { ip: V6 }] })
  const pinned = makeService({}, { loadBalancerIP: V4 })
  t.strictSame(direct.toServing(pinned, [V4]), { ingress: [{ ip: V4 }] })
})

t.test('a status that says so stays', async t => {
  const given = makeService({}, {}, [{ ip: V4, ipMode: 'VIP' }, { ip: V6 }])
  t.strictSame(direct.toServing(given, [V4, V6]), {})
})

t.test('a status that says something else is replaced', async t => {
  const ingress = [{ ip: V4 }]
  for (const wrong of [
    [{ ip: V4, ipMode: 'Proxy' }],
    [{ ip: OTHER_V4 }],
    [{ ip: V4 }, { ip: OTHER_V4 }],
    [{ ip: V4, hostname: 'a.example' }],
    [],
  ])
    t.strictSame(direct.toServing(makeService({}, {}, wrong), [V4]), { ingress })
})

t.test('waiting: what it had is told no longer', async t => {
  t.strictSame(direct.toWaiting(makeService({}, {}, [{ ip: V4 }, { ip: V6 }])), { ingress: [] })
  t.strictSame(direct.toWaiting(makeService()), {})
  t.strictSame(direct.toWaiting({ metadata: { name: 'web' } }), {})
  t.strictSame(direct.toWaiting({ metadata: { name: 'web' }, status: {} }), {})
})

t.test('only assigned addresses are taken out of the status', async t => {
  const given = makeService({}, {}, [{ ip: V4 }, { ip: OTHER_V4 }, { hostname: 'a.example' }])
  t.strictSame(direct.toCleared(given, [V4, V6]), { ingress: [{ ip: OTHER_V4 }, { hostname: 'a.example' }] })
  t.strictSame(direct.toCleared(makeService({}, {}, [{ ip: V4 }]), [V4]), { ingress: [] })
  t.strictSame(direct.toCleared(makeService({}, {}, [{ ip: OTHER_V4 }]), [V4]), {})
})

t.test('it needs no pools', async t => {
  t.strictSame(direct.poolKinds, [])
  t.strictSame(direct.toPools([entryOf(V4)]), [])
})
