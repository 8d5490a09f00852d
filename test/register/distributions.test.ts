import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { DISTRIBUTION_NAMES, type DistributionName } from '../../shared/register/distributions/contract.ts'
import { DISTRIBUTIONS } from '../../shared/register/distributions/distributions.ts'
import { runRegister } from '../../shared/register/register.ts'
import { assets } from '../support/cluster.ts'
import { startControlPlane } from '../support/control-plane.ts'
import { auditEvents, connect, createNode, startWebhook } from './_webhook.ts'

t.setTimeout(300_000)

const TOKEN = 'a-token-of-sixteen-characters'
const NAME = 'cloud-provider-phoenixnap'
/** What RKE2 writes unless it is hardened. */
const RKE2_PSS = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AdmissionConfiguration',
  plugins: [
    {
      name: 'PodSecurity',
      configuration: {
        apiVersion: 'pod-security.admission.config.k8s.io/v1beta1',
        kind: 'PodSecurityConfiguration',
        defaults: { enforce: 'privileged', 'enforce-version': 'latest' },
      },
    },
  ],
}
const run = promisify(execFile)

interface Registered {
  readonly code: number
  readonly text: string
  /** Folder of the distribution. */
  readonly folder: string
}

async function register(
  folder: string,
  distribution: DistributionName,
  ...flags: readonly string[]
): Promise<Registered> {
  const lines: string[] = []
  const all = ['--print', '--apiserver-dir', folder, '--distribution', distribution, ...flags]
  const code = await runRegister(
    flags.includes('--url') ? all : ['--url', 'https://ccm.example.com:8443', ...all],
    {
      out: () => undefined,
      err: line => void lines.push(line),
      sources: { env: { PNAP_WEBHOOK_TOKEN: TOKEN } },
    },
  )
  return { code, text: lines.join('\n'), folder: join(folder, distribution) }
}

const readYaml = async <T>(...path: readonly string[]): Promise<T> =>
  parse(await readFile(join(...path), 'utf8')) as T

interface MachineConfig {
  readonly machine: {
    readonly files: readonly { path: string; permissions: number; op: string; content: string }[]
  }
  readonly cluster: {
    readonly apiServer: {
      readonly extraArgs: Record<string, string>
      readonly extraVolumes: readonly { hostPath: string; mountPath: string; readonly: boolean }[]
      readonly auditPolicy: unknown
      readonly admissionControl?: readonly unknown[]
    }
  }
}

/** The flags with which each distribution would start its API server, as it makes them of our files. */
const FLAGS: Readonly<Record<DistributionName, (folder: string) => Promise<string[]>>> = {
  async kubeadm(folder) {
    const { apiServer } = await readYaml<{ apiServer: { extraArgs: { name: string; value: string }[] } }>(
      folder,
      'cluster-configuration.yaml',
    )
    return apiServer.extraArgs.map(({ name, value }) => `--${name}=${value}`)
  },
  async k3s(folder) {
    const config = await readYaml<Record<string, string[]>>(folder, `${NAME}.yaml`)
    return (config['kube-apiserver-arg+'] ?? []).map(flag => `--${flag}`)
  },
  async rke2(folder) {
    const config = await readYaml<Record<string, string & string[]>>(folder, `${NAME}.yaml`)
    const admission = config['pod-security-admission-config-file']
    return [
      `--audit-policy-file=${config['audit-policy-file']}`,
      ...(admission ? [`--admission-control-config-file=${admission}`] : []),
      ...(config['kube-apiserver-arg+'] ?? []).map(flag => `--${flag}`),
    ]
  },
  async talos(folder) {
    const { machine, cluster } = await readYaml<MachineConfig>(folder, 'machine-config.yaml')
    for (const { path, content } of machine.files) {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, content)
    }
    const { extraArgs, auditPolicy, admissionControl = [] } = cluster.apiServer
    const plugins = [...RKE2_PSS.plugins, ...admissionControl]
    const own = { 'auditpolicy.yaml': auditPolicy, 'admission.yaml': { ...RKE2_PSS, plugins } }
    for (const [name, value] of Object.entries(own)) await writeFile(join(folder, name), stringify(value))
    return [
      `--audit-policy-file=${join(folder, 'auditpolicy.yaml')}`,
      ...(admissionControl.length > 0
        ? [`--admission-control-config-file=${join(folder, 'admission.yaml')}`]
        : []),
      ...Object.entries(extraArgs).map(([name, value]) => `--${name}=${value}`),
    ]
  },
}

