import { createSecureContext } from 'node:tls'
import t, { type Test } from 'tap'
import { BACKDATED_MS, createCertificates, LIFE_MS } from '../../shared/certificates.ts'
import { toSecretChange } from '../../shared/serving-identity/carry-out.ts'
import {
  decideCertificate,
  LEAST_MS,
  RENEWED_AT,
  STEP_MS,
} from '../../shared/serving-identity/decide-certificate.ts'
import {
  readCertificateState,
  type SecretData,
  splitCertificates,
} from '../../shared/serving-identity/state.ts'

const HOSTS = ['ccm.kube-system.svc', 'ccm.kube-system.svc.cluster.local']
const DAY_MS = 24 * 3_600_000
const START = Date.UTC(2026, 0, 1)
const make = (hosts: readonly string[], now: number) => createCertificates({ hosts, now })

interface Step {
  readonly do: string
  readonly why: string
  readonly data: SecretData
}

/** Decides, and what the Secret holds afterwards. */
async function step(data: SecretData, now: number, hosts = HOSTS): Promise<Step> {
  const decision = decideCertificate(readCertificateState(data, hosts), hosts, now)
  const change = await toSecretChange(decision, make, now)
  return { do: decision.do, why: decision.why, data: { ...data, ...change } }
}

const authorities = (data: SecretData): number => splitCertificates(data['ca.crt'] ?? '').length

function usable(t: Test, data: SecretData, now: number, hosts = HOSTS): void {
  const { current } = readCertificateState(data, hosts)
  t.match(current, { state: 'intact', pair: { missing: [] } })
  t.ok(current.state === 'intact' && current.pair.validFrom <= now && now < current.pair.validUntil)
  t.doesNotThrow(() => createSecureContext({ cert: data['tls.crt'], key: data['tls.key'] }))
}

const first = await step({}, START)

t.test('the first one is made, and young', async t => {
  t.match(first, { do: 'make', why: 'there is none' })
  usable(t, first.data, START)
  t.match(await step(first.data, START + DAY_MS), { do: 'keep' })
})

t.test(
  'three years, looked at each six hours: three rotations, each in three steps, and never a gap',
  async t => {
    let data = first.data
    const done: string[] = []
    for (let now = START; now < START + 3 * LIFE_MS; now += DAY_MS / 4) {
      const before = data
      const next = await step(data, now)
      data = next.data
      if (next.do === 'keep') continue
      done.push(next.do)
      usable(t, data, now)
      // Who still serves what was there before is trusted by who has read what is there now, and the other way round.
      const [old, young] = [before, data].map(each => readCertificateState(each, HOSTS))
      if (next.do !== 'retire' && old?.current.state === 'intact')
        t.ok(
          young?.authorities.some(
            ({ pem }) => old.current.state === 'intact' && pem === old.current.pair.authority,
          ),
        )
      if (young?.current.state === 'intact')
        t.ok(
          old?.authorities.some(
            ({ pem }) => young.current.state === 'intact' && pem === young.current.pair.authority,
          ),
        )
    }
    t.strictSame(done.slice(0, 6), ['publish', 'promote', 'retire', 'publish', 'promote', 'retire'])
    t.equal(done.length, 12)
    t.equal(authorities(data), 1)
  },
)

const renewal = START - BACKDATED_MS + (LIFE_MS + BACKDATED_MS) * RENEWED_AT

t.test('a rotation takes its time', async t => {
  t.match(await step(first.data, renewal - 1000), { do: 'keep' })
  const published = await step(first.data, renewal + 1000)
  t.match(published, { do: 'publish', why: 'two thirds of its life are over' })
  t.equal(published.data['tls.crt'], first.data['tls.crt'], 'the old one is served')
  t.equal(authorities(published.data), 2)
  t.match(await step(published.data, renewal + STEP_MS - 1000), { do: 'keep' })
  const promoted = await step(published.data, renewal + STEP_MS + 5000)
  t.match(promoted, { do: 'promote' })
  t.equal(promoted.data['tls.crt'], published.data['next.crt'])
  t.notOk(promoted.data['next.key'])
  t.equal(authorities(promoted.data), 2)
  t.match(await step(promoted.data, renewal + 2 * STEP_MS), { do: 'keep' })
  const late = renewal + 2 * STEP_MS + 10_000
  const retired = await step(promoted.data, late)
  t.match(retired, { do: 'retire' })
  t.equal(authorities(retired.data), 1)
  usable(t, retired.data, late)
  const { 'tls-since': _, ...unnoted } = promoted.data
  t.match(await step(unnoted, late), { do: 'retire' }, 'a time that is lost is no harm')
})

