import t from 'tap'
import { start } from './support.ts'

const QUOTAS = '/bmc/v1/quotas'
const PUBLIC_IPS = `${QUOTAS}/bmc.public_ips.max_count`

t.test('counts servers and addresses; brought-in blocks are not counted', async t => {
  const { sim, send } = await start(t, { publicIpQuota: 17 })
  sim.backend.addServer()
  sim.backend.addIpBlock({ cidrBlockSize: '/28' })
  sim.backend.addIpBlock({ ipVersion: 'V6' })
  sim.backend.addIpBlock({ cidr: '203.0.113.0/24', isBringYourOwn: true })
  t.match(await send('GET', QUOTAS), {
    status: 200,
    body: [
      { id: 'bmc.servers.max_count', used: 1, status: 'WITHIN_LIMIT' },
      { id: 'bmc.public_ips.max_count', used: 17, limit: 17, unit: 'COUNT', status: 'ON_LIMIT' },
    ],
  })
  sim.backend.setQuota('bmc.public_ips.max_count', 3)
  t.match((await send('GET', PUBLIC_IPS)).body, { status: 'OVER_LIMIT', limit: 3 })
  t.equal((await send('GET', `${QUOTAS}/nothing`)).status, 403)
})

t.test('a wish for more is noted and changes nothing', async t => {
  const { send } = await start(t)
  t.match(await send('POST', `${PUBLIC_IPS}/actions/request-edit`, { limit: 900, reason: 'growth' }), {
    status: 202,
    body: undefined,
  })
  t.equal((await send('POST', `${PUBLIC_IPS}/actions/request-edit`, { limit: -1, reason: ' ' })).status, 400)
  t.match((await send('GET', PUBLIC_IPS)).body, {
    limit: 512,
    quotaEditLimitRequestDetails: [{ limit: 900, reason: 'growth', requestedOn: '2026-01-01T00:00:00.000Z' }],
  })
})
