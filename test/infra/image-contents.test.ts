import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeBase } from '../../infra/image/base.ts'
import { toDebianPackage } from '../../infra/image/debian-packages.ts'
import { toBuildCall, toExportCall } from '../../infra/image/engine-images.ts'
import { toCreated, toLabels, toRevision, toSource } from '../../infra/image/labels.ts'
import { LAYOUT, readLayout } from '../../infra/image/layout.ts'
import { type Component, type PackageLock, toNpmComponents, toSbom } from '../../infra/image/sbom.ts'
import { needsPrograms } from '../support/programs.ts'
import { createWorkTree } from '../support/work-tree.ts'

const ROOT = join(import.meta.dirname, '../..')
const LOCK = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as PackageLock

t.test('the SBOM names every package that the program may use, and no other', async t => {
  const names = toNpmComponents(LOCK).map(({ name }) => name)
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >
  for (const name of Object.keys(manifest['dependencies'] ?? {})) {
    t.equal(names.includes(name), name !== 'node', name)
  }
  for (const name of ['tap', 'typescript', 'serverless']) t.notOk(names.includes(name), name)
  const lock: PackageLock = {
    packages: {
      '': { version: '1.0.0' },
      'node_modules/a': { version: '1.0.0', license: 'MIT' },
      'node_modules/b/node_modules/@scope/a': { version: '2.0.0+x' },
      'node_modules/c/node_modules/a': { version: '1.0.0', license: 'MIT' },
      'node_modules/d': { version: '1.0.0', dev: true },
      'node_modules/alias': { version: '1.0.0', name: 'real' },
    },
  }
  t.strictSame(
    toNpmComponents(lock).map(({ purl }) => purl),
    ['pkg:npm/%40scope/a@2.0.0%2Bx', 'pkg:npm/a@1.0.0', 'pkg:npm/real@1.0.0'],
  )
})

t.test('the SBOM is CycloneDX, and equal facts give equal bytes', async t => {
  const debian = [toDebianPackage('Package: libstdc++6\nVersion: 1:12-3~a\nArchitecture: arm64\n')]
  const facts = {
    version: 'v1',
    revision: 'r',
    arch: 'arm64',
    created: '2026-01-01T00:00:00Z',
    nodeVersion: '26.0.0',
    lock: LOCK,
  }
  const make = () => toSbom({ ...facts, debian, baseImage: 'registry.example/base:1' })
  t.equal(JSON.stringify(make()), JSON.stringify(make()))
  const { components, ...rest } = make() as { components: Component[] }
  t.match(rest, {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { version: 'v1' } },
  })
  t.ok(components.some(({ purl }) => purl === 'pkg:deb/debian/libstdc%2B%2B6@1%3A12-3~a?arch=arm64'))
  t.ok(components.some(({ type, name }) => type === 'container' && name === 'registry.example/base:1'))
  const refs = components.map(component => component['bom-ref'])
  t.equal(new Set(refs).size, refs.length, 'each once')
  t.throws(() => toDebianPackage('Package: a\n'), { message: /no field Version/ })
})

t.test('labels name the commit, and whether there is more than it', async t => {
  const facts = {
    version: 'v1.2.3',
    head: 'a'.repeat(40),
    isDirty: true,
    epoch: 1_767_323_045,
    source: undefined,
    baseImage: 'b',
  }
  t.equal(toRevision(facts), `${'a'.repeat(40)}-dirty`)
  t.equal(toCreated(facts.epoch), '2026-01-02T03:04:05Z')
  const labels = toLabels(facts)
  t.equal(labels['org.opencontainers.image.base.name'], 'b')
  t.notOk('org.opencontainers.image.source' in labels)
})

t.test('the source is what a browser opens, without a password', async t => {
  const SOURCES: readonly [remote: string, source: string | undefined][] = [
    ['git@git.example:team/name.git', 'https://git.example/team/name'],
    ['ssh://git@git.example/team/name.git', 'https://git.example/team/name'],
    ['https://robot:secret@git.example/team/name.git', 'https://git.example/team/name'],
    ['https://git.example/team/name', 'https://git.example/team/name'],
    ['/srv/git/name', undefined],
    ['http://git.example/name', undefined],
    ['', undefined],
  ]
  for (const [remote, source] of SOURCES) t.equal(toSource(remote), source, remote)
})

t.test('each engine is told in its own words to build reproducibly', async t => {
  const plan = {
    arch: 'arm64',
    context: 'context',
    containerfile: 'file',
    tags: ['name:latest'],
    labels: { a: 'b c' },
    epoch: 7,
    baseImage: undefined,
  }
  const common = ['--platform=linux/arm64', '--file=file', '--tag=name:latest', '--label=a=b c']
  for (const engine of ['podman', 'buildah'] as const) {
    const args = ['build', '--format=oci', '--layers=false', '--timestamp=7', ...common, 'context']
    t.strictSame(toBuildCall({ ...plan, engine }), { command: engine, args })
    t.strictSame(toExportCall(engine, 'name:latest', 'folder', 'arm64').args, [
      'push',
      '--quiet',
      'name:latest',
      'oci:folder:arm64',
    ])
  }
  const docker = toBuildCall({ ...plan, engine: 'docker' })
  t.strictSame(docker.args, [
    'build',
    '--provenance=false',
    '--build-arg=SOURCE_DATE_EPOCH=7',
    ...common,
    'context',
  ])
  t.match(docker.env, { SOURCE_DATE_EPOCH: '7', DOCKER_BUILDKIT: '1' })
  t.match(toExportCall('docker', 'name:latest', 'folder', 'arm64'), {
    command: 'skopeo',
    args: ['copy', '--quiet', 'docker-daemon:name:latest'],
  })

  const BASES: readonly [base: string, tls: boolean][] = [
    ['registry.example/base:1', true],
    ['127.0.0.1:5000/base:1', false],
    ['localhost:5000/base', false],
    ['debian:bookworm', true],
    ['localhost', true],
  ]
  for (const [baseImage, tls] of BASES) {
    const { args } = toBuildCall({ ...plan, engine: 'buildah', baseImage })
    t.ok(args.includes(`--tls-verify=${tls}`), baseImage)
    t.ok(args.includes(`--build-arg=BASE_IMAGE=${baseImage}`))
  }
})

const runNothing = async () => ({ code: undefined, out: '', err: 'not found' })

t.test('without mmdebstrap there is no base, and it is said what to do', async t => {
  const plan = { arch: 'amd64', out: join(t.testdir(), 'out'), work: 'work', epoch: 0 }
  await t.rejects(makeBase(runNothing, plan), { code: 'BUILD_BASE_MISSING' })
})

t.test('a layout tells what it holds, and a damaged one is not believed', needsPrograms('git'), async t => {
  const tree = createWorkTree(join(t.testdir({ tree: {} }), 'tree'), ['.gitignore'])
  const folder = join(tree.folder, LAYOUT)
  t.equal(await readLayout(folder), undefined)
  const digest = await tree.placeImage({ archs: ['arm64', 'amd64'], revision: 'r' })
  const layout = await readLayout(folder)
  t.match(layout, { digest, isIndex: true, images: [{ arch: 'amd64' }, { arch: 'arm64' }] })
  t.match(layout?.images[0]?.labels, { 'org.opencontainers.image.revision': 'r' })
  await writeFile(join(folder, 'blobs', digest.replace(':', '/')), '{"manifests":[]}')
  await t.rejects(readLayout(folder), { message: /is not what its name says/ })
})
