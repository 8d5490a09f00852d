import t from 'tap'
import { scripted } from './scripted.ts'
import { simulated } from './simulated.ts'

t.test('the quota of public addresses counts what is bought', async t => {
  const { bmc, simulator } = await simulated(t, {}, { publicIpQuota: 16 })
  const ips = async () => (await bmc.listQuotas()).find(({ id }) => id === 'bmc.public_ips.max_count')
  const before = (await ips())?.used ?? Number.NaN
  simulator.backend.addIpBlock({ cidrBlockSize: '/29' })
  t.match(await ips(), { limit: 16, used: before + 8, status: 'WITHIN_LIMIT' })
})

t.test('limits may be written as text, and must be numbers', async t => {
  const quota = { id: 'q', limit: '10', used: 0 }
  const { bmc } = scripted({ api: [{ body: [quota] }] })
  t.match(await bmc.listQuotas(), [{ id: 'q', limit: 10, used: 0 }])
  for (const wrong of [
    { limit: null },
    { used: undefined },
    { limit: 'many' },
    { used: {} },
    { id: '' },
    { limit: '' },
  ]) {
    const broken = scripted({ api: [{ body: [{ ...quota, ...wrong }] }] })
    await t.rejects(broken.bmc.listQuotas(), { code: 'BMC_RESPONSE_INVALID' })
  }
})
