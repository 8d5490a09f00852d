import { join } from 'node:path'
import t from 'tap'
import { publish } from '../../infra/pipeline/publish.ts'
import { runTool } from '../../infra/tool.ts'
import { findMissing, startBreakingDoor, startRegistry } from '../support/registry.ts'
import { createWorkTree, PIPELINE_FILES } from '../support/work-tree.ts'
import { createKeyPair, placeRelease } from './_release.ts'

const skip = findMissing('skopeo', 'docker-registry', 'git')
/** Requests between one try and the next: each of some sixty would take minutes. */
const STEP = 7

t.setTimeout(180_000)

t.test('a signed release that breaks shows no name without signatures', { skip }, async t => {
  const folder = t.testdir({ tree: {} })
  const { address, read } = await startRegistry(t, folder)
  const door = await startBreakingDoor(t, address)
  const tree = createWorkTree(join(folder, 'tree'), PIPELINE_FILES)
  const digest = await tree.placeImage()
  tree.git('tag', 'v1.2.3')
  await placeRelease(tree)
  const signing = { do: 'sign', key: createKeyPair().key, password: undefined } as const
  const release = (name: string): Promise<boolean> => {
    const buildImage = `${door.address}/${name}`
    const options = {
      root: tree.folder,
      kind: 'release',
      confirm: 'true',
      name: 'v1.2.3',
      buildImage,
      signing,
    } as const
    return publish(runTool, options, () => {}).then(
      () => true,
      () => false,
    )
  }
  const signatures = ['sig', 'att'].map(kind => `${digest.replace(':', '-')}.${kind}`)
  const complete = ['v1.2.3', ...signatures].toSorted((a, b) => (a < b ? -1 : 1))
  const namesOf = async (name: string): Promise<string[]> =>
    Object.keys((await read())[name] ?? {}).toSorted((a, b) => (a < b ? -1 : 1))

  let [early, isDone] = [0, false]
  for (let count = 0; !isDone; count += STEP) {
    const name = `broken-${count}`
    door.letThrough(count)
    isDone = await release(name)
    const names = await namesOf(name)
    if (names.includes('v1.2.3'))
      t.strictSame(names, complete, `after ${count} requests the name is there, and all that is signed`)
    else if (names.length > 0) early += 1
    door.letThrough(Number.POSITIVE_INFINITY)
    t.ok(await release(name), 'a second try completes it')
    t.strictSame(await namesOf(name), complete, 'and signs nothing twice')
  }
  t.ok(early > 0, `${early} tries ended between the signatures and the name`)
})
