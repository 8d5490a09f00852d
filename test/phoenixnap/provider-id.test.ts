import t from 'tap'
import { fromServerId, PROVIDER_NAME, toOwner } from '../../shared/phoenixnap/provider-id.ts'

const ID = '5f0c0a3e8a6d2b0000000000'

t.equal(PROVIDER_NAME, 'phoenixnap')

for (const form of [`phoenixnap://${ID}`, `bmc://servers/${ID}`, ID])
  t.test(`reads ${form}`, async t => {
    t.strictSame(toOwner(form), { owner: 'ours', id: ID })
  })

t.test('what is written is read again', async t => {
  t.equal(fromServerId(ID), `phoenixnap://${ID}`)
  t.equal(fromServerId(ID, 'cluster-api'), `bmc://servers/${ID}`)
  for (const format of ['phoenixnap', 'cluster-api'] as const)
    t.strictSame(toOwner(fromServerId(ID, format)), { owner: 'ours', id: ID })
})

for (const nobody of [undefined, ''])
  t.test(`${String(nobody)} is nobody’s`, async t => {
    t.strictSame(toOwner(nobody), { owner: 'none' })
  })

const OTHERS = [
  'aws:///eu-1a/i-0abc',
  'equinixmetal://abc',
  'phoenixnap:///abc',
  'phoenixnap://',
  'phoenixnap://a/b',
  'phoenixnap:abc',
  'phoenixnap://a:b',
  'PHOENIXNAP://abc',
  'bmc://abc',
  'bmc://servers/',
  'bmc://servers/a/b',
  'bmc://networks/abc',
  'a/b',
  'a b',
  ' abc',
  'abc\n',
  '://abc',
]
for (const providerID of OTHERS)
  t.test(`${JSON.stringify(providerID)} is somebody else’s`, async t => {
    t.strictSame(toOwner(providerID), { owner: 'other' })
  })
