import t from 'tap'
import { chooseInstance, toCanonical, toNodeAddresses } from '../../shared/cloud-provider/instance.ts'
import { makeInstance } from '../controllers/_make.ts'

const A = makeInstance('a', { privateAddresses: ['10.0.0.1'], publicAddresses: [] })
const B = makeInstance('b', { privateAddresses: [], publicAddresses: ['203.0.113.2'] })
const SHARED = makeInstance('c', { privateAddresses: ['10.0.0.1'] })
const GOING = makeInstance('d', { terminating: true })

/** [name, instances of one hostname, addresses of the node, chosen id or state] */
const CASES: readonly [string, readonly (typeof A)[], readonly string[], string][] = [
  ['none', [], ['10.0.0.1'], 'absent'],
  ['one', [A], [], 'a'],
  ['one, of other addresses: the hostname suffices', [A], ['10.9.9.9'], 'a'],
  ['one that is being deleted', [GOING], [], 'absent'],
  ['one, and one that is being deleted', [GOING, A], [], 'a'],
  ['two, by a private address', [A, B], ['10.0.0.1'], 'a'],
  ['two, by a public address', [A, B], ['203.0.113.2'], 'b'],
  ['two, by nothing', [B, A], [], 'ambiguous a,b'],
  ['two, by an address of neither', [A, B], ['10.9.9.9'], 'ambiguous a,b'],
  ['two, by an address of each', [A, B], ['10.0.0.1', '203.0.113.2'], 'ambiguous a,b'],
  ['two with the same address', [A, SHARED], ['10.0.0.1'], 'ambiguous a,c'],
  ['three, by one’s address', [A, B, makeInstance('e')], ['203.0.113.2'], 'b'],
]
for (const [name, instances, known, chosen] of CASES) {
  t.test(`chooses of ${name}`, async t => {
    const choice = chooseInstance(instances, new Set(known))
    const told =
      choice.state === 'found'
        ? choice.instance.id
        : choice.state === 'ambiguous'
          ? `ambiguous ${choice.ids.join(',')}`
          : choice.state
    t.equal(told, chosen)
  })
}

t.test('private addresses are internal, public ones external, in this order', async t => {
  const instance = makeInstance('a', { privateAddresses: ['b', 'a'], publicAddresses: ['d', 'c'] })
  t.strictSame(
    toNodeAddresses(instance).map(({ type, address }) => `${type} ${address}`),
    ['InternalIP b', 'InternalIP a', 'ExternalIP d', 'ExternalIP c'],
  )
})

const SPELLINGS: readonly [given: string, canonical: string][] = [
  ['10.0.0.1', '10.0.0.1'],
  ['2001:0DB8:0000::0001', '2001:db8::1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['no address', 'no address'],
]
for (const [given, canonical] of SPELLINGS)
  t.test(`spells ${given} as ${canonical}`, async t => t.equal(toCanonical(given), canonical))
