import t from 'tap'
import { start } from './support.ts'

const SERVERS = '/bmc/v1/servers'

const actions: [string, string, string, string][] = [
  ['power-on', 'powered-off', 'powered-off', 'powered-on'],
  ['power-off', 'powered-on', 'powered-on', 'powered-off'],
  ['shutdown', 'powered-on', 'powered-on', 'powered-off'],
  ['reboot', 'powered-on', 'rebooting', 'powered-on'],
  ['reset', 'powered-off', 'resetting', 'powered-on'],
]
for (const [action, from, meanwhile, to] of actions) {
  t.test(`${action}: ${from}, ${meanwhile}, ${to}`, async t => {
    const { sim, clock, send } = await start(t)
    const { id } = sim.backend.addServer({ status: from })
    const body = action === 'reset' ? {} : undefined
    t.match(await send('POST', `${SERVERS}/${id}/actions/${action}`, body), {
      status: 200,
      body: { result: String },
    })
    t.equal(sim.backend.server(id).status, meanwhile)
    await clock.turn(5_000)
    t.equal(sim.backend.server(id).status, to)
  })
  t.test(`${action} is refused while the server is being created`, async t => {
    const { sim, send } = await start(t)
    const { id } = sim.backend.addServer({ status: 'creating' })
    t.equal((await send('POST', `${SERVERS}/${id}/actions/${action}`, {})).status, 409)
    t.equal(sim.backend.server(id).status, 'creating')
  })
}

t.test('power-on needs no body, not even with a content type', async t => {
  const { sim, send } = await start(t)
  const { id } = sim.backend.addServer({ status: 'powered-off' })
  t.equal((await send('POST', `${SERVERS}/${id}/actions/power-on`, '')).status, 200)
})

t.test('what the test sets during an action stays', async t => {
  const { sim, clock, send } = await start(t)
  const { id } = sim.backend.addServer()
  await send('POST', `${SERVERS}/${id}/actions/reboot`)
  sim.backend.updateServer(id, { status: 'error' })
  await clock.turn(5_000)
  t.equal(sim.backend.server(id).status, 'error')
})

t.test('deprovision keeps blocks unless told to delete them', async t => {
  for (const deleteIpBlocks of [false, true]) {
    const { sim, clock, send } = await start(t)
    const { id } = sim.backend.addServer()
    sim.backend.addIpBlock({ status: 'assigned', assignedResourceId: id, assignedResourceType: 'server' })
    t.match(await send('POST', `${SERVERS}/${id}/actions/deprovision`, { deleteIpBlocks }), {
      status: 202,
      body: /deprovisioned/,
    })
    await clock.turn(10_000)
    t.same(sim.backend.servers(), [])
    t.same(
      sim.backend.ipBlocks().map(({ status }) => status),
      deleteIpBlocks ? [] : ['unassigned'],
    )
  }
})

t.test('a reserved server survives deprovision as reserved, and is provisioned anew with its id', async t => {
  const { sim, clock, send } = await start(t)
  const { id } = sim.backend.addServer()
  const path = `${SERVERS}/${id}/actions`
  t.equal((await send('POST', `${path}/reserve`, { pricingModel: 'HOURLY' })).status, 400)
  const model = { pricingModel: 'ONE_MONTH_RESERVATION' }
  t.match(await send('POST', `${path}/reserve`, model), {
    status: 200,
    body: { ...model, reservationId: String },
  })
  t.equal((await send('POST', `${path}/reserve`, model)).status, 409)
  await send('POST', `${path}/deprovision`, {})
  await clock.turn(10_000)
  t.equal(sim.backend.server(id).status, 'reserved')
  t.equal((await send('POST', `${path}/deprovision`, {})).status, 409)
  t.match(await send('POST', `${path}/provision`, { hostname: 'again', os: 'ubuntu/noble' }), {
    status: 202,
    body: { id, status: 'creating', hostname: 'again', os: 'ubuntu/noble' },
  })
  t.equal((await send('POST', `${path}/provision`, { hostname: 'again', os: 'ubuntu/noble' })).status, 409)
  await clock.turn(60_000)
  t.equal(sim.backend.server(id).status, 'powered-on')
})
