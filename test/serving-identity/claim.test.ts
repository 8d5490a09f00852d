import t from 'tap'
import type { KubeObject } from '../../shared/register/manifests.ts'
import {
  CLAIM_MS,
  isOfAnother,
  REGISTERED,
  readStored,
  toClaim,
  toPlace,
} from '../../shared/serving-identity/claim.ts'

const NOW = Date.UTC(2026, 0, 1)
const SERVICE = { namespace: 'kube-system', name: 'ccm', port: 443, path: '/admission/secret' }
const URL_OF = 'https://ccm.example.com:8443/admission/secret'

const toObject = (clientConfigs: readonly object[], registered?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'A',
  metadata: { name: 'a', ...(registered ? { annotations: { [REGISTERED]: registered } } : {}) },
  webhooks: clientConfigs.map(clientConfig => ({ clientConfig })),
})

t.test('what was registered is read back, with who did it', async t => {
  for (const [url, config, host] of [
    [SERVICE, { service: { ...SERVICE, port: undefined } }, 'kube-system/ccm:443'],
    [URL_OF, { url: URL_OF }, 'https://ccm.example.com:8443'],
  ] as const) {
    const claim = toClaim(toPlace(url), NOW)
    t.match(readStored(toObject([config, config], claim)), { place: { host }, claimedAt: NOW })
    t.equal(readStored(toObject([config])).claimedAt, undefined, 'the command register notes nothing')
    t.equal(readStored(toObject([config, { url: 'https://a' }], claim)).place, undefined)
    t.equal(readStored(toObject([{ url: 'https://a' }], claim)).claimedAt, undefined, 'an edit is no claim')
  }
  t.equal(readStored(toObject([])).place, undefined)
  t.equal(readStored(toObject([{}], 'garbage')).claimedAt, undefined)
})

t.test('of two hosts the one that began last is registered, and the other looks again', async t => {
  const stored = readStored(toObject([{ url: URL_OF }], toClaim(toPlace(URL_OF), NOW)))
  const mine = new Set([toPlace(SERVICE).target])
  t.notOk(isOfAnother(stored, mine, false, NOW), 'who begins registers')
  t.ok(isOfAnother(stored, mine, true, NOW + CLAIM_MS - 1))
  t.notOk(isOfAnother(stored, mine, true, NOW + CLAIM_MS))
  t.notOk(isOfAnother(stored, new Set([...mine, URL_OF]), true, NOW), 'its own of before')
  t.notOk(isOfAnother({ ...stored, claimedAt: undefined }, mine, true, NOW), 'an edit')
})

t.test('two hosts for ever: one write an hour', async t => {
  const targets = [SERVICE, URL_OF].map(toPlace)
  let claim = { ...targets[0], at: 0 }
  let writes = 0
  const has = [false, false]
  for (let now = NOW; now < NOW + 24 * CLAIM_MS; now += 30_000)
    for (const [index, place] of targets.entries()) {
      const stored = { place: claim as typeof place, caBundle: undefined, claimedAt: claim.at }
      const isLeft = isOfAnother(stored, new Set([place.target]), has[index] ?? false, now)
      has[index] = true
      if (isLeft || claim.target === place.target) continue
      claim = { ...place, at: now }
      writes += 1
    }
  t.ok(writes <= 25, `${writes} in a day`)
})
