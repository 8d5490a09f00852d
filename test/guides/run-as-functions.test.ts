import { spawnSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { assets, CONTROLLER, startTestCluster } from '../support/cluster.ts'
import { startTokenController } from '../support/token-controller.ts'
import { cloneProject, readStatus, runPage } from './_clone.ts'

t.setTimeout(220_000)

const skip = assets ? false : 'needs a real API server (KUBEBUILDER_ASSETS)'
const NOBODY = { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null' }

t.test('the guide works as it is written, up to the account', { skip }, async t => {
  const cluster = await startTestCluster(t, { kind: 'apiserver' })
  await startTokenController(t, cluster)
  const folder = await cloneProject(t)
  const before = readStatus(folder)

  const { code, output } = await runPage(folder, 'docs/guides/run-as-functions.md', {
    values: {
      KUBECONFIG: await cluster.kubeconfigFile(),
      PNAP_CLIENT_ID: 'sim-client',
      PNAP_CLIENT_SECRET: 'sim-secret',
    },
  })
  t.match({ code, output }, { code: 0, output: /::end/ })
  t.notMatch(output, 'sim-secret')
  t.equal(readStatus(folder), before, 'nothing is there to be committed')
  const read = async (path: string): Promise<string> => readFile(join(folder, path), 'utf8')
  t.match(await read('run/webhook-token'), /^[0-9a-f]{64}\n$/)
  const secret: unknown = JSON.parse(await read('run/secret.json'))
  t.match(secret, {
    clientID: 'sim-client',
    clientSecret: 'sim-secret',
    kubeApiServer: cluster.url,
    kubeToken: cluster.tokenFor(CONTROLLER),
  })
  t.notOk(
    Object.keys(secret as object).some(name => /webhook/i.test(name)),
    'audit may not read this one',
  )
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
