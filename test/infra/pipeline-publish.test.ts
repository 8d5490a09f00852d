import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { LAYOUT } from '../../infra/image/layout.ts'
import { findMissing, type Login, startProxy, startRegistry } from '../support/registry.ts'
import { createWorkTree, PIPELINE_FILES, type WorkTree } from '../support/work-tree.ts'

const skip = findMissing('skopeo', 'docker-registry', 'make', 'git')
const NAME = 'phoenixnap/ccm'

/** A registry with nothing in it, and a commit with its image. */
async function prepare(t: Test, login?: Login) {
  const folder = t.testdir({ tree: {} })
  const registry = await startRegistry(t, folder, login)
  const tree = createWorkTree(join(folder, 'tree'), PIPELINE_FILES)
  const digest = await tree.placeImage()
  const image = `BUILD_IMAGE=${registry.address}/${NAME}`
  return { ...registry, registry, tree, digest, image, head: tree.git('rev-parse', 'HEAD') }
}

t.test('make cd pushes branch and hash, make release the tag, and nothing else', { skip }, async t => {
  const { tree, read, image, head } = await prepare(t)
  const digest = await tree.placeImage({ archs: ['amd64', 'arm64'] })
  t.match(await tree.make(['cd', 'CONFIRM=true', 'BRANCH_NAME=main', image]), { code: 0 })
  t.strictSame(await read(), { [NAME]: { main: digest, [head]: digest } })

  tree.git('tag', 'v1.2.3')
  const release = [...RELEASE, image]
  t.match(await tree.make(release), { code: 0 })
  const released = { [NAME]: { main: digest, [head]: digest, 'v1.2.3': digest } }
  t.strictSame(await read(), released)
  t.match(await tree.make(release), { code: 0, out: `nothing to do: v1.2.3 is released as ${digest}` })
  t.strictSame(await read(), released)

  const second = tree.commit('second')
  const other = await tree.placeImage()
  t.match(await tree.make(['cd', 'CONFIRM=true', 'BRANCH_NAME=main', image]), { code: 0 })
  t.strictSame(await read(), { [NAME]: { main: other, [head]: digest, [second]: other, 'v1.2.3': digest } })
})

