import { Agent, request } from 'node:https'
import { join } from 'node:path'
import t from 'tap'
import { findNode } from '../scenarios/_deletion.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { SECRET_ARN, startFakeSecrets } from '../support/fake-secrets.ts'
import { toClusterSettings } from '../support/hosts/functions.ts'
import { getPackaged } from '../support/lambda/package.ts'
import { nodeKey, reconcile, type Stage, setStage, until } from './_runtime.ts'

t.setTimeout(240_000)

const packaged = await getPackaged(join(t.testdir(), 'service'))
const BATCH = JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [] })
const [TOKEN, NEXT] = ['planted-webhook-token', 'planted-webhook-token-2']

/** Status of an audit batch that is sent with the token. */
function audit({ lambda }: Stage, token: string): Promise<number> {
  const agent = new Agent({ ca: lambda.ca, keepAlive: false })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    request(`${lambda.url}/audit`, { method: 'POST', agent, headers }, response => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
      .on('error', reject)
      .end(BATCH)
  })
}

t.test('functions that know one ARN have everything from there, and what is rotated there', async t => {
  const fake = await startFakeSecrets(t)
  const { AWS_ENDPOINT_URL_SECRETS_MANAGER = '' } = fake.env
  const reconcileFunction = packaged.deployment.functions.find(({ name }) => name === 'reconcile')
  const stage = await setStage(t, packaged, {
    change: {
      environment: {
        PNAP_CLOUD_CONFIG: SECRET_ARN,
        PNAP_RECONCILE_FUNCTION: reconcileFunction?.functionName ?? '',
        AWS_ENDPOINT_URL_SECRETS_MANAGER,
      },
    },
  })
  const { admin, bmc, lambda } = stage
  const { KUBE_API_SERVER, KUBE_CA_DATA, KUBE_TOKEN } = toClusterSettings(stage.cluster)
  const everything = {
    clientID: 'sim-client',
    clientSecret: 'planted-client-secret',
    'base-url': bmc.url,
    webhookToken: TOKEN,
    kubeApiServer: KUBE_API_SERVER,
    kubeCaData: KUBE_CA_DATA,
    kubeToken: KUBE_TOKEN,
  }
  const put = (more: object): void =>
    void fake.secrets.set(SECRET_ARN, JSON.stringify({ ...everything, ...more }))

  t.equal(await audit(stage, TOKEN), 500, 'there is no secret yet')
  t.match(lambda.log(), /SECRET_NOT_FOUND/)
  put({})
  await until('the secret is found', async () => (await audit(stage, TOKEN)) === 200)

  const first = bmc.backend.addServer({ hostname: 'first' })
  await fakeKubelet(admin, 'first')
  t.match(await reconcile(stage, 'RequestResponse', [nodeKey('first')]), { answer: { retry: 0 } })
  t.equal((await findNode(admin, 'first'))?.spec?.providerID, `phoenixnap://${first.id}`)

  put({ webhookToken: NEXT, webhookTokenPrevious: TOKEN, clientSecret: 'planted-client-secret-2' })
  bmc.backend.setCredentials('sim-client', 'planted-client-secret-2')
  bmc.backend.revokeTokens()
  await until('the new token is accepted', async () => (await audit(stage, NEXT)) === 200)
  t.equal(await audit(stage, TOKEN), 200, 'and the one before')
  const second = bmc.backend.addServer({ hostname: 'second' })
  await fakeKubelet(admin, 'second')
  await until('the new credentials are used', async () => {
    await reconcile(stage, 'RequestResponse', [nodeKey('second')])
    return (await findNode(admin, 'second'))?.spec?.providerID === `phoenixnap://${second.id}`
  })
  const runs = lambda.records.filter(({ functionName }) => functionName === reconcileFunction?.functionName)
  t.equal(new Set(runs.map(({ pid }) => pid)).size, 1, 'by the process that knew the old ones')

  for (const secret of [TOKEN, NEXT, 'planted-client-secret', KUBE_TOKEN ?? ''])
    t.notMatch(lambda.log(), secret)
})
