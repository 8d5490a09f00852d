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
  const text = await toSecretText(`${t.testdir({ kubeconfig: KUBECONFIG })}/kubeconfig`, ENV)
  const sources = await readSources({ env: { PNAP_CLOUD_CONFIG: 'secret' }, readFile: async () => text })
  const { config, notices } = readConfig(sources)
  t.match(config, {
    clientID: 'client-1',
    clientSecret: 'secret-1',
    kubeApiServer: 'https://192.0.2.1:6443',
    kubeCaData: 'LS0t',
    kubeToken: 'kube-token',
  })
  t.strictSame(notices, [])
})

t.test('everything that is missing is told at once', async t => {
  const folder = t.testdir({ kubeconfig: KUBECONFIG.replace('"token"', '"tokenFile"') })
  await t.rejects(toSecretText(`${folder}/kubeconfig`, { PNAP_CLIENT_ID: 'x' }), {
    message: /PNAP_CLIENT_SECRET is not set; .* holds no certificate/,
  })
})
