import t from 'tap'
import { createBmc } from '../../shared/bmc/client.ts'
import { silentLog } from '../../shared/log.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { scripted } from './scripted.ts'
import { simulated } from './simulated.ts'

t.test('every request is counted under its operation', async t => {
  const { bmc, simulator } = await simulated(t)
  t.strictSame([...bmc.requests], [])
  const { id } = simulator.backend.addServer()
  await bmc.listServers()
  await bmc.getServer(id)
  await bmc.getServer('other')
  simulator.faults.add({ operation: 'GET /bmc/v1/quotas', status: 500, times: 1 })
  await bmc.listQuotas()
  t.strictSame(Object.fromEntries(bmc.requests), {
    'POST token': 1,
    'GET /bmc/v1/servers': 1,
    'GET /bmc/v1/servers/{serverId}': 2,
    'GET /bmc/v1/quotas': 2,
  })
})

t.test('a client costs nothing until it is used, and can be used after it was closed', async t => {
  const { bmc, connect } = await simulated(t)
  await bmc.listServers()
  bmc.close()
  bmc.close()
  t.strictSame(await bmc.listServers(), [])
  t.strictSame([...connect().requests], [])
})

t.test('a base URL may have a path and a slash at its end', async t => {
  const { bmc, simulator, connect } = await simulated(t)
  t.strictSame(await bmc.listServers(), [])
  t.strictSame(await connect({ baseUrl: `${simulator.url}/` }).listServers(), [])
  await t.rejects(connect({ baseUrl: `${simulator.url}/elsewhere` }).listServers(), { code: 'BMC_NOT_FOUND' })
})

t.test('an address that cannot be used is refused at once, without being shown', async t => {
  const { bmc } = scripted()
  t.ok(bmc)
  const good = 'https://api.test'
  const wrong = ['', 'api.test', 'ftp://api.test', 'https://user:hidden@api.test', 'file:///etc/passwd']
  for (const url of wrong) {
    for (const urls of [
      { baseUrl: url, tokenUrl: good },
      { baseUrl: good, tokenUrl: url },
    ]) {
      const create = () =>
        createBmc({
          ...urls,
          credentials: async () => ({ clientId: '', clientSecret: '' }),
          clock: createTurnableClock(),
          random: () => 0,
          log: silentLog,
        })
      t.throws(create, { code: 'CCM_CONFIG_INVALID', message: /^the BMC (base|token) URL is no http/ })
    }
  }
})
