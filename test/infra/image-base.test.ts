import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { buildImages } from '../../infra/image/image.ts'
import { LAYOUT, LAYOUT_TAG, readLayout } from '../../infra/image/layout.ts'
import { writeCompanions } from '../../infra/supply-chain/companions.ts'
import { mustRun, type RunTool, runTool } from '../../infra/tool.ts'
import { findMissing, startRegistry } from '../support/registry.ts'
import { createWorkTree } from '../support/work-tree.ts'

const skip = findMissing('buildah', 'skopeo', 'docker-registry', 'git')

t.test('an image of the operator is the base, from a registry on loopback without TLS', { skip }, async t => {
  const folder = t.testdir({ tree: {} })
  const { address } = await startRegistry(t, folder)
  const tree = createWorkTree(join(folder, 'tree'), [
    '.gitignore',
    'LICENSE',
    'infra/image',
    'package-lock.json',
  ])
  await tree.placeImage({ text: 'the base' })
  const baseImage = `${address}/base:1`
  const layout = join(tree.folder, LAYOUT)
  const push = [
    'copy',
    '--quiet',
    '--dest-tls-verify=false',
    `oci:${layout}:${LAYOUT_TAG}`,
    `docker://${baseImage}`,
  ]
  await mustRun(runTool, 'skopeo', push)

  mkdirSync(join(tree.folder, 'dist/bin'), { recursive: true })
  const binary = join(tree.folder, 'dist/bin/cloud-provider-phoenixnap-linux-amd64')
  writeFileSync(binary, 'program')
  await writeCompanions(binary, { packages: [], notice: 'licences' })
  const env = { ...process.env, CONTAINERS_STORAGE_CONF: join(tree.folder, 'home/storage.conf') }
  const run: RunTool = (command, args, options) => runTool(command, args, { env, ...options })
  const options = { root: tree.folder, buildImage: 'name', baseImage, source: undefined, archs: ['amd64'] }
  await buildImages(run, 'buildah', { ...options, version: 'v1' })
  t.match(await readLayout(layout), {
    isIndex: false,
    images: [
      {
        arch: 'amd64',
        labels: {
          'org.opencontainers.image.base.name': baseImage,
          'org.opencontainers.image.revision': tree.git('rev-parse', 'HEAD'),
        },
      },
    ],
  })
})
