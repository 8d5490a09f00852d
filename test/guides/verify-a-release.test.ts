import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createSigner } from '../../infra/supply-chain/signer.ts'
import { runTool } from '../../infra/tool.ts'
import { createKeyPair, findCosign, placeRelease } from '../infra/_release.ts'
import { findMissing, startRegistry } from '../support/registry.ts'
import { createWorkTree, PIPELINE_FILES } from '../support/work-tree.ts'
import { type Block, readBlocks, toScript } from './_page.ts'

const PAGE = join(import.meta.dirname, '../../docs/guides/verify-a-release.md')
const skip = findMissing('skopeo', 'docker-registry', 'make', 'git')
const needsCosign = (block: Block): boolean => block.roles.includes('cosign')

t.test(
  'a release is verified as the guide says, and one that was tampered with is not',
  { skip },
  async t => {
    const folder = t.testdir({ tree: {} })
    const { address } = await startRegistry(t, folder)
    const tree = createWorkTree(join(folder, 'tree'), PIPELINE_FILES)
    await tree.placeImage({ archs: ['amd64', 'arm64'] })
    tree.git('tag', 'v1.2.3')
    const files = await placeRelease(tree)
    const { key, publicKey } = createKeyPair()
    const image = `${address}/team/ccm`
    const release = ['release', 'CONFIRM=true', 'RELEASE_TAG=v1.2.3', `BUILD_IMAGE=${image}`]
    t.match(await tree.make(release, { SIGNING_KEY: key }), { code: 0 })

    const keyFile = join(folder, 'trusted.pub')
    await writeFile(keyFile, publicKey)
    const values = {
      KEY: keyFile,
      FILES: files,
      IMAGE: `${image}:v1.2.3`,
      COMMIT: tree.git('rev-parse', 'HEAD'),
    }
    const program = findCosign()
    const page = readBlocks(await readFile(PAGE, 'utf8'))
    const blocks = page.filter(block => program !== undefined || !needsCosign(block))
    const verify = async (some: readonly Block[] = blocks, given: Partial<typeof values> = {}) => {
      const script = `cosign() { ${program} "$@"; }\n${toScript(some, { ...values, ...given })}`
      const { code, out, err } = await runTool('bash', ['-c', script], { cwd: folder })
      return { code, said: out + err }
    }
    const good = await verify()
    t.match(good, { code: 0, said: /Verified OK\nchart\.tgz: OK\nprogram: OK\nprovenance\.json: OK/ })
    t.match(good.said, createSigner(key).fingerprint, 'the fingerprint that make release prints')
    t.equal(page.filter(needsCosign).length, 3)
    if (program === undefined) t.comment('there is no cosign here (COSIGN): its blocks are not run')

    const other = join(folder, 'other.pub')
    await writeFile(other, createKeyPair().publicKey)
    t.not((await verify(blocks, { KEY: other })).code, 0, 'not by another key')
    t.not((await verify(blocks, { COMMIT: 'f'.repeat(40) })).code, 0, 'not from another commit')
    const ofReader = page.filter(({ roles }) => roles.includes('values'))
    for (const block of blocks.filter(needsCosign))
      t.not((await verify([...ofReader, block], { KEY: other })).code, 0, `line ${block.line}`)

    await writeFile(join(files, 'program'), 'another program')
    t.match(await verify(), { code: 1, said: /program: FAILED/ })
    const sums = await readFile(join(files, 'SHA256SUMS'), 'utf8')
    await writeFile(
      join(files, 'SHA256SUMS'),
      sums.replace(/^./, digit => (digit === '0' ? '1' : '0')),
    )
    t.match(await verify(), { code: 1, said: /Verification failure/i })
  },
)
