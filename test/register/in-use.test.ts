import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { type Outcome, register } from './_register.ts'

const URL = 'https://ccm.example.com:8443'

t.test('files in use are merged, or refused', async t => {
  const folder = t.testdir({
    'policy.yaml': 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: None, users: [a] }]\n',
    'too-much.yaml':
      'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Request }, { level: Metadata }]\n',
    'null.yaml': 'apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [null]\n',
    'broken.yaml': 'a: [',
    'other.yaml': 'kind: Other\n',
    'odd.yaml': '%PLANTED planted\n---\nkind: Other\n',
    'users.yaml': 'apiVersion: v1\nkind: Config\nusers: [{ name: "*", user: { token: theirs } }]\n',
    plugin: {},
  })
  const at = (name: string): string => join(folder, name)
  await writeFile(at('security.yaml'), 'kind: PodSecurityConfiguration\n')
  await writeFile(
    at('plugin/webhooks.yaml'),
    `apiVersion: apiserver.config.k8s.io/v1\nkind: WebhookAdmissionConfiguration\nkubeConfigFile: ${at('users.yaml')}\n`,
  )
  await writeFile(
    at('admission.yaml'),
    'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n' +
      '  - { name: PodSecurity, path: security.yaml }\n  - { name: MutatingAdmissionWebhook, path: plugin/webhooks.yaml }\n',
  )
  const run = (...more: string[]): Promise<Outcome> =>
    register(['--url', URL, '--print', '--bearer', '--apiserver-dir', at('files'), ...more], {})

  const merged = await run('--merge-policy', at('policy.yaml'), '--merge-admission', at('admission.yaml'))
  t.equal(merged.code, 0, merged.err)
  t.match(merged.err, /^Your log goes on to hold what the controller itself does/m)
  t.match(merged.err, /^\+ .*level: Metadata$/m)
  t.match(parse(await readFile(at('files/audit-policy.yaml'), 'utf8')), {
    rules: [{ level: 'Metadata' }, { users: ['a'] }, { level: 'None' }],
  })
  t.match(parse(await readFile(at('files/admission-control.yaml'), 'utf8')), {
    plugins: [
      {
        name: 'MutatingAdmissionWebhook',
        configuration: { kubeConfigFile: at('files/admission-webhook.yaml') },
      },
      { name: 'PodSecurity', configuration: { kind: 'PodSecurityConfiguration' } },
    ],
  })
  t.match(parse(await readFile(at('files/admission-webhook.yaml'), 'utf8')), {
    users: [{ name: 'ccm.example.com:8443', user: { tokenFile: at('files/webhook-token') } }, { name: '*' }],
  })

  const refused = await run('--merge-policy', at('too-much.yaml'), '--merge-admission', at('gone.yaml'))
  t.equal(refused.code, 2)
  t.match(
    refused.err,
    /rule 1 logs at level Request.*\n.*rule 2 logs every resource.*\n.*gone\.yaml is not there/,
  )
  t.match(await run('--merge-policy', at('null.yaml')), {
    code: 2,
    err: /v1beta1: .*\n.*null\.yaml has a rule 1/,
  })
  const warnings: string[] = []
  const listen = (warning: Error): void => void warnings.push(String(warning))
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))
  t.match(await run('--merge-policy', at('odd.yaml')), { code: 2, err: /no Policy/ })
  await new Promise(resolve => setImmediate(resolve))
  t.strictSame(warnings, [], 'no text of a file is shown by its parser')
  t.match(await run('--merge-policy', at('broken.yaml')), { code: 2, err: /no YAML/ })
  t.match(await run('--merge-policy', at('other.yaml')), { code: 2, err: /no Policy/ })
})
