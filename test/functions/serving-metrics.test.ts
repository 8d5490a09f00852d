import fetch from 'node-fetch'
import t, { type Test } from 'tap'
import { NO_LIMITS } from '../../functions/overload-plan.ts'
import { type Serving, startServing } from '../../functions/serving.ts'
import type { ResyncReport } from '../../shared/controllers/contract.ts'
import { silentLog } from '../../shared/log.ts'
import { createRegistry } from '../../shared/metrics/registry.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { parseMetrics } from '../metrics/_parse.ts'
import { createBackstage, EMPTY_REPORT, MAX_BODY_BYTES, TOKEN, toControllers } from './_hosts.ts'

const LOOPBACK = { host: '127.0.0.1', port: 0 }

async function start(t: Test, listen = LOOPBACK) {
  const clock = createTurnableClock()
  const registry = createRegistry()
  const pass: { state: ResyncReport['state'] } = { state: 'complete' }
  const resync = async (): Promise<ResyncReport> => {
    if (pass.state !== 'busy') registry.measure('phoenixnap_ccm_nodes', { state: 'waiting' }, 3)
    return { ...EMPTY_REPORT, state: pass.state }
  }
  const serving = await startServing({
    app: {
      controllers: { ...toControllers(createBackstage()), resync },
      kube: { request: async () => undefined },
      cloud: { unreachableSince: () => 1, limitedUntil: () => undefined },
      close: () => {},
    },
    log: silentLog,
    clock,
    random: () => 0,
    listen,
    tokens: () => [TOKEN],
    resyncIntervalMs: 60_000,
    maxBodyBytes: MAX_BODY_BYTES,
    shutdownGraceMs: 20_000,
    limits: NO_LIMITS,
    lagMs: () => 5,
    metrics: { registry, listen: LOOPBACK },
  })
  t.teardown(() => serving.close())
  return { clock, pass, serving, scrape: () => scrape(serving) }
}

async function scrape({ metrics }: Serving): Promise<ReadonlyMap<string, number>> {
  return parseMetrics(await (await fetch(`http://127.0.0.1:${metrics?.port}/metrics`)).text())
}

t.test('it tells what it is and does, until it ends', async t => {
  const { scrape, serving, clock } = await start(t)
  await clock.turn(0)
  const rows = await scrape()
  t.equal(rows.get('phoenixnap_ccm_resync_passes_total{state="complete"}'), 1)
  t.equal(rows.get('phoenixnap_ccm_bmc_up'), 0)
  t.equal(rows.get('nodejs_eventloop_lag_seconds'), 0.005)
  t.equal(rows.get('phoenixnap_ccm_resync_last_complete_timestamp_seconds'), clock.now() / 1000)
  await serving.close()
  await t.rejects(scrape(), { name: 'FetchError' })
})

t.test('what another replica has seen since, it does not repeat', async t => {
  const { scrape, clock, pass } = await start(t)
  const waiting = 'phoenixnap_ccm_nodes{state="waiting"}'
  await clock.turn(0)
  t.equal((await scrape()).get(waiting), 3)
  pass.state = 'busy'
  await clock.turn(60_000)
  t.equal((await scrape()).get(waiting), 0)
  pass.state = 'complete'
  await clock.turn(60_000)
  t.equal((await scrape()).get(waiting), 3)
})

t.test('a port that the webhooks cannot have leaves no address open', async t => {
  const { serving } = await start(t)
  await t.rejects(start(t, { host: '127.0.0.1', port: serving.port }), {
    code: 'CCM_CONFIG_INVALID',
    message: /PNAP_LISTEN/,
  })
})
