import t from 'tap'
import { SERVICE_ACCOUNT_USER } from '../../../shared/kubernetes/names.ts'
import { createRequestLog as createBmcLog } from '../../../shared/simulator/bmc/request-log.ts'
import { createTurnableClock } from '../../../shared/simulator/clock.ts'
import { createMeter } from '../../../shared/simulator/demo/costs.ts'
import { createRequestLog as createKubeLog } from '../../../shared/simulator/kubernetes/request-log.ts'

function setUp() {
  const [bmc, kubernetes, clock] = [createBmcLog(), createKubeLog(), createTurnableClock()]
  let own = 0
  const meter = createMeter({ requests: bmc.log }, { requests: kubernetes }, () => own, clock)
  return {
    clock,
    meter,
    askBmc: (isOwn = false): void => {
      bmc.add({
        at: 0,
        operation: 'GET /bmc/v1/servers',
        method: 'GET',
        path: '/bmc/v1/servers',
        status: 200,
      })
      if (isOwn) own += 1
    },
    askCluster: (verb: string, user = SERVICE_ACCOUNT_USER): void =>
      kubernetes.add({
        at: 0,
        user,
        verb,
        resource: 'nodes',
        status: 200,
        path: '/api/v1/nodes',
        userAgent: '',
      }),
  }
}

t.test('counts what the controller asks, and nobody else', async t => {
  const { meter, askBmc, askCluster } = setUp()
  askBmc()
  const before = meter.total()
  askBmc()
  askBmc(true)
  for (const verb of ['get', 'list', 'patch']) askCluster(verb)
  askCluster('create', 'system:node:a')
  t.strictSame(meter.since(before), { bmc: 1, reads: 2, writes: 1 })
  t.strictSame(meter.total(), { bmc: 2, reads: 2, writes: 1 })
})

/** Tells whether a promise is settled by now. */
function observe(promise: Promise<void>): { isDone: boolean } {
  const state = { isDone: false }
  void promise.finally(() => {
    state.isDone = true
  })
  return state
}

t.test('settles when it has been quiet for a moment', async t => {
  const { meter, clock, askCluster } = setUp()
  const settled = observe(meter.settle())
  await clock.turn(150)
  askCluster('get')
  await clock.turn(150)
  t.notOk(settled.isDone, 'a request starts the wait anew')
  await clock.turn(250)
  t.ok(settled.isDone)
})

t.test('does not wait for ever', async t => {
  const { meter, clock, askCluster } = setUp()
  const settled = observe(meter.settle())
  for (let ms = 0; ms < 3000; ms += 100) {
    askCluster('get')
    await clock.turn(100)
  }
  t.ok(settled.isDone)
})
