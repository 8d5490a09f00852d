import { spawnSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { assets, CONTROLLER, startTestCluster } from '../support/cluster.ts'
import { startTokenController } from '../support/token-controller.ts'
import { cloneProject, runPage } from './_clone.ts'

t.setTimeout(220_000)

const skip = assets ? false : 'needs a real API server (KUBEBUILDER_ASSETS)'
const NOBODY = { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null' }

t.test('the guide works as it is written, up to the account', { skip }, async t => {
  const cluster = await startTestCluster(t, { kind: 'apiserver' })
  await startTokenController(t, cluster)
  const folder = await cloneProject(t)

  const { code, output } = await runPage(folder, 'docs/guides/run-as-functions.md', {
    values: {
      KUBECONFIG: await cluster.kubeconfigFile(),
      PNAP_CLIENT_ID: 'sim-client',
      PNAP_CLIENT_SECRET: 'sim-secret',
    },
  })
  t.match({ code, output }, { code: 0, output: /::end/ })
  t.notMatch(output, 'sim-secret')
  const read = async (path: string): Promise<string> => readFile(join(folder, path), 'utf8')
  t.match(JSON.parse(await read('secret.json')), {
    clientID: 'sim-client',
    clientSecret: 'sim-secret',
    webhookToken: (await read('webhook-token')).trim(),
    kubeApiServer: cluster.url,
    kubeToken: cluster.tokenFor(CONTROLLER),
  })
  t.match(await readdir(join(folder, '.serverless')), /cloudformation-template-update-stack\.json/)
  const built = await readdir(join(folder, '.build'))
  for (const name of ['admission', 'audit', 'reconcile', 'resync']) t.ok(built.includes(`${name}.zip`), name)

  const deployed = spawnSync('npm', ['run', 'deploy', '--', '--stage', 'prod', '--region', 'us-east-1'], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: folder, NO_COLOR: '1', ...NOBODY },
  })
  t.not(deployed.status, 0, 'nobody deploys without an account')
  t.match(`${deployed.stdout}${deployed.stderr}`, /AWS provider credentials not found/)
})
