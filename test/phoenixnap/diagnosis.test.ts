import t from 'tap'
import type { Diagnosis } from '../../shared/cloud-provider/diagnosis.ts'
import { testGetValidCloud, type ValidCloud } from '../support/cloud.ts'

const toDiagnosis = ({ cloud }: ValidCloud): Diagnosis => {
  if (!cloud.diagnosis) throw new Error('the cloud has no diagnosis')
  return cloud.diagnosis
}

t.test('a new token is asked for, and tells scopes, life and time', async t => {
  const valid = await testGetValidCloud(t)
  const diagnosis = toDiagnosis(valid)
  const answer = await diagnosis.askForCredentials()
  t.strictSame(answer.scopes?.toSorted(), ['bmc', 'bmc.read', 'tags', 'tags.read'])
  t.equal(answer.tokenLifeMs, 900_000)
  t.type(answer.date, 'number')
  await diagnosis.askForCredentials()
  t.equal(valid.cloud.requestCounts().get('POST token'), 2, 'none is kept')
})

t.test('wrong credentials are told apart', async t => {
  const valid = await testGetValidCloud(t)
  valid.backend.setCredentials('sim-client', 'rotated')
  await t.rejects(toDiagnosis(valid).askForCredentials(), { code: 'BMC_CREDENTIALS_INVALID' })
})

t.test('a scope to write covers the one to read, not the other way round', async t => {
  const diagnosis = toDiagnosis(await testGetValidCloud(t))
  t.ok(diagnosis.covers(['bmc'], 'bmc.read'))
  t.ok(diagnosis.covers(['bmc.read'], 'bmc.read'))
  t.notOk(diagnosis.covers(['bmc.read'], 'bmc'))
  t.notOk(diagnosis.covers([], 'tags'))
})

t.test('quota and tags are read', async t => {
  const valid = await testGetValidCloud(t)
  const diagnosis = toDiagnosis(valid)
  const quota = await diagnosis.readAddressQuota()
  t.match(quota, { name: 'bmc.public_ips.max_count', used: Number, limit: Number })
  t.strictSame(await diagnosis.listMissingTags(), [
    'usage',
    'cluster',
    'serviceNamespace',
    'serviceName',
    'delete',
    'purchase',
  ])
})
