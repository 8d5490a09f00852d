import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeBase } from '../../infra/image/base.ts'
import { toBuildCall, toExportCall } from '../../infra/image/engine-images.ts'
import { toCreated, toLabels, toRevision, toSource } from '../../infra/image/labels.ts'
import { LAYOUT, readLayout } from '../../infra/image/layout.ts'
import { needsPrograms } from '../support/programs.ts'
import { createWorkTree } from '../support/work-tree.ts'

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