interface Refusal {
  readonly args: readonly string[]
  readonly says: RegExp
  readonly prepare?: (tree: WorkTree) => unknown
}
const CD = ['cd', 'CONFIRM=true', 'BRANCH_NAME=main']
const RELEASE = ['release', 'CONFIRM=true', 'RELEASE_TAG=v1.2.3', 'SIGN=false']
const withChange = (tree: WorkTree): void => writeFileSync(join(tree.folder, 'strange.txt'), '')
const REFUSALS: Readonly<Record<string, Refusal>> = {
  'cd without confirmation': { args: ['cd', 'BRANCH_NAME=main'], says: /CONFIRM=true is missing/ },
  'cd with another confirmation': {
    args: ['cd', 'CONFIRM=yes', 'BRANCH_NAME=main'],
    says: /CONFIRM=true is missing/,
  },
  'cd without a name': { args: ['cd', 'CONFIRM=true'], says: /BRANCH_NAME is missing/ },
  'everything that is wrong at once': {
    args: ['release'],
    prepare: withChange,
    says: /CONFIRM=true is missing.*RELEASE_TAG is missing.*the work tree has changes: strange\.txt/,
  },
  'a branch that is no image tag': {
    args: ['cd', 'CONFIRM=true', 'BRANCH_NAME=feature/x'],
    prepare: tree => tree.git('branch', 'feature/x'),
    says: /BRANCH_NAME=feature\/x cannot be an image tag/,
  },
  'a branch that could be taken for a release': {
    args: ['cd', 'CONFIRM=true', 'BRANCH_NAME=v1.2.3'],
    prepare: tree => tree.git('branch', 'v1.2.3'),
    says: /could be taken for a release/,
  },
  'a branch that is not checked out': {
    args: CD,
    prepare: tree => tree.git('checkout', '--quiet', '-b', 'other') + tree.commit('ahead'),
    says: /branch main is at [0-9a-f]{12}, and [0-9a-f]{12} is checked out/,
  },
  'a branch that git does not know': {
    args: ['cd', 'CONFIRM=true', 'BRANCH_NAME=gone'],
    says: /git knows no branch gone/,
  },
  'a dirty tree': { args: CD, prepare: withChange, says: /the work tree has changes: strange\.txt/ },
  'a dirty tree of which git was told not to speak': {
    args: CD,
    prepare: tree => {
      tree.git('config', 'status.showUntrackedFiles', 'no')
      tree.git('update-index', '--assume-unchanged', 'package.json')
      tree.git('update-index', '--skip-worktree', 'Makefile')
      withChange(tree)
    },
    says: /the work tree has changes: strange\.txt, Makefile, package\.json/,
  },
  'no image': {
    args: CD,
    prepare: tree => rmSync(join(tree.folder, LAYOUT), { recursive: true }),
    says: /there is no image: run make ci first/,
  },
  'an image that was not built to its end': {
    args: CD,
    prepare: tree => writeFileSync(join(tree.folder, LAYOUT, 'index.json'), '{"manifests":[]}'),
    says: /the image is not whole \(.* holds 0 images, not one\): run make ci again/,
  },
  'the image of another commit': {
    args: CD,
    prepare: tree => tree.commit('not built'),
    says: /the image is of [0-9a-f]{12}, and [0-9a-f]{12} is checked out: run make ci first/,
  },
  'an image of the commit and more': {
    args: CD,
    prepare: tree => tree.placeImage({ revision: `${tree.git('rev-parse', 'HEAD')}-dirty` }),
    says: /the image is of [0-9a-f]{12}-dirty/,
  },
  'a release without confirmation': {
    args: ['release', 'RELEASE_TAG=v1.2.3'],
    says: /CONFIRM=true is missing/,
  },
  'a release without a tag in git': { args: RELEASE, says: /git knows no tag v1\.2\.3/ },
  'a release of another commit': {
    args: RELEASE,
    prepare: async tree => {
      tree.git('tag', 'v1.2.3')
      tree.commit('later')
      await tree.placeImage()
    },
    says: /tag v1\.2\.3 is at [0-9a-f]{12}, and [0-9a-f]{12} is checked out/,
  },
  'a release of an image that was built before the tag': {
    args: RELEASE,
    prepare: async tree => {
      tree.git('tag', 'v1.2.3')
      await tree.placeImage({ archs: ['amd64', 'arm64'], version: '0.1.0-dev' })
    },
    says: /the image calls itself 0\.1\.0-dev, not v1\.2\.3: run make ci RELEASE_TAG=v1\.2\.3 on the tagged commit/,
  },
  'a release that is no version': {
    args: ['release', 'CONFIRM=true', 'RELEASE_TAG=main'],
    prepare: tree => tree.git('tag', 'main'),
    says: /RELEASE_TAG=main is no release/,
  },
  'a registry without TLS elsewhere': {
    args: [...CD, 'BUILD_IMAGE=http://registry.example/name'],
    says: /BUILD_REGISTRY_INSECURE: the registry registry\.example does not speak TLS/,
  },
}

t.test('what is refused leaves the registry as it was', { skip }, async t => {
  for (const [name, { args, says, prepare: change }] of Object.entries(REFUSALS)) {
    await t.test(name, async t => {
      const { tree, read, image } = await prepare(t)
      await change?.(tree)
      const { code, out } = await tree.make([image, ...args])
      t.not(code, 0)
      t.match(out, says)
      t.strictSame(await read(), {})
    })
  }
})