t.test('nobody ran for a year: what was published is served, or something new', async t => {
  const published = await step(first.data, renewal + 1000)
  const late = START + LIFE_MS + DAY_MS
  t.match(await step(published.data, late), { do: 'promote', why: 'it has expired' })
  const made = await step(first.data, late)
  t.match(made, { do: 'make', why: 'it has expired' })
  t.equal(authorities(made.data), 1, 'the old authority has expired as well')
})

const other = await createCertificates({ hosts: HOSTS, now: START })
const foreign = await createCertificates({ hosts: ['other.kube-system.svc'], now: START })
const DAMAGE: readonly [what: string, data: SecretData, why: RegExp][] = [
  ['garbage for a certificate', { 'tls.crt': 'garbage' }, /^the certificate cannot be read$/],
  ['a certificate cut short', { 'tls.crt': first.data['tls.crt']?.slice(0, 300) }, /^the certificate cannot/],
  ['garbage for a key', { 'tls.key': '-----BEGIN PRIVATE KEY-----\nAAAA\n' }, /^the key cannot be read$/],
  ['no key', { 'tls.key': undefined }, /^the key cannot be read$/],
  ['the key of another certificate', { 'tls.key': other.key }, /^the key is of another certificate$/],
  ['no authority', { 'ca.crt': undefined }, /^its authority is missing$/],
  ['garbage for an authority', { 'ca.crt': 'garbage' }, /^its authority is missing$/],
  ['the authority of another', { 'ca.crt': other.ca }, /^its authority is missing$/],
  [
    'other names',
    { 'tls.crt': foreign.cert, 'tls.key': foreign.key, 'ca.crt': foreign.ca },
    /^it is not valid for ccm\.kube-system\.svc, /,
  ],
]
for (const [what, damage, why] of DAMAGE)
  t.test(`${what} is repaired at once`, async t => {
    const repaired = await step({ ...first.data, ...damage }, START + DAY_MS)
    t.match(repaired, { do: 'make', why })
    usable(t, repaired.data, START + DAY_MS)
    t.match(await step(repaired.data, START + DAY_MS + 30_000), { do: 'keep' }, 'and stays')
  })

t.test('a certificate from the future is replaced', async t => {
  t.match(await step(first.data, START - DAY_MS), { do: 'make', why: 'it is not valid yet' })
})

t.test('no two steps within an hour, whatever the clock says, but for a repair', async t => {
  const late = renewal + DAY_MS
  const data = { ...first.data, 'tls-since': new Date(late).toISOString() }
  for (const apart of [LEAST_MS - 1, 1 - LEAST_MS])
    t.match(await step(data, late + apart), { do: 'keep', why: 'the last step was made within the hour' })
  t.match(await step(data, late + LEAST_MS), { do: 'publish' })
  t.match(await step({ ...data, 'tls.key': 'garbage' }, late), { do: 'make' }, 'a repair waits for nothing')
  const ended = { ...first.data, 'tls-since': new Date(START + LIFE_MS).toISOString() }
  t.match(await step(ended, START + LIFE_MS + 1), { do: 'keep' })
  t.match(await step(ended, START + LIFE_MS + LEAST_MS), { do: 'make', why: 'it has expired' })
})

t.test('a damaged next certificate is made anew, and the current one served on', async t => {
  const published = await step(first.data, renewal + 1000)
  const again = await step({ ...published.data, 'next.key': other.key }, renewal + DAY_MS)
  t.match(again, { do: 'publish', why: /the key is of another certificate$/ })
  t.equal(again.data['tls.crt'], first.data['tls.crt'])
  t.equal(authorities(again.data), 2)
})

t.test('replicas with the old name and the new one do not take the certificate from each other', async t => {
  const renamed = ['new.kube-system.svc']
  const both = await step(first.data, START + DAY_MS, renamed)
  t.match(both, { do: 'make', why: 'it is not valid for new.kube-system.svc' })
  usable(t, both.data, START + DAY_MS, [...HOSTS, ...renamed])
  for (const hosts of [HOSTS, renamed])
    t.match(await step(both.data, START + DAY_MS + 1, hosts), { do: 'keep' })
  const published = await step(both.data, renewal + DAY_MS * 2, renamed)
  t.match(
    readCertificateState(published.data, renamed).next,
    { pair: { hosts: renamed } },
    'the old name leaves later',
  )
})

t.test('addresses are names as well', async t => {
  for (const host of ['10.0.0.5', 'fd00::5']) {
    const made = await step({}, START, [host])
    usable(t, made.data, START, [host])
    t.match(await step(made.data, START + 1, [host]), { do: 'keep' })
  }
})

t.test('authorities do not pile up', async t => {
  let data = first.data
  for (let minute = 1; minute < 10; minute++)
    data = (await step({ ...data, 'tls.key': 'garbage' }, START + minute * 60_000)).data
  t.equal(authorities(data), 4)
})