/** Every path below the folder of our files that a text names. */
const namesIn = (text: string, path: string): string[] =>
  [...text.matchAll(new RegExp(`${path}/([\\w.-]+\\w)`, 'g'))].map(([, name = '']) => name)

for (const distribution of DISTRIBUTION_NAMES) {
  t.test(`${distribution}: only files are named that are written`, async t => {
    for (const bearer of [false, true]) {
      const folder = t.testdir({ 'pss.yaml': stringify(RKE2_PSS) })
      const merge = bearer && distribution === 'rke2' ? ['--merge-admission', join(folder, 'pss.yaml')] : []
      const {
        code,
        text,
        folder: own,
      } = await register(folder, distribution, ...(bearer ? ['--bearer'] : []), ...merge)
      t.equal(code, 0, text)
      const { path } = DISTRIBUTIONS[distribution]
      const files = await readdir(own, { recursive: true, withFileTypes: true })
      const texts = await Promise.all(
        files.filter(file => file.isFile()).map(file => readFile(join(file.parentPath, file.name), 'utf8')),
      )
      const written =
        distribution === 'talos'
          ? (await readYaml<MachineConfig>(own, 'machine-config.yaml')).machine.files.map(file =>
              file.path.replace(`${path}/`, ''),
            )
          : await readdir(join(own, NAME))
      const named = new Set(texts.flatMap(one => namesIn(one, path)))
      t.ok(named.size > 1)
      t.strictSame(
        [...named].filter(name => !written.includes(name)),
        [],
        'each named file is written',
      )
      t.equal(
        written.includes('admission-webhook.yaml'),
        bearer,
        'an admission configuration only with --bearer',
      )
      t.notOk(text.includes(TOKEN), 'no secret is printed')
      t.match(text, /^Undo: /m)
      t.notOk(
        texts.some(one => one.includes(folder)),
        'no path of this machine',
      )
    }
  })
}

t.test('an admission configuration that is in use is not replaced unseen', async t => {
  const folder = t.testdir({ 'pss.yaml': stringify(RKE2_PSS) })
  const refused = await register(folder, 'rke2', '--bearer')
  t.match(refused, { code: 2, text: /rke2 has an admission configuration in use: .*rke2-pss\.yaml/ })
  const merged = await register(folder, 'rke2', '--bearer', '--merge-admission', join(folder, 'pss.yaml'))
  t.equal(merged.code, 0, merged.text)
  const { plugins } = await readYaml<typeof RKE2_PSS>(merged.folder, NAME, 'admission-control.yaml')
  t.strictSame(
    plugins.map(({ name }) => name),
    ['MutatingAdmissionWebhook', 'PodSecurity'],
  )
  const needless = await register(folder, 'talos', '--merge-admission', join(folder, 'pss.yaml'))
  t.match(needless, { code: 2, text: /Talos merges plugins/ })
})

t.test('a wider policy is taken only when it is accepted, and told', async t => {
  const folder = t.testdir({
    'policy.yaml': 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Metadata }]\n',
  })
  const flags = ['--merge-policy', join(folder, 'policy.yaml')]
  t.match(await register(folder, 'talos', ...flags), { code: 2, text: /rule 1 logs every resource/ })
  const accepted = await register(folder, 'talos', ...flags, '--accept-wider-audit')
  t.equal(accepted.code, 0, accepted.text)
  t.match(accepted.text, /Accepted: .*\n {2}rule 1 logs every resource/)
})

