import t from 'tap'
import { admissionPathSecret } from '../../shared/webhook-secret.ts'
import { service } from './_objects.ts'
import { CONTROLLER, SECRET, type Told, tellByHand } from './_told.ts'

const USER = 'admin'
const TOKEN = { to: 'cloud', path: '/auth/realms/BMC/protocol/openid-connect/token' } as const
const ACCESS = '7f7f2d61-access-token'

const FORMS: Readonly<Record<string, (secret: string) => string>> = {
  'as it is': secret => `secret ${secret}`,
  'in hex': secret => Buffer.from(secret).toString('hex'),
  'in base64': secret => Buffer.from(secret).toString('base64'),
  'in base64 behind one letter': secret => Buffer.from(`:${secret}:`).toString('base64'),
  'in base64 behind two letters': secret => Buffer.from(`id${secret}`).toString('base64'),
  'as the path of reviews': secret => `/admission/${admissionPathSecret(secret)}`,
}

const PLACES: Readonly<Record<string, (told: Told, text: string) => void>> = {
  'a log line': (told, text) => {
    told.log(text)
    told.atRest()
  },
  'the path of a read': (told, text) =>
    told.request(CONTROLLER, { to: 'cloud', method: 'GET', path: `/x/${text}`, isWrite: false }),
  'a query': (told, text) => told.request(CONTROLLER, { method: 'GET', query: `q=${text}`, isWrite: false }),
  'a body': (told, text) => told.request(CONTROLLER, { to: 'cloud', body: text }),
  'the answer to a review': (told, text) =>
    told.request('cluster', { to: 'admission', body: '{}' }, { answer: text }),
  'the answer to an audit batch': (told, text) => told.request('cluster', { to: 'audit' }, { answer: text }),
  'an annotation': (told, text) =>
    told.store(USER, 'services', service('web', '', { metadata: { annotations: { text } } })),
}

const toInvariants = ({ violations }: Told): string[] => [
  ...new Set(violations.map(({ invariant }) => invariant).filter(id => id === '7')),
]

for (const [form, write] of Object.entries(FORMS)) {
  for (const [place, put] of Object.entries(PLACES)) {
    t.test(`a secret ${form} in ${place}`, async t => {
      const told = tellByHand()
      put(told, write(SECRET))
      t.strictSame(toInvariants(told), ['7'])
    })
  }
}

t.test('an access token is a secret as soon as it was given out', async t => {
  const told = tellByHand()
  const answer = JSON.stringify({ access_token: ACCESS, expires_in: 300 })
  told.request(CONTROLLER, { ...TOKEN, body: `client_secret=${SECRET}` }, { answer })
  t.strictSame(toInvariants(told), [], 'credentials go to where tokens are to be had')
  told.request(CONTROLLER, { body: `token ${ACCESS}` })
  t.strictSame(toInvariants(told), ['7'])
  t.notOk(told.violations.some(({ what }) => what.includes(ACCESS)))
})

t.test('objects that are made for secrets may hold them', async t => {
  const told = tellByHand()
  const path = `/admission/${admissionPathSecret(SECRET)}`
  const metadata = { name: 'cloud-provider-phoenixnap' }
  told.store(USER, 'mutatingwebhookconfigurations', { apiVersion: 'v1', kind: 'X', metadata, path })
  told.store(USER, 'secrets', { apiVersion: 'v1', kind: 'Secret', metadata, data: SECRET })
  t.strictSame(told.violations, [])
})
