import t from 'tap'
import { isLoopback, readImageName } from '../../infra/image/image-name.ts'

const NAMES: readonly [text: string, registry: string | undefined, needsTls: boolean][] = [
  ['phoenixnap/cloud-provider-phoenixnap', undefined, true],
  ['name', undefined, true],
  ['registry.example/team/name', 'registry.example', true],
  ['registry.example:5000/name', 'registry.example:5000', true],
  ['localhost/name', 'localhost', false],
  ['localhost:5000/name', 'localhost:5000', false],
  ['127.0.0.1:5000/name', '127.0.0.1:5000', false],
  ['127.9.8.7/name', '127.9.8.7', false],
  ['[::1]:5000/name', '[::1]:5000', false],
  ['[::2]:5000/name', '[::2]:5000', true],
  ['10.0.0.1:5000/name', '10.0.0.1:5000', true],
]

t.test('a registry may do without TLS on loopback alone', async t => {
  for (const [name, registry, needsTls] of NAMES)
    t.strictSame(readImageName(name), { name, registry, needsTls }, name)
})

t.test('a name that only looks like loopback is none', async t => {
  for (const host of [
    'localhost.example',
    '127.0.0.1.example',
    '127.example',
    '0.0.0.0',
    'ip6-localhost',
    '[::ffff:127.0.0.1]',
  ]) {
    t.equal(isLoopback(host), false, host)
  }
})

const REFUSED: readonly [text: string, code: string, message: RegExp][] = [
  [
    'http://registry.example/name',
    'BUILD_REGISTRY_INSECURE',
    /the registry registry\.example does not speak TLS/,
  ],
  ['http://127.0.0.1:5000/name', 'BUILD_USAGE', /leave http:\/\/ away/],
  ['https://registry.example/name', 'BUILD_USAGE', /leave https:\/\/ away/],
  ['name:tag', 'BUILD_USAGE', /without tag or digest/],
  ['registry.example/name:tag', 'BUILD_USAGE', /without tag or digest/],
  [`name@sha256:${'0'.repeat(64)}`, 'BUILD_USAGE', /without tag or digest/],
  ['Name', 'BUILD_USAGE', /in small letters/],
  ['', 'BUILD_USAGE', /is no image name/],
  ['name; rm -rf', 'BUILD_USAGE', /is no image name/],
  ['--option', 'BUILD_USAGE', /is no image name/],
  ['a'.repeat(256), 'BUILD_USAGE', /is no image name/],
]

t.test('what is no image name is refused', async t => {
  for (const [text, code, message] of REFUSED) t.throws(() => readImageName(text), { code, message }, text)
})
