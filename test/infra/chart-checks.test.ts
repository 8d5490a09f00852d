import t from 'tap'
import { needsHelm, renderWith } from './_chart.ts'

const WRONG: readonly [values: object, says: RegExp][] = [
  [
    { updateStrategy: { rollingUpdate: { maxSurge: '0%', maxUnavailable: 0 } } },
    /maxSurge and maxUnavailable/,
  ],
  [{ podLabels: { 'app.kubernetes.io/name': 'a' } }, /podLabels: app\.kubernetes\.io\/name is the label/],
  [{ extraEnv: [{ name: 'PNAP_LISTEN', value: 'a' }] }, /extraEnv: PNAP_LISTEN is set already/],
  [
    { settings: { shutdownGrace: '35s' } },
    /settings\.shutdownGrace \(35s\): .* terminationGracePeriodSeconds \(40\); set that to 41 or more/,
  ],
  [{ terminationGracePeriodSeconds: 25 }, /settings\.shutdownGrace \(20s\)/],
  [{ credentials: { file: '', clientIDKey: 'a', clientSecretKey: 'a' } }, /clientIDKey and clientSecretKey/],
  [
    { tls: { mode: 'certManager', secretName: 'cloud-provider-phoenixnap-ca' } },
    /tls\.secretName: cloud-provider-phoenixnap-ca is the Secret of the chart's own authority/,
  ],
  [
    { webhook: { token: { secretName: 'cloud-provider-phoenixnap-serving' } } },
    /webhook\.token\.secretName: cloud-provider-phoenixnap-serving is the Secret that the program keeps/,
  ],
]

t.test('values that do not go together are refused, all of them at once', needsHelm, async t => {
  for (const [values, says] of WRONG) t.throws(() => renderWith(values), { message: says })
  const values = Object.assign({}, WRONG[1]?.[0], WRONG[2]?.[0])
  t.throws(() => renderWith(values), { message: /podLabels: [^]*\n- extraEnv: / })
})

t.test('what goes together is taken', needsHelm, async t => {
  for (const values of [
    { updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
    { podLabels: { team: 'a' }, extraEnv: [{ name: 'HTTPS_PROXY', value: 'a' }] },
    { settings: { shutdownGrace: '1m30s' }, terminationGracePeriodSeconds: 96 },
    { tls: { mode: 'secret', secretName: 'cloud-provider-phoenixnap-ca' } },
  ])
    t.doesNotThrow(() => renderWith(values))
})
