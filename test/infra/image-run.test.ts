import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { LAYOUT, readLayout } from '../../infra/image/layout.ts'
import { mustRun, runTool } from '../../infra/tool.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { buildTestImage, RELEASED } from '../support/built-image.ts'
import { readLogTail, startGuarded } from '../support/guarded-process.ts'
import { findMissing, startRegistry } from '../support/registry.ts'

const NAME = 'phoenixnap/cloud-provider-phoenixnap'
const PROGRAM = '/usr/local/bin/cloud-provider-phoenixnap'
const SBOM = 'usr/share/sbom/cloud-provider-phoenixnap.cdx.json'
const LICENCES = 'usr/share/doc/cloud-provider-phoenixnap/third-party-licences.txt'
const UID = 65532
const isRoot = process.getuid?.() === 0
const skip =
  findMissing('buildah', 'skopeo', 'docker-registry', 'mmdebstrap', 'make', 'git', 'unshare') ||
  (!isRoot && 'only root can look into an image and run it here')

interface Config {
  readonly architecture: string
  readonly created: string
  readonly config: {
    readonly User: string
    readonly Env: readonly string[]
    readonly Entrypoint: readonly string[]
    readonly Cmd: readonly string[]
    readonly ExposedPorts: object
    readonly Labels: Readonly<Record<string, string>>
  }
}

/** The image of this machine's processor out of a registry, in a store that has seen nothing else. */
async function pull(image: string, folder: string) {
  const store = [
    '--storage-driver=vfs',
    `--root=${join(folder, 'store')}`,
    `--runroot=${join(folder, 'run')}`,
  ]
  const buildah = async (...args: string[]): Promise<string> =>
    (await mustRun(runTool, 'buildah', [...store, ...args])).trim()
  const container = await buildah('from', '--tls-verify=false', `docker://${image}`)
  return { buildah, container, root: await buildah('mount', container) }
}

async function listFiles(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length))
}

/** Runs it as a pod would with a read-only root: as its user, with nothing writable. @returns the port it serves on */
async function serve(t: Test, root: string, folder: string, env: readonly string[]): Promise<string> {
  const logFile = join(folder, 'serve.log')
  const script = `mount --bind "$1" "$1" && mount --bind "$2" "$1/tmp" && mount -o remount,bind,ro "$1" && mount -o remount,bind,ro "$1/tmp" &&
    exec chroot --userspec=${UID}:${UID} "$1" ${PROGRAM} serve`
  const settings = {
    ...Object.fromEntries(env.map(line => line.split(/=(.*)/s).slice(0, 2) as [string, string])),
    PNAP_LISTEN: '127.0.0.1:0',
    PNAP_TLS_CERT: '/tmp/tls.crt',
    PNAP_TLS_KEY: '/tmp/tls.key',
    PNAP_CLIENT_ID: 'client',
    PNAP_CLIENT_SECRET: 'secret',
    PNAP_BASE_URL: 'http://127.0.0.1:1',
    PNAP_WEBHOOK_TOKEN: 'webhook-token-of-a-test',
    KUBE_API_SERVER: 'https://127.0.0.1:1',
    KUBE_TOKEN: 'token',
  }
  const args = ['--mount', 'sh', '-c', script, 'sh', root, join(folder, 'secrets')]
  const program = await startGuarded('/usr/bin/unshare', args, { logFile, env: settings })
  t.teardown(() => program.stop())
  for (;;) {
    const log = await readFile(logFile, 'utf8')
    const port = /"port":(\d+)[^\n]*"msg":"serving"/.exec(log)?.[1]
    if (port !== undefined) {
      const status = await readFile(`/proc/${program.pid}/status`, 'utf8')
      t.match(status, new RegExp(`^Uid:\\s+${UID}\\s+${UID}\\s`, 'm'), 'as its user')
      return port
    }
    if (program.hasExited()) throw new Error(`it does not serve: ${await readLogTail(logFile)}`)
    await pause(20)
  }
}

const getText = (url: string, ca: string): Promise<string> =>
  new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve(`${response.statusCode} ${text}`))
    }).on('error', reject)
  })

