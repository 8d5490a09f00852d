import t from 'tap'
import { readConfig } from '../shared/config.ts'

const BOUNDS: readonly [Record<string, string>, string | undefined][] = [
  [{ PNAP_RESYNC_INTERVAL: '24h' }, undefined],
  [{ PNAP_RESYNC_INTERVAL: '24h1s' }, 'PNAP_RESYNC_INTERVAL: expected a duration from 5s to 24h'],
  [{ PNAP_RESYNC_INTERVAL: '4s' }, 'PNAP_RESYNC_INTERVAL: expected a duration from 5s to 24h'],
  [{ PNAP_BLOCK_GRACE: '8760h' }, undefined],
  [{ PNAP_IP_BLOCK_SIZE: '/30' }, undefined],
  // It leaves no address to a Service.
  [{ PNAP_IP_BLOCK_SIZE: '/31' }, 'PNAP_IP_BLOCK_SIZE: expected one of auto, /30, /29, /28'],
  [{ PNAP_RESERVED_ADDRESSES: '203.0.113.4, 203.0.113.6-203.0.113.9,2001:db8::/64' }, undefined],
  [
    { PNAP_RESERVED_ADDRESSES: '203.0.113.4,203.0.113.300' },
    'PNAP_RESERVED_ADDRESSES: expected addresses, ranges such as 203.0.113.4-203.0.113.6, or blocks in canonical form',
  ],
  [{ PNAP_SHUTDOWN_GRACE: '8761h' }, 'PNAP_SHUTDOWN_GRACE: expected a duration from 0s to 8760h'],
]
for (const [env, problem] of BOUNDS)
  t.test(`${JSON.stringify(env)} is ${problem === undefined ? 'taken' : 'refused'}`, async t => {
    if (problem === undefined) t.doesNotThrow(() => readConfig({ env }))
    else t.throws(() => readConfig({ env }), { code: 'CCM_CONFIG_INVALID', fields: { problems: [problem] } })
  })