t.test('a branch is not taken back by a pipeline that ends late', { skip }, async t => {
  const { tree, read, image, head } = await prepare(t)
  const cd = [...CD, image]
  const digest = await tree.placeImage({ archs: ['amd64', 'arm64'], created: '2026-01-02T03:04:06Z' })
  t.match(await tree.make(cd), { code: 0 })
  const late = tree.commit('as if it were the older one')
  const other = await tree.placeImage({ archs: ['amd64', 'arm64'], text: 'older' })
  const says =
    'main stays: it is of a commit of 2026-01-02T03:04:06Z, and this one is of 2026-01-02T03:04:05Z'
  t.match(await tree.make(cd), { code: 0, out: says })
  t.strictSame(await read(), { [NAME]: { main: digest, [head]: digest, [late]: other } })
})

t.test('a release is never replaced by another image', { skip }, async t => {
  const { tree, read, image, digest } = await prepare(t)
  tree.git('tag', 'v1.2.3')
  t.match(await tree.make([...RELEASE, image]), { code: 0 })
  const other = await tree.placeImage({ text: 'built again, with newer packages' })
  t.match(await tree.make([...RELEASE, image]), {
    code: /[^0]/,
    out: `v1.2.3 is released as ${digest}, and this is ${other}: a release is never replaced`,
  })
  t.strictSame(await read(), { [NAME]: { 'v1.2.3': digest } })
})

t.test(
  'a registry that does not speak TLS is refused under any name but those of loopback',
  { skip },
  async t => {
    const { tree, read, address } = await prepare(t)
    const { url, asked } = await startProxy(t, address)
    const { code, out } = await tree.make([...CD, `BUILD_IMAGE=registry.test:5000/${NAME}`], {
      HTTPS_PROXY: url,
      HTTP_PROXY: url,
    })
    t.not(code, 0)
    t.match(out, /BUILD_REGISTRY_INSECURE: the registry registry\.test:5000 does not speak TLS/)
    t.match(out, /accepted on loopback only/)
    t.strictSame([...new Set(asked)], ['CONNECT registry.test:5000'], 'nothing was sent in the clear')
    t.strictSame(await read(), {})
  },
)

t.test('a name from outside is text for make and shell', { skip }, async t => {
  const { tree, read, image } = await prepare(t)
  const RELEASE_TAG = 'v1.2.3-$(shell touch made)`touch ran`'
  const { code, out } = await tree.make(['release', 'CONFIRM=true', image], { RELEASE_TAG })
  t.not(code, 0)
  t.match(out, `RELEASE_TAG=${RELEASE_TAG} is no release`)
  t.notOk(['made', 'ran'].some(name => existsSync(join(tree.folder, name))))
  t.strictSame(await read(), {})
})

t.test('a registry that wants a password is pushed to after make login', { skip }, async t => {
  const { tree, image, registry, digest, head } = await prepare(t, { user: 'robot', password: 'secret' })
  const cd = [...CD, image]
  t.match(await tree.make(cd), {
    code: 2,
    out: /BUILD_PUSH_FAILED: .*(authentication required|unauthorized)/,
  })
  t.match(await tree.make(['login', image]), {
    code: 2,
    out: /not in the environment: REGISTRY_USER, REGISTRY_PASSWORD/,
  })
  const wrong = { REGISTRY_USER: 'robot', REGISTRY_PASSWORD: 'not-the-password' }
  const refused = await tree.make(['login', image], wrong)
  t.match(refused, { code: 2, out: /BUILD_LOGIN_FAILED: 127\.0\.0\.1:\d+ does not let robot in/ })
  t.notMatch(refused.out, wrong.REGISTRY_PASSWORD)
  const right = { REGISTRY_USER: 'robot', REGISTRY_PASSWORD: 'secret' }
  t.match(await tree.make(['login', image], right), { code: 0 })
  t.match(await tree.make(cd), { code: 0 })
  t.strictSame(await registry.read(), { [NAME]: { main: digest, [head]: digest } })
})
