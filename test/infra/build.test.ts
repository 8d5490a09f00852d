import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { build } from '../../infra/build.ts'
import { readZip, unzip } from '../support/zip.ts'

const SHARED = join(import.meta.dirname, '../../shared')
/** Touches what functions touch: the leaves, pino and yaml (CommonJS) and the cluster credentials, all of it lazily. */
const ENTRY = `
import { admissionPathSecret } from '${SHARED}/webhook-secret.ts'
export async function handler({ token, kubeconfig }) {
  const lines = []
  const { createLog } = await import('${SHARED}/log.ts')
  const log = await createLog({ level: 'info', write: line => lines.push(line) })
  log.info({ name: 'a' }, 'called')
  const { loadKubeConfig } = await import('${SHARED}/kubernetes/credentials.ts')
  const config = await loadKubeConfig({ kubeconfig })
  const options = {}
  await config.applyToHTTPSOptions(options)
  const { parse } = await import('yaml')
  return { secret: admissionPathSecret(token), lines: lines.length, headers: options.headers, yaml: parse('a: 1') }
}
`
const SERVER = `
import { readManifest } from '${SHARED}/register/manifest-files.ts'
export const rbac = await readManifest('rbac')
`
const KUBECONFIG = `
apiVersion: v1
kind: Config
clusters: [{ name: a, cluster: { server: 'https://127.0.0.1:1' } }]
users: [{ name: a, user: { tokenFile: token } }, { name: proxied, user: {} }]
contexts: [{ name: a, context: { cluster: a, user: a } }]
current-context: a
`

t.test('a function is a reproducible zip that starts with little', async t => {
  const folder = t.testdir({ 'entry.ts': ENTRY, kubeconfig: KUBECONFIG, token: 'secret' })
  const zone = process.env['TZ']
  t.teardown(() => {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  })
  const buildAt = async (out: string, timezone: string) => {
    process.env['TZ'] = timezone
    const [built] = await build({ out: join(folder, out), functions: { ring: join(folder, 'entry.ts') } })
    if (!built) throw new Error('nothing was built')
    return { ...built, bytes: await readFile(built.path) }
  }
  const first = await buildAt('first', 'Pacific/Kiritimati')
  const second = await buildAt('second', 'America/Los_Angeles')
  t.ok(first.bytes.equals(second.bytes), 'two builds, two time zones, the same bytes')

  const entries = readZip(first.bytes)
  const names = entries.map(({ name }) => name)
  t.strictSame(names, names.toSorted())
  t.ok(names.includes('ring.mjs'), 'the entry lies at the root')
  t.notOk(
    names.some(name => name.endsWith('.map')),
    'source maps are not deployed',
  )
  t.strictSame(
    [...new Set(entries.map(({ mode, time }) => `${mode.toString(8)} ${time}`))],
    ['644 1980-01-01 00:00:00'],
  )
  t.equal(first.zip, first.bytes.length)
  t.ok(first.start < 5_000, `${first.start} bytes are read before the first call`)
  t.ok(first.all < 500_000, `${first.all} bytes in all: neither generated models nor undici`)

  await unzip(first.path, join(folder, 'unzipped'))
  const { handler } = (await import(pathToFileURL(join(folder, 'unzipped/ring.mjs')).href)) as {
    handler: (event: object) => Promise<unknown>
  }
  t.match(await handler({ token: 'x', kubeconfig: join(folder, 'kubeconfig') }), {
    secret: /^[0-9a-f]{64}$/,
    lines: 1,
    headers: { Authorization: 'Bearer secret' },
    yaml: { a: 1 },
  })
  const maps = await readdir(join(folder, 'first/maps/ring'), { recursive: true })
  t.ok(maps.includes('ring.mjs.map'), 'source maps lie beside')
})

t.test('the server carries the manifests', async t => {
  const folder = t.testdir({ 'main.ts': SERVER })
  await build({ out: join(folder, 'out'), functions: {}, server: join(folder, 'main.ts') })
  const { rbac } = (await import(pathToFileURL(join(folder, 'out/server/main.mjs')).href)) as { rbac: string }
  t.equal(rbac, await readFile(join(SHARED, '../infra/rbac.yaml'), 'utf8'))
})

t.test('what is left out says so when it is called', async t => {
  const entry = `
    import { KubeConfig } from '@kubernetes/client-node/dist/config.js'
    export const call = () => new KubeConfig().createAgent({ proxyUrl: 'socks5://127.0.0.1:1' }, {})
  `
  const folder = t.testdir({ 'entry.ts': entry })
  const [built] = await build({ out: folder, functions: { ring: join(folder, 'entry.ts') } })
  await unzip(built?.path ?? '', join(folder, 'unzipped'))
  const { call } = (await import(pathToFileURL(join(folder, 'unzipped/ring.mjs')).href)) as {
    call: () => void
  }
  t.throws(call, /socks-proxy-agent is left out of this bundle/)
})
