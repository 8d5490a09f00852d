import t from 'tap'
import type { PurchaseIntent } from '../../../shared/cloud-provider/load-balancer.ts'
import {
  BOUGHT,
  PURCHASE,
  toBought,
  toBoughtText,
  toIntent,
  toIntentText,
} from '../../../shared/controllers/address/intent.ts'

const SINCE = '2026-01-02T03:04:05.000Z'
const INTENT: PurchaseIntent = { id: 'p-1', family: 'IPv4', prefixLength: 29, since: Date.parse(SINCE) }
const SERVICE = { namespace: 'default', name: 'web' }
const FIELDS = { id: 'p-1', family: 'IPv4', prefixLength: 29, since: SINCE }
const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `block-${from + index}`)

t.test('the annotations keep their names: a purchase under way is found by them after an update', async t => {
  t.strictSame([PURCHASE, BOUGHT], ['phoenixnap.com/purchase', 'phoenixnap.com/bought'])
})

t.test('a purchase reads as it was written', async t => {
  t.equal(toIntentText(INTENT), JSON.stringify(FIELDS))
  for (const intent of [INTENT, { ...INTENT, service: SERVICE }, { ...INTENT, family: 'IPv6' as const }])
    t.strictSame(toIntent(toIntentText(intent)), intent)
  t.equal(toIntent(undefined), undefined)
})

t.test('a purchase that somebody broke is never taken for none', async t => {
  const broken: readonly unknown[] = [
    undefined,
    null,
    'p-1',
    {},
    { ...FIELDS, id: '' },
    { ...FIELDS, id: 1 },
    { ...FIELDS, family: 'IPv5' },
    { ...FIELDS, prefixLength: '29' },
    { ...FIELDS, prefixLength: 28.5 },
    { ...FIELDS, since: 'lately' },
    { ...FIELDS, since: 2026 },
    { ...FIELDS, service: null },
    { ...FIELDS, service: 'default/web' },
    { ...FIELDS, service: { ...SERVICE, namespace: 1 } },
    { ...FIELDS, service: { namespace: 'default' } },
  ]
  for (const text of ['', '{', ...broken.map(fields => JSON.stringify(fields) ?? 'undefined')])
    t.throws(
      () => toIntent(text),
      {
        code: 'CCM_INTENT_INVALID',
        message:
          'annotation phoenixnap.com/purchase of Lease kube-system/cloud-provider-phoenixnap-ip-blocks tells no purchase',
      },
      text,
    )
})

const bare = (id: string) => ({ id, since: undefined })
const all = (from: number, to: number) => ids(from, to).map(bare)

t.test('what was bought reads as it was written, each once', async t => {
  const [a, b] = [bare('a'), { id: 'b', since: Date.parse(SINCE) }]
  t.equal(toBoughtText([]), undefined)
  t.equal(toBoughtText([b, a, b]), 'b@2026-01-02T03:04:05.000Z,a')
  t.strictSame(toBought('b@2026-01-02T03:04:05.000Z,a'), [b, a])
  t.strictSame(toBought('b,a'), [bare('b'), a], 'as it was written without times')
  t.strictSame(toBought(), [])
})

t.test('of many the latest 48 stay', async t => {
  t.equal(toBoughtText(all(1, 50)), ids(3, 50).join(','))
  t.strictSame(toBought(ids(1, 50).join(',')), all(3, 50))
})

t.test('what is no id of a block is ignored, and so is what is no time', async t => {
  const long = 'x'.repeat(100)
  const text = ` a_1.B-2 ,,a/b,b c,é,@2026-01-01, ${long},${long}y,a_1.B-2,c@noon`
  t.strictSame(toBought(text), [bare('a_1.B-2'), bare(long), bare('c')])
})
