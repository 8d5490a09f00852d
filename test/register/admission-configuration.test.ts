import t from 'tap'
import {
  toAdmissionConfiguration,
  toHostPort,
  toWebhookUsers,
} from '../../shared/register/admission-configuration.ts'

t.test('our plugin stands alone, or before those in use', async t => {
  t.match(toAdmissionConfiguration('/d/users'), {
    kind: 'AdmissionConfiguration',
    plugins: [
      {
        name: 'MutatingAdmissionWebhook',
        configuration: { kind: 'WebhookAdmissionConfiguration', kubeConfigFile: '/d/users' },
      },
    ],
  })
  const inUse = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: [{ name: 'PodSecurity' }, { name: 'MutatingAdmissionWebhook', path: 'old.yaml' }],
  }
  const merged = toAdmissionConfiguration('/d/users', inUse)
  t.strictSame(
    merged.plugins?.map(({ name, path }) => [name, path]),
    [
      ['MutatingAdmissionWebhook', undefined],
      ['PodSecurity', undefined],
    ],
  )
  t.strictSame(toAdmissionConfiguration('/d/users', merged), merged, 'merged twice is merged once')
})

t.test('our user stands before those in use', async t => {
  const inUse = {
    apiVersion: 'v1',
    kind: 'Config',
    users: [
      { name: '*', user: { token: 'theirs' } },
      { name: 'host:8443', user: { token: 'old' } },
    ],
  }
  t.strictSame(toWebhookUsers('host:8443', '/d/token', inUse).users, [
    { name: 'host:8443', user: { tokenFile: '/d/token' } },
    { name: '*', user: { token: 'theirs' } },
  ])
})

t.test('a webhook is known by host and port', async t => {
  t.equal(toHostPort('https://host.example.com/admission'), 'host.example.com:443')
  t.equal(toHostPort('https://host:8443'), 'host:8443')
  t.equal(toHostPort('https://[::1]:8443'), '[::1]:8443')
})
