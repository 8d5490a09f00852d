import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { bundleProgram } from '../../infra/binary/bundle.ts'
import { NODE_VERSION } from '../../infra/binary/node-packages.ts'
import { build, FUNCTIONS } from '../../infra/build.ts'
import { toDebianPackage } from '../../infra/image/debian-packages.ts'
import { toLockKey, toPackageFolder, toPackageFolders } from '../../infra/supply-chain/bundled.ts'
import { type Contents, readNodeParts } from '../../infra/supply-chain/contents.ts'
import { readLock } from '../../infra/supply-chain/lock.ts'
import { type Component, toSbom } from '../../infra/supply-chain/sbom.ts'
import { buildTestBinary, runBare } from '../support/single-file.ts'
import { readZip } from '../support/zip.ts'

const ROOT = join(import.meta.dirname, '../..')

t.setTimeout(120_000)

t.test('a package is in a bundle when something of it is', async t => {
  const inputs = {
    'functions/main.ts': { bytesInOutput: 9 },
    'node_modules/a/index.js': { bytesInOutput: 1 },
    'node_modules/a/node_modules/@s/b/lib/c.js': { bytesInOutput: 1 },
    'node_modules/shaken-out/index.js': { bytesInOutput: 0 },
    'named:../up/node_modules/named/index.js': { bytesInOutput: 3 },
    'left-out:undici': { bytesInOutput: 7 },
  }
  const output = { inputs, imports: [], exports: [], bytes: 20 }
  const folders = toPackageFolders({ outputs: { 'main.cjs': output, 'other.cjs': output } })
  t.strictSame(folders, ['../up/node_modules/named', 'node_modules/a', 'node_modules/a/node_modules/@s/b'])
  t.strictSame(folders.map(toLockKey), [
    'node_modules/named',
    'node_modules/a',
    'node_modules/a/node_modules/@s/b',
  ])
})

/** The second view: what the source maps of the written code say it was made of. */
const toSources = (maps: readonly string[]): string[] => {
  const sources = maps.flatMap(text => (JSON.parse(text) as { sources: string[] }).sources)
  const folders = sources.flatMap(source => toPackageFolder(source) ?? [])
  return [...new Set(folders.map(toLockKey))].toSorted()
}

const pathsOf = ({ packages }: Contents): string[] => packages.map(({ path }) => path)

t.test('each function brings the licences of what is in it, and of nothing else', async t => {
  const out = t.testdir()
  const functions = Object.fromEntries(FUNCTIONS.map(name => [name, join(ROOT, 'functions', `${name}.ts`)]))
  for (const { name, path, contents } of await build({ out, functions })) {
    const maps = join(out, 'maps', name)
    const files = (await readdir(maps, { recursive: true })).filter(file => file.endsWith('.map'))
    const sources = toSources(await Promise.all(files.map(file => readFile(join(maps, file), 'utf8'))))
    t.strictSame(pathsOf(contents), sources, `${name}: as its source maps say`)
    const zip = new Map(readZip(await readFile(path)).map(entry => [entry.name, entry.contents.toString()]))
    t.equal(zip.get('LICENSE'), await readFile(join(ROOT, 'LICENSE'), 'utf8'))
    const notice = zip.get('THIRD-PARTY-LICENSES.txt') ?? ''
    const named = [...notice.matchAll(/^(\S+ \d\S*) \(.*\)$/gm)].map(([, title]) => title)
    const titles = contents.packages.map(({ name, version }) => `${name} ${version}`)
    t.equal(named.length, new Set(titles).size, `${name}: each is named once`)
    t.strictSame(new Set(named), new Set(titles), name)
    t.notMatch(notice, /^Node\.js/m, 'Node is that of the host')
    t.equal(contents.node, undefined)
  }
})

t.test(
  'the single file has what its source map names, nothing for development, and its licences',
  async t => {
    const { contents, map } = await bundleProgram('v1')
    t.strictSame(pathsOf(contents), toSources([Buffer.from(map).toString()]))
    const { packages } = await readLock(ROOT)
    for (const { name, path, version, integrity } of contents.packages) {
      t.match(packages[path], { version, integrity }, name)
      t.match(integrity, /^sha512-/, name)
      t.notOk(packages[path]?.dev, `${name} is for the program`)
    }
    t.strictSame(contents.node, readNodeParts())
    const { path } = await buildTestBinary()
    const { status, stdout } = runBare(path, ['version', '--licences'])
    t.equal(status, 0)
    t.equal(stdout, contents.notice, 'it prints them itself')
    t.match(stdout, new RegExp(`^Node\\.js ${NODE_VERSION}, and what it contains$`, 'm'))
    for (const text of ['OpenSSL', 'Apache License', 'fastify 5', '@marcbachmann/cel-js'])
      t.ok(stdout.includes(text), text)
  },
)

t.test('another Node is not described as the one that is built in', async t => {
  t.match(readNodeParts().parts, { openssl: process.versions.openssl, v8: process.versions.v8 })
  t.throws(() => readNodeParts({ ...process.versions, node: '20.0.0' }), { message: /this is Node 20\.0\.0/ })
})

const packageOf = (name: string, version: string, licence: string, path = `node_modules/${name}`) => ({
  name,
  version,
  licence,
  path,
  integrity: `sha512-${Buffer.from('digest').toString('base64')}`,
})

t.test('the SBOM is CycloneDX, names what is there once, and equal facts give equal bytes', async t => {
  const packages = [
    packageOf('b', '2.0.0+x', 'MIT'),
    packageOf('@s/a', '1.0.0', ''),
    packageOf('@s/a', '1.0.0', '', 'node_modules/b/node_modules/@s/a'),
  ]
  const facts = {
    name: 'program',
    version: 'v1',
    revision: 'r',
    platform: 'linux/arm64',
    created: '2026-01-01T00:00:00Z',
    node: { version: '26.0.0', parts: { openssl: '3.5.0' } },
    packages,
    debian: [toDebianPackage('Package: libstdc++6\nVersion: 1:12-3~a\nArchitecture: arm64\n')],
    baseImage: 'registry.example/base:1',
  }
  t.equal(JSON.stringify(toSbom(facts)), JSON.stringify(toSbom(facts)))
  const { components, ...rest } = toSbom(facts) as { components: Component[] }
  t.match(rest, { bomFormat: 'CycloneDX', specVersion: '1.6', metadata: { component: { version: 'v1' } } })
  t.strictSame(
    components.map(component => component['bom-ref']),
    [
      'pkg:generic/node@26.0.0',
      'pkg:npm/%40s/a@1.0.0',
      'pkg:npm/b@2.0.0%2Bx',
      'pkg:deb/debian/libstdc%2B%2B6@1%3A12-3~a?arch=arm64',
      'base:registry.example/base:1',
    ],
  )
  t.match(components[0], { components: [{ purl: 'pkg:generic/openssl@3.5.0' }] })
  t.match(components[2], {
    licenses: [{ expression: 'MIT' }],
    hashes: [{ alg: 'SHA-512', content: Buffer.from('digest').toString('hex') }],
  })
  t.throws(() => toDebianPackage('Package: a\n'), { message: /no field Version/ })
})
