import t from 'tap'
import { toSecretText } from '../../infra/secret-file.ts'
import { readConfig } from '../../shared/config.ts'
import { readSources } from '../../shared/sources.ts'

const KUBECONFIG = JSON.stringify({
  clusters: [
    { name: 'c', cluster: { server: 'https://192.0.2.1:6443', 'certificate-authority-data': 'LS0t' } },
  ],
  users: [{ name: 'u', user: { token: 'kube-token' } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  'current-context': 'x',
})
const ENV = { PNAP_CLIENT_ID: 'client-1', PNAP_CLIENT_SECRET: 'secret-1' }

t.test('what it writes is what the functions read', async t => {
  const folder = t.testdir({
    kubeconfig: KUBECONFIG,
    token: 'sixteen-characters\n',
    before: 'sixteen-characters-0\n',
  })
  const [kubeconfig, webhookToken, webhookTokenPrevious] = ['kubeconfig', 'token', 'before'].map(
    name => `${folder}/${name}`,
  )
  const text = await toSecretText({ kubeconfig, webhookToken, webhookTokenPrevious } as never, ENV)
  const sources = await readSources({ env: { PNAP_CLOUD_CONFIG: 'secret' }, readFile: async () => text })
  const { config, notices } = readConfig(sources)
  t.match(config, {
    clientID: 'client-1',
    clientSecret: 'secret-1',
    webhookToken: 'sixteen-characters',
    webhookTokenPrevious: 'sixteen-characters-0',
    kubeApiServer: 'https://192.0.2.1:6443',
    kubeCaData: 'LS0t',
    kubeToken: 'kube-token',
  })
  t.strictSame(notices, [])
})

t.test('everything that is missing is told at once', async t => {
  const folder = t.testdir({ kubeconfig: KUBECONFIG.replace('"token"', '"tokenFile"') })
  const parts = { kubeconfig: `${folder}/kubeconfig`, webhookToken: `${folder}/token` }
  await t.rejects(toSecretText(parts, { PNAP_CLIENT_ID: 'x' }), {
    message: /PNAP_CLIENT_SECRET is not set; .*\/token cannot be read, or is empty; .* holds no certificate/,
  })
})
