import { join } from 'node:path'
import t, { type Test } from 'tap'
import { hasCode } from '../../shared/errors.ts'
import { readOptions } from '../../shared/register/options.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'

const TOKEN = 'a-token-of-sixteen-characters'
const URL = 'https://ccm.example.com:8443'
const env = { PNAP_WEBHOOK_TOKEN: TOKEN }

async function problemsOf(argv: readonly string[], given: object = env): Promise<readonly string[]> {
  try {
    await readOptions(argv, { env: { ...given } })
    return []
  } catch (error) {
    if (!hasCode(error, 'CCM_CONFIG_INVALID')) throw error
    return error.fields['problems'] as string[]
  }
}

t.test('it reads what it was asked to do', async t => {
  const { options, config } = await readOptions(
    ['--url', `${URL}/`, '--bearer', '--apiserver-dir=relative'],
    {
      env,
    },
  )
  t.match(options, {
    webhook: { url: URL, bearer: true },
    user: 'system:serviceaccount:kube-system:cloud-provider-phoenixnap',
    print: false,
    dryRun: false,
    apiserverDir: join(process.cwd(), 'relative'),
    rotation: 'none',
  })
  t.equal(config.webhookToken, TOKEN)
})

t.test('a kubeconfig alone needs neither URL nor token', async t => {
  const { options } = await readOptions(['--kubeconfig-out', 'out', '--rotate', '--user', 'ccm'], { env: {} })
  t.match(options, { webhook: undefined, rotation: 'rotate', user: 'ccm' })
})

t.test('token and authority may be files', async t => {
  const { ca } = await createCertificates({ hosts: ['localhost'] })
  const folder = t.testdir({ token: `${TOKEN}\n`, 'ca.pem': ca })
  const argv = [
    '--url',
    URL,
    '--webhook-token-file',
    join(folder, 'token'),
    '--ca-file',
    join(folder, 'ca.pem'),
  ]
  const { options, config } = await readOptions(argv, { env: {} })
  t.equal(config.webhookToken, TOKEN)
  t.equal(options.webhook?.ca, ca)
})

t.test('a Service takes the place of the URL', async t => {
  const argv = ['--webhook-service', 'kube-system/ccm', '--print', '--bearer']
  const { options } = await readOptions(argv, { env })
  t.match(options.webhook, {
    url: 'https://ccm.kube-system.svc:443',
    service: { namespace: 'kube-system', name: 'ccm', port: 443 },
    bearer: true,
  })
})

const REFUSED: readonly [argv: string, problem: RegExp][] = [
  [`--url ${URL} --webhook-service a/b`, /^--url and --webhook-service exclude each other$/],
  ['--webhook-service a/b/c', /^--webhook-service: expected NAMESPACE\/NAME/],
  ['--webhook-service a/b --apiserver-dir d', /^--apiserver-dir needs --url$/],
  ['', /--url is missing/],
  ['--url http://host:8443', /https only/],
  ['--url host:8443', /https only/],
  ['--url nonsense', /expected a URL/],
  ['--url https://user:secret@host', /without user and password/],
  ['--url https://host?a=b', /without query/],
  ['--url https://host#a', /without query/],
  [`--url ${URL} --user`, /--user needs a value/],
  [`--url ${URL} --strange`, /--strange is no flag of register/],
  [`--url ${URL} --print=yes`, /--print takes no value/],
  [`--url ${URL} more`, /argument 3 after register is not expected/],
  [`--url ${URL} --ca-file /nonexistent/ca.pem`, /--ca-file: the file cannot be read \(ENOENT\)/],
  [`--url ${URL} --ca-file ${import.meta.filename}`, /holds no PEM certificate/],
  [`--url ${URL} --webhook-token-file /nonexistent`, /--webhook-token-file: .*ENOENT/],
  [`--url ${URL} --merge-policy F`, /--merge-policy needs --apiserver-dir/],
  [`--url ${URL} --merge-admission F`, /--merge-admission needs --apiserver-dir/],
  [`--url ${URL} --rotate`, /--rotate needs --kubeconfig-out/],
  ['--kubeconfig-out F --apiserver-dir D', /--apiserver-dir needs --url/],
  [`--url ${URL} --distribution k3s`, /--distribution needs --apiserver-dir/],
  [`--url ${URL} --apiserver-dir D --distribution k0s`, /--distribution: expected one of kubeadm, k3s/],
  [`--url ${URL} --apiserver-dir D --apiserver-path etc`, /--apiserver-path: expected an absolute path/],
  [`--url ${URL} --apiserver-dir D --accept-wider-audit`, /--accept-wider-audit needs --merge-policy/],
  [`--url ${URL} --kubeconfig-server https://x`, /--kubeconfig-server needs --kubeconfig-out/],
  ['--kubeconfig-out F --kubeconfig-server http://x', /--kubeconfig-server: expected a URL/],
  ['--kubeconfig-out F --kubeconfig-format json', /--kubeconfig-format: expected one of yaml, env/],
  ['--kubeconfig-out F --bearer', /--bearer needs --url/],
  ['--kubeconfig-out F --rotate --finish', /--rotate and --finish exclude each other/],
  [`--url ${URL} --kubeconfig-out F --print`, /--print and --kubeconfig-out exclude each other/],
]

t.test('it says what is wrong', async t => {
  for (const [argv, problem] of REFUSED) {
    const problems = await problemsOf(argv.split(' ').filter(Boolean))
    t.equal(problems.length, 1, argv)
    t.match(problems[0], problem)
  }
})

t.test('it says everything that is wrong at once, and no value', async t => {
  const argv = ['--url', 'http://u:hidden@host', '--rotate', '--strange', '--kube-api-server', 'ftp://hidden']
  const problems = await problemsOf(argv, { PNAP_WEBHOOK_TOKEN: 'hidden' })
  t.match(problems, [/strange/, /rotate/, /url/, /PNAP_WEBHOOK_TOKEN.*16/, /kube-api-server/])
  t.notMatch(problems.join(), /hidden/)
})

t.test('without a token there is no webhook', async (t: Test) => {
  t.match(await problemsOf(['--url', URL], {}), [/PNAP_WEBHOOK_TOKEN is missing/])
})
