import t from 'tap'
import { readFamilies } from '../../../shared/controllers/inventory/families.ts'
import { createFakeKube } from '../../kubernetes/_fake-kube.ts'
import { startCluster } from '../_stage.ts'

/** [name, families of the Service, CIDRs, what is read] */
const CASES: readonly [
  string,
  readonly string[] | undefined,
  readonly (readonly string[])[],
  readonly string[],
][] = [
  ['IPv4 only', ['IPv4'], [['10.96.0.0/12']], ['IPv4']],
  ['IPv6 only', ['IPv6'], [['fd00::/112']], ['IPv6']],
  [
    'dual stack: the Service tells one, the CIDRs both',
    ['IPv4'],
    [['10.96.0.0/12', 'fd00::/112']],
    ['IPv4', 'IPv6'],
  ],
  ['dual stack, IPv6 first', ['IPv6'], [['fd00::/112', '10.96.0.0/12']], ['IPv6', 'IPv4']],
  ['several objects', ['IPv4'], [['10.96.0.0/12'], ['10.97.0.0/16'], ['fd00::/112']], ['IPv4', 'IPv6']],
  ['no families on the Service', undefined, [['10.96.0.0/12']], ['IPv4']],
  ['no CIDRs', ['IPv4'], [], ['IPv4']],
]

for (const [name, ipFamilies, cidrs, families] of CASES) {
  t.test(name, async t => {
    const kube = createFakeKube(({ path }) =>
      path.endsWith('/servicecidrs')
        ? { items: cidrs.map(cidrs => ({ metadata: { name: 'a' }, spec: { cidrs } })) }
        : { metadata: { name: 'kubernetes' }, spec: ipFamilies === undefined ? {} : { ipFamilies } },
    )
    t.strictSame(await readFamilies(kube), families)
  })
}

t.test('reads them from a cluster', async t => {
  const { kube } = await startCluster(t)
  t.strictSame(await readFamilies(kube), ['IPv4'])
})
