import * as fc from 'fast-check'
import t from 'tap'
import {
  decodeTagValue,
  encodeTagValue,
  isMarked,
  toBlockTags,
  toPurchase,
  toServiceRef,
  toServiceTags,
  withMark,
  withoutMark,
} from '../../shared/phoenixnap/block-tags.ts'

/** As the tags API documents names and values. */
const VALID = /^[A-zÀ-ú0-9_-]{1,100}$/

t.test('names of Kubernetes read as they are, and as the Go program writes them', async t => {
  t.strictSame(toBlockTags('3f1c-uid', 'p-1', { namespace: 'team-a', name: 'web' }), [
    { name: 'usage', value: 'cloud-provider-phoenixnap-auto' },
    { name: 'cluster', value: '3f1c-uid' },
    { name: 'purchase', value: 'p-1' },
    { name: 'serviceNamespace', value: 'team-a' },
    { name: 'serviceName', value: 'web' },
  ])
  t.strictSame(
    toBlockTags('u', 'p').map(({ name }) => name),
    ['usage', 'cluster', 'purchase'],
  )
})

const ENCODED: readonly [text: string, value: string][] = [
  ['web.v2', 'web_2e_v2'],
  ['a_b', 'a_5f_b'],
  ['', '__'],
  ['é', '_e9_'],
  ['🙂', '_1f642_'],
  ['\u{10ffff}', '_10ffff_'],
]
for (const [text, value] of ENCODED)
  t.test(`${JSON.stringify(text)} is ${value}`, async t => {
    t.equal(encodeTagValue(text), value)
    t.equal(decodeTagValue(value), text)
  })

for (const value of ['a_b', '_zz_', '_110000_', 'a_2E_', 'é', 'é_2e_', '_2e_é'])
  t.test(`${value}, which was never encoded, is taken as it stands`, async t => {
    t.equal(decodeTagValue(value), value)
  })

const tagsOf = (name: string) => toServiceTags({ namespace: 'team-a', name }).slice(1)

t.test('what does not fit into one value goes on in further tags', async t => {
  t.strictSame(tagsOf('a'.repeat(100)), [{ name: 'serviceName', value: 'a'.repeat(100) }])
  const name = `${'a'.repeat(99)}b${'c'.repeat(100)}d`
  t.strictSame(tagsOf(name), [
    { name: 'serviceName', value: `${'a'.repeat(99)}b` },
    { name: 'serviceName_2', value: 'c'.repeat(100) },
    { name: 'serviceName_3', value: 'd' },
  ])
  const service = { namespace: 'n'.repeat(101), name }
  t.strictSame(toServiceRef(toServiceTags(service).toReversed()), service)
})

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300, size: 'max' }),
  fc.string({ unit: fc.constantFrom('a', '.', '-', '_', '2', 'e'), maxLength: 300, size: 'max' }),
)

t.test('any text comes back', async t => {
  fc.assert(fc.property(text, given => decodeTagValue(encodeTagValue(given)) === given))
  t.pass()
})

t.test('any Service comes back, in tags that are valid, in whatever order', async t => {
  fc.assert(
    fc.property(text, text, (namespace, name) => {
      const tags = toServiceTags({ namespace, name })
      t.ok(tags.every(tag => VALID.test(tag.name) && VALID.test(tag.value ?? '')))
      t.equal(new Set(tags.map(tag => tag.name)).size, tags.length)
      t.strictSame(toServiceRef(tags.toReversed()), { namespace, name })
    }),
    { numRuns: 50 },
  )
})

t.test('a block without both tags is dedicated to nobody', async t => {
  t.equal(toServiceRef([{ name: 'serviceName', value: 'web' }]), undefined)
  t.equal(toServiceRef([{ name: 'serviceNamespace', value: 'a' }, { name: 'serviceName' }]), undefined)
  t.equal(toServiceRef([]), undefined)
  t.equal(toPurchase([]), undefined)
  t.equal(toPurchase([{ name: 'purchase', value: 'p-1' }]), 'p-1')
})

t.test('the mark comes and goes, all other tags stay', async t => {
  const tags = [{ id: '1', name: 'usage', value: 'x' }, { name: 'owner' }]
  t.strictSame(withMark(tags), [
    { name: 'usage', value: 'x' },
    { name: 'owner' },
    { name: 'delete', value: 'true' },
  ])
  t.strictSame(withMark(withMark(tags)), withMark(tags))
  t.strictSame(withoutMark(withMark(tags)), [{ name: 'usage', value: 'x' }, { name: 'owner' }])
  t.ok(isMarked(withMark(tags)))
  t.ok(isMarked([{ name: 'delete' }]))
  t.notOk(isMarked(tags))
})
