import t from 'tap'
import type { Api } from '../../../support/api.ts'
import { listen, simulate } from '../_simulated.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

/** A webhook that sets every ConfigMap's data.a to 9. */
async function installWebhook(t: Parameters<typeof listen>[0], api: Api): Promise<void> {
  const operations = [{ op: 'replace', path: '/data/a', value: '9' }]
  const patch = Buffer.from(JSON.stringify(operations)).toString('base64')
  const answer = ({ body }: { readonly body: unknown }): { body: object } => {
    const { uid } = (body as { request: { uid: string } }).request
    const response = { uid, allowed: true, patchType: 'JSONPatch', patch }
    return { body: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response } }
  }
  const { url, ca } = await listen(t, answer, true)
  const webhook = {
    name: 'nine.example.com',
    clientConfig: { url, caBundle: Buffer.from(ca).toString('base64') },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }],
  }
  const body = { metadata: { name: 'nine' }, webhooks: [webhook] }
  t.equal((await api.call({ method: 'POST', path: CONFIGURATIONS, body })).status, 201)
}

t.test('what a webhook takes back later is no change, and a change has its time', async t => {
  const { api: createApi, clock } = await simulate(t)
  const api = createApi()
  await installWebhook(t, api)
  const body = { metadata: { name: 'a' }, data: { a: '1' } }
  const created = await api.call({ method: 'POST', path: MAPS, body })
  const write = (data: object) =>
    api.call({ method: 'PATCH', path: `${MAPS}/a`, patch: 'merge', body: { data } })

  await clock.turn(1000)
  const same = await write({ a: '2' })
  t.strictSame(same.body, created.body)

  const changed = await write({ b: '1' })
  t.not(changed.body.metadata?.resourceVersion, created.body.metadata?.resourceVersion)
  const timeOf = ({ metadata }: typeof changed.body): number => {
    const [owner] = (metadata?.['managedFields'] ?? []) as { readonly time: string }[]
    return Date.parse(owner?.time ?? '')
  }
  t.equal(timeOf(changed.body) - timeOf(created.body), 1000)
})
