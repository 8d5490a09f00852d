import { join, resolve } from 'node:path'
import { DEFAULT_IMAGE, readImageName, toReference } from '../image/image-name.ts'
import { CREATED_LABEL, REVISION_LABEL, VERSION_LABEL } from '../image/labels.ts'
import { LAYOUT, readLayout } from '../image/layout.ts'
import { BuildProblem, runScript } from '../problem.ts'
import { readRelease } from '../supply-chain/release.ts'
import type { SigningPlan } from '../supply-chain/signer.ts'
import { RELEASE } from '../supply-chain/sums.ts'
import { type RunTool, runTool } from '../tool.ts'
import { readBranchCommits, readGit, readTagCommit } from './git.ts'
import { findProblems, type PublishFacts, planPush, type RemoteTag } from './publish-plan.ts'
import { createRegistry, type Registry } from './registry.ts'
import { attachSignatures, findSigningProblems, readSigning, toSigning } from './release-signing.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** What make was told. */
export interface PublishOptions {
  /** Root of the work tree. */
  readonly root: string
  readonly kind: PublishFacts['kind']
  readonly confirm: string | undefined
  readonly name: string | undefined
  readonly buildImage: string
  /** What becomes of signatures; left out: there are none. */
  readonly signing?: SigningPlan | undefined
}

/**
 * `make cd` and `make release`: pushes the image that `make ci` left, or refuses.
 *
 * @param out receives a line for each thing that is done
 * @throws BuildProblem BUILD_REFUSED that names all that speaks against it; nothing was pushed then
 */
export async function publish(
  run: RunTool,
  options: PublishOptions,
  out: (line: string) => void,
): Promise<void> {
  const image = readImageName(options.buildImage)
  const facts = await readFacts(run, options)
  const signingPlan = options.signing
  const release = signingPlan?.do === 'sign' ? await readRelease(join(options.root, RELEASE)) : undefined
  refuse([...findProblems(facts), ...findSigningProblems(signingPlan, facts, release)])
  const signing = toSigning(signingPlan, facts, release)
  const registry = createRegistry(run, image)
  const plan = planPush(facts, await look(registry, facts))
  const say = (line: string): void => out(`${image.name}${line}`)
  const layout = join(options.root, LAYOUT)
  const attach = async (): Promise<void> => {
    if (signing)
      await attachSignatures({ ...signing, registry, layout, reference: toReference(image) }, out, say)
  }
  switch (plan.do) {
    case 'refuse':
      return refuse(plan.problems)
    case 'nothing':
      await attach()
      return out(`nothing to do: ${plan.why}`)
    case 'push':
      await push(registry, plan, { layout, attach }, say)
      if (plan.note) out(plan.note)
  }
}

/** A release is compared by its digest, a branch by the time of its commit. */
async function look(registry: Registry, { kind, name = '' }: PublishFacts): Promise<RemoteTag> {
  const remote = await registry.look(name)
  return kind === 'cd' && remote.state === 'present'
    ? { ...remote, created: await registry.readCreated(name) }
    : remote
}

async function readFacts(run: RunTool, { root, kind, confirm, name }: PublishOptions): Promise<PublishFacts> {
  const git = await readGit(run, root)
  const layout = await readLayout(join(root, LAYOUT)).catch((error: Error) => {
    throw new BuildProblem('BUILD_REFUSED', `the image is not whole (${error.message}): run make ci again`)
  })
  return {
    kind,
    confirm,
    name,
    git,
    branchCommits: name ? await readBranchCommits(run, root, name) : [],
    tagCommit: name ? await readTagCommit(run, root, name) : undefined,
    image: layout && {
      digest: layout.digest,
      revisions: layout.images.map(({ labels }) => labels[REVISION_LABEL] ?? ''),
      versions: layout.images.map(({ labels }) => labels[VERSION_LABEL] ?? ''),
      created: layout.images[0]?.labels[CREATED_LABEL],
    },
  }
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new BuildProblem('BUILD_REFUSED', problems.join('; '))
}

/** First everything without a name, and what is signed about it, then the names: whatever breaks on the way, no name points at half an image. */
async function push(
  registry: Registry,
  { digest, tags }: { readonly digest: string; readonly tags: readonly string[] },
  { layout, attach }: { readonly layout: string; readonly attach: () => Promise<void> },
  out: (line: string) => void,
): Promise<void> {
  await registry.upload(layout, digest)
  out(`@${digest}`)
  await attach()
  for (const tag of tags) {
    await registry.tag(digest, tag)
    const seen = await registry.look(tag)
    if (seen.state !== 'present' || seen.digest !== digest) {
      const what = seen.state === 'present' ? seen.digest : seen.state
      throw new BuildProblem(
        'BUILD_PUSH_FAILED',
        `${tag} was pushed as ${digest}, and the registry shows ${what}`,
      )
    }
    out(`:${tag}`)
  }
}

async function readOptions([kind]: readonly string[], env: NodeJS.ProcessEnv): Promise<PublishOptions> {
  if (kind !== 'cd' && kind !== 'release') throw new BuildProblem('BUILD_USAGE', 'say cd or release')
  return {
    root: ROOT,
    kind,
    confirm: env['CONFIRM'] || undefined,
    name: env[kind === 'cd' ? 'BRANCH_NAME' : 'RELEASE_TAG'] || undefined,
    buildImage: env['BUILD_IMAGE'] || DEFAULT_IMAGE,
    signing: kind === 'release' ? await readSigning(env) : undefined,
  }
}

const main = async (): Promise<void> =>
  publish(
    runTool,
    await readOptions(process.argv.slice(2), process.env),
    line => void process.stdout.write(`${line}\n`),
  )

if (import.meta.main) process.exitCode = await runScript(main)
