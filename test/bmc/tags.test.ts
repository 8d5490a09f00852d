import t from 'tap'
import { hasTags } from '../../shared/bmc/tags.ts'
import { scripted } from './scripted.ts'
import { simulated } from './simulated.ts'

t.test('a tag is made once, and its existence is a success', async t => {
  const { bmc, simulator } = await simulated(t)
  await bmc.ensureTag('usage')
  await bmc.ensureTag('usage', true)
  await bmc.ensureTag('billed', true)
  t.match(await bmc.listTags(), [
    { name: 'usage', isBillingTag: false },
    { name: 'billed', isBillingTag: true },
  ])
  t.match(await bmc.listTags({ name: 'billed' }), [{ name: 'billed' }])
  t.equal(simulator.backend.tags().length, 2)
})

t.test('a lost answer is no matter: it is asked for again', async t => {
  for (const fault of [
    { reset: 'after' },
    { reset: 'before' },
    { status: 502, afterEffect: true },
  ] as const) {
    const { bmc, simulator } = await simulated(t)
    simulator.faults.add({ operation: 'POST /tag-manager/v1/tags', times: 1, ...fault })
    await bmc.ensureTag('usage')
    t.equal(simulator.backend.tags().length, 1)
  }
})

t.test('any other refusal is an error', async t => {
  const { bmc } = await simulated(t)
  await t.rejects(bmc.ensureTag('not.allowed'), { code: 'BMC_BAD_REQUEST' })
  const failing = scripted({ api: [{ fail: 'ECONNRESET' }] })
  await t.rejects(failing.bmc.ensureTag('usage'), { code: 'BMC_UNREACHABLE' })
})

t.test('a tag needs id and name, and has values or none', async t => {
  const { bmc } = scripted({
    api: [
      { body: [{ id: 't', name: 'a', values: null }] },
      { body: [{ id: 't', name: 'a', values: ['b'] }] },
      { body: [{ id: 't' }] },
    ],
  })
  t.equal((await bmc.listTags())[0]?.values, undefined)
  t.strictSame((await bmc.listTags())[0]?.values, ['b'])
  await t.rejects(bmc.listTags(), { code: 'BMC_RESPONSE_INVALID' })
})

t.test('tags are compared by name and value', async t => {
  const tags = [{ name: 'a', value: '1' }, { name: 'b' }]
  const cases: [{ name: string; value?: string }[], boolean][] = [
    [[], true],
    [[{ name: 'a' }], true],
    [[{ name: 'a', value: '1' }, { name: 'b' }], true],
    [[{ name: 'a', value: '2' }], false],
    [[{ name: 'b', value: '1' }], false],
    [[{ name: 'a' }, { name: 'c' }], false],
  ]
  for (const [wanted, expected] of cases) t.equal(hasTags(tags, wanted), expected, JSON.stringify(wanted))
  t.equal(hasTags(undefined, [{ name: 'a' }]), false)
})
