import { join } from 'node:path'
import t from 'tap'
import { readImageName } from '../../infra/image/image-name.ts'
import { LAYOUT } from '../../infra/image/layout.ts'
import { publish } from '../../infra/pipeline/publish.ts'
import { createRegistry } from '../../infra/pipeline/registry.ts'
import { runTool } from '../../infra/tool.ts'
import { findMissing, startBreakingDoor, startRegistry } from '../support/registry.ts'
import { createWorkTree, PIPELINE_FILES } from '../support/work-tree.ts'

const skip = findMissing('skopeo', 'docker-registry', 'git')

t.test(
  'a push that breaks at any request leaves no half release, and a second try completes it',
  { skip },
  async t => {
    const folder = t.testdir({ tree: {} })
    const { address, read } = await startRegistry(t, folder)
    const door = await startBreakingDoor(t, address)
    const tree = createWorkTree(join(folder, 'tree'), PIPELINE_FILES)
    const digest = await tree.placeImage({ archs: ['amd64', 'arm64'] })
    tree.git('tag', 'v1.2.3')
    const release = (name: string): Promise<void> => {
      const buildImage = `${door.address}/${name}`
      return publish(
        runTool,
        { root: tree.folder, kind: 'release', confirm: 'true', name: 'v1.2.3', buildImage },
        () => {},
      )
    }

    let [count, early] = [0, 0]
    for (; ; count += 1) {
      const name = `broken-${count}`
      door.letThrough(count)
      const broken = await release(name).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (broken === undefined) break
      t.match(
        broken,
        { name: 'BuildProblem', code: /^BUILD_(PUSH_FAILED|REFUSED)$/ },
        `broken after ${count}`,
      )
      const tags = (await read())[name] ?? {}
      if (tags['v1.2.3'] === undefined) early += 1
      else {
        // Only the answer was lost, or the look after it: what is named is all there.
        t.strictSame(tags, { 'v1.2.3': digest })
        const from = `docker://${address}/${name}:v1.2.3`
        const copy = ['copy', '--all', '--src-tls-verify=false', from, `oci:${join(folder, name)}`]
        t.match(await runTool('skopeo', copy), { code: 0 }, 'and can be pulled')
      }
      door.letThrough(Number.POSITIVE_INFINITY)
      await release(name)
      t.strictSame((await read())[name], { 'v1.2.3': digest })
    }
    t.ok(count > 10, `${count} requests make a release`)
    t.ok(early > count / 2, `the name came last: ${early} of ${count} left none`)
  },
)

t.test('a name is given to what was uploaded, whatever becomes of the layout', { skip }, async t => {
  const folder = t.testdir({ tree: {} })
  const { address, read } = await startRegistry(t, folder)
  const tree = createWorkTree(join(folder, 'tree'), PIPELINE_FILES)
  const digest = await tree.placeImage({ archs: ['amd64', 'arm64'] })
  const registry = createRegistry(runTool, readImageName(`${address}/name`))
  await registry.upload(join(tree.folder, LAYOUT), digest)
  await tree.placeImage({ text: 'built in the meantime' })
  await registry.tag(digest, 'v1.2.3')
  t.strictSame(await read(), { name: { 'v1.2.3': digest } })
})