t.test('the image is built, pushed, pulled back and run', { skip }, async t => {
  const tree = await buildTestImage()
  const folder = t.testdir({ registry: {}, secrets: {} })
  const registry = await startRegistry(t, join(folder, 'registry'))
  const image = `${registry.address}/${NAME}`
  const head = tree.git('rev-parse', 'HEAD')

  const push = [`BUILD_IMAGE=${image}`, 'CONFIRM=true']
  t.match(await tree.make(['cd', 'BRANCH_NAME=main', ...push]), { code: 0 })
  t.match(await tree.make(['release', `RELEASE_TAG=${RELEASED}`, 'SIGN=false', ...push]), { code: 0 })
  const layout = await readLayout(join(tree.folder, LAYOUT))
  const digest = layout?.digest ?? ''
  t.strictSame(await registry.read(), { [NAME]: { main: digest, [head]: digest, [RELEASED]: digest } })
  t.strictSame(
    layout?.images.map(({ arch }) => arch),
    ['amd64', 'arm64'],
    'an index of both',
  )

  await t.test('it says what it is', async t => {
    for (const arch of ['amd64', 'arm64']) {
      const args = [
        'inspect',
        '--config',
        '--tls-verify=false',
        `--override-arch=${arch}`,
        `docker://${image}:${RELEASED}`,
      ]
      const found = JSON.parse(await mustRun(runTool, 'skopeo', args)) as Config
      const created = '2026-01-02T03:04:05Z'
      t.match(found, { architecture: arch, created })
      t.match(found.config, {
        User: `${UID}:${UID}`,
        Entrypoint: [PROGRAM],
        Cmd: ['serve'],
        ExposedPorts: { '8443/tcp': {} },
        Labels: {
          'org.opencontainers.image.title': 'cloud-provider-phoenixnap',
          'org.opencontainers.image.description': /Kubernetes/,
          'org.opencontainers.image.source': 'https://git.example/team/controller',
          'org.opencontainers.image.revision': head,
          'org.opencontainers.image.version': RELEASED,
          'org.opencontainers.image.created': created,
          'org.opencontainers.image.licenses': 'Apache-2.0',
          'org.opencontainers.image.base.name': 'scratch',
        },
      })
      t.ok(found.config.Env.includes('SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt'))
    }
  })

  const { buildah, container, root } = await pull(`${image}:${RELEASED}`, folder)

  await t.test('it holds the program and what that needs, and nothing to break in with', async t => {
    const files = await listFiles(root)
    t.strictSame(
      files.filter(path => /\/(?:s?bin)\//.test(path)),
      [PROGRAM],
      'one program: no shell, no package manager, no Node',
    )
    for (const path of files) {
      const { mode, uid } = await stat(join(root, path))
      t.equal(mode & 0o6022, 0, `${path}: nobody becomes somebody else by it, and only its owner writes it`)
      t.equal(uid, 0, path)
    }
    const sbom = JSON.parse(await readFile(join(root, SBOM), 'utf8')) as { components: { purl: string }[] }
    const beside = join(tree.folder, 'dist/cloud-provider-phoenixnap-linux-amd64.sbom.json')
    if (process.arch === 'x64')
      t.strictSame(JSON.parse(await readFile(beside, 'utf8')), sbom, 'beside it and in it')
    const purls = sbom.components.map(({ purl }) => purl)
    for (const part of [
      'pkg:npm/fastify@',
      'pkg:generic/node@',
      'pkg:deb/debian/libc6@',
      'pkg:deb/debian/libatomic1@',
    ]) {
      t.ok(
        purls.some(purl => purl.startsWith(part)),
        part,
      )
    }
    t.notOk(
      purls.some(purl => /^pkg:npm\/(?:undici|tap|node-linux)/.test(purl)),
      'nothing that the bundler left out',
    )
    const licences = await readFile(join(root, LICENCES), 'utf8')
    for (const text of ['fastify 5', 'Node.js 26', 'OpenSSL']) t.ok(licences.includes(text), text)
    t.equal((await stat(join(root, LICENCES))).mode & 0o777, 0o644)
    t.match(await readFile(join(root, 'etc/ssl/certs/ca-certificates.crt'), 'utf8'), /BEGIN CERTIFICATE/)
  })

  await t.test('it runs without Node, shell and rights', async t => {
    const said = await buildah('run', '--isolation=chroot', container, '--', PROGRAM, 'version')
    t.equal(said, `${RELEASED} (${head})`)
    t.not((await runTool('chroot', [root, '/bin/sh', '-c', 'true'])).code, 0, 'there is no shell')
    const { ca, cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
    await mkdir(join(folder, 'secrets'), { recursive: true })
    await writeFile(join(folder, 'secrets/tls.crt'), cert)
    await writeFile(join(folder, 'secrets/tls.key'), key)
    const { OCIv1 } = JSON.parse(await buildah('inspect', container)) as { OCIv1: Config }
    const port = await serve(t, root, folder, OCIv1.config.Env)
    t.equal(await getText(`https://127.0.0.1:${port}/healthz`, ca), '200 ok')
  })
})
