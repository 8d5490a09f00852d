import * as fc from 'fast-check'
import { createCertificates } from '../../shared/certificates.ts'
import { planApiServerFiles } from '../../shared/register/apiserver-files.ts'
import { readOptions } from '../../shared/register/options.ts'
import { decideCertificate } from '../../shared/serving-identity/decide-certificate.ts'
import { KEYS, readCertificateState, splitCertificates } from '../../shared/serving-identity/state.ts'
import { followTrust, isSameTrust, NO_TRUST } from '../../shared/serving-identity/trusted.ts'
import { oddText, type Tree, toText } from '../hostile.ts'
import { damaged, mutated } from '../mutate.ts'
import { define, type Runnable } from '../run.ts'
import { ensure, watch } from '../watch.ts'
import { withFile } from './settings.ts'

const policy: Tree = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', users: ['a'] },
    { level: 'Metadata', verbs: ['create'], resources: [{ group: '', resources: ['nodes', 'services'] }] },
  ],
}

const admission: Tree = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AdmissionConfiguration',
  plugins: [
    { name: 'PodSecurity', configuration: { apiVersion: 'a/v1', kind: 'PodSecurityConfiguration' } },
    {
      name: 'MutatingAdmissionWebhook',
      configuration: { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'WebhookAdmissionConfiguration' },
    },
  ],
}

/** What is in use, merged with ours: refused with every reason, or merged into what an API server may be given. */
const attemptMerge =
  (flag: string) =>
  (file: string): Promise<string> =>
    watch({
      work: () =>
        withFile(file, async path => {
          const argv = ['--url', 'https://a:8443', '--apiserver-dir', '/nowhere', `--${flag}`, path]
          const inputs = { env: { PNAP_WEBHOOK_TOKEN: 'token-of-the-fuzzing' } }
          const { options } = await readOptions(argv, inputs)
          if (!options.webhook) return 'no webhook'
          const { files } = await planApiServerFiles('/nowhere', options, options.webhook, 'token')
          return files.size > 0 ? 'merged' : 'nothing'
        }),
      codes: /^CCM_CONFIG_INVALID$/,
      label: word => word,
    })

const NOW = Date.now()
const { ca, cert, key } = await createCertificates({ hosts: ['a.test'], now: NOW })
const other = await createCertificates({ hosts: ['b.test'], now: NOW })
const pems = damaged(
  fc.oneof(
    fc
      .array(fc.constantFrom(ca, cert, key, other.ca, other.cert, '\r\n', 'text\n'), { maxLength: 4 })
      .map(some => some.join('')),
    fc.constantFrom(
      ca.replaceAll('\n', '\r\n'),
      cert.replaceAll('\n', ''),
      ca.toLowerCase(),
      `\ufeff${cert}`,
    ),
    oddText,
  ),
)
const bits = (pem: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(pem, fc.nat(2000), fc.constantFrom('A', '=', '/', '\u0000'))
    .map(([text, at, letter]) => text.slice(0, at) + letter + text.slice(at + 1))

const secrets = fc.record(
  {
    [KEYS.cert]: fc.oneof(fc.constant(cert), pems, bits(fc.constant(cert))),
    [KEYS.key]: fc.oneof(fc.constant(key), pems, bits(fc.constant(key))),
    [KEYS.authorities]: fc.oneof(fc.constant(ca), pems, bits(fc.constant(ca))),
    [KEYS.nextCert]: pems,
    [KEYS.nextKey]: pems,
    [KEYS.since]: oddText,
  },
  { requiredKeys: [] },
)

function decide(data: Readonly<Record<string, string | undefined>>): string {
  const state = readCertificateState(data, ['a.test'])
  return `${state.current.state}: ${decideCertificate(state, ['a.test'], NOW).do}`
}

function trust([own, stored]: readonly [string, string]): string {
  const certificates = splitCertificates(stored)
  const { ca: trusted, memory } = followTrust(NO_TRUST, ca, stored, NOW)
  ensure(splitCertificates(trusted ?? '').length >= 1, 'our own authority is not trusted')
  ensure(isSameTrust(stored, stored), 'a bundle is not the same as itself')
  followTrust(memory, own, stored, NOW)
  return `${Math.min(certificates.length, 3)} read`
}

export const REGISTER_TARGETS: readonly Runnable[] = [
  define({
    name: 'register.policy',
    inputs: damaged(mutated(fc.constant(policy)).map(toText)),
    attempt: attemptMerge('merge-policy'),
    share: 0.3,
  }),
  define({
    name: 'register.admission',
    inputs: damaged(mutated(fc.constant(admission)).map(toText)),
    attempt: attemptMerge('merge-admission'),
    share: 0.3,
  }),
  define({
    name: 'certificate.secret',
    inputs: secrets,
    attempt: data => watch({ work: () => decide(data), codes: /^$/, label: word => word }),
    share: 0.5,
  }),
  define({
    name: 'certificate.trust',
    inputs: fc.tuple(pems, fc.oneof(pems, bits(pems))),
    attempt: pair => watch({ work: () => trust(pair), codes: /^$/, label: word => word }),
    share: 0.5,
  }),
]