const needsAssets = assets ? {} : { skip: 'needs a real API server (KUBEBUILDER_ASSETS)' }

t.test('an API server starts with them, and rings', needsAssets, async t => {
  const folder = t.testdir({ 'pss.yaml': stringify(RKE2_PSS) })
  const webhook = await startWebhook(t)
  const caFile = join(folder, 'ca.pem')
  await writeFile(caFile, webhook.ca)
  const plane = await startControlPlane(assets ?? '')
  t.teardown(() => plane.stop())
  const admin = await connect(t, plane, folder, 'admin')
  const kubeconfig = { KUBECONFIG: join(folder, 'admin.kubeconfig'), PNAP_WEBHOOK_TOKEN: TOKEN }
  const io = { out: () => undefined, err: () => undefined, sources: { env: kubeconfig } }
  t.equal(await runRegister(['--url', webhook.url, '--ca-file', caFile, '--bearer'], io), 0)

  for (const distribution of DISTRIBUTION_NAMES) {
    await t.test(distribution, async t => {
      const out = join(folder, 'out')
      const path = distribution === 'talos' ? join(folder, 'talos-var') : join(out, distribution, NAME)
      const {
        code,
        text,
        folder: own,
      } = await register(
        out,
        distribution,
        '--bearer',
        '--url',
        webhook.url,
        '--ca-file',
        caFile,
        '--apiserver-path',
        path,
        ...(distribution === 'rke2' ? ['--merge-admission', join(folder, 'pss.yaml')] : []),
      )
      t.equal(code, 0, text)
      const flags = await FLAGS[distribution](own)
      if (distribution === 'kubeadm') await expectPatched(t, own, flags)
      await plane.stopApiServer()
      await plane.startApiServer({ flags })
      webhook.calls.length = 0

      const name = `${distribution}-node`
      for (let tries = 0; !webhook.calls.some(call => call.path.startsWith('/admission')); tries++)
        await createNode(admin, `${name}-${tries}`)
      await admin.request({ method: 'DELETE', path: `/api/v1/nodes/${name}-0` })
      await webhook.waitFor(() =>
        auditEvents(webhook.calls).find(
          ({ verb, objectRef }) => verb === 'delete' && objectRef.name === `${name}-0`,
        ),
      )
      t.ok(
        webhook.calls.every(call => call.authorization === `Bearer ${TOKEN}`),
        'both send the token',
      )
    })
  }
})

/** kubectl makes of the manifest of a running cluster what the configuration makes of a new one. */
async function expectPatched(t: Test, folder: string, flags: readonly string[]): Promise<void> {
  const manifest = join(folder, 'kube-apiserver.yaml')
  const container = {
    name: 'kube-apiserver',
    command: ['kube-apiserver', '--v=2'],
    volumeMounts: [{ name: 'ca', mountPath: '/ca' }],
  }
  const spec = { containers: [container], volumes: [{ name: 'ca', hostPath: { path: '/ca' } }] }
  await writeFile(
    manifest,
    stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'kube-apiserver' }, spec }),
  )
  const args = [
    'patch',
    '--local',
    '-f',
    manifest,
    '--type',
    'json',
    '--patch-file',
    join(folder, 'kube-apiserver.patch.yaml'),
    '-o',
    'yaml',
  ]
  const { stdout } = await run(join(assets ?? '', 'kubectl'), args)
  const patched = parse(stdout) as { spec: typeof spec }
  t.strictSame(patched.spec.containers[0]?.command, [...container.command, ...flags])
  t.match(patched.spec.containers[0]?.volumeMounts, [{}, { name: NAME, readOnly: true }])
  t.match(patched.spec.volumes, [{}, { name: NAME, hostPath: { type: 'Directory' } }])
}
