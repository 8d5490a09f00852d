import { readFile } from 'node:fs/promises'
import { readLayout } from '../image/layout.ts'
import { BuildProblem } from '../problem.ts'
import { type ImageSigning, signImage } from '../supply-chain/image-signing.ts'
import { findReleaseProblems, type Release, signRelease } from '../supply-chain/release.ts'
import { createSigner, planSigning, type Signer, type SigningPlan } from '../supply-chain/signer.ts'
import { RELEASE } from '../supply-chain/sums.ts'
import type { PublishFacts } from './publish-plan.ts'

/** The part of `make release` that signs: what was built and the image, before the image has its name. */

/** Of a release that is signed. */
export interface Signing {
  readonly signer: Signer
  readonly release: Release
  readonly tag: string
  /** Of the image, as it was compared. */
  readonly digest: string
}

/** @throws BuildProblem BUILD_USAGE when the file of the key cannot be read */
export async function readSigning(env: NodeJS.ProcessEnv): Promise<SigningPlan> {
  const path = env['SIGNING_KEY_FILE'] || undefined
  const file =
    path === undefined
      ? undefined
      : await readFile(path, 'utf8').catch((error: Error) => {
          throw new BuildProblem('BUILD_USAGE', `SIGNING_KEY_FILE cannot be read: ${error.message}`)
        })
  return planSigning({
    file,
    key: env['SIGNING_KEY'] || undefined,
    sign: env['SIGN'] || undefined,
    password: env['SIGNING_KEY_PASSWORD'] || undefined,
  })
}

/** What speaks against signing, and against a release without it; nothing for `make cd`, which signs nothing. */
export function findSigningProblems(
  plan: SigningPlan | undefined,
  { git, name = '', image }: PublishFacts,
  release: Release | undefined,
): readonly string[] {
  if (plan?.do === 'refuse') return plan.problems
  return plan?.do !== 'sign' || image === undefined
    ? []
    : findReleaseProblems(release, { head: git.head, name, image: image.digest })
}

/** @throws BuildProblem BUILD_REFUSED when the key is none */
export const toSigning = (
  plan: SigningPlan | undefined,
  { name, image }: PublishFacts,
  release: Release | undefined,
): Signing | undefined =>
  plan?.do === 'sign' && release && name && image
    ? { signer: createSigner(plan.key, plan.password), release, tag: name, digest: image.digest }
    : undefined

/** Beside the artefacts, and beside the image in its registry. */
export async function attachSignatures(
  signing: Signing & Pick<ImageSigning, 'registry' | 'reference'> & { readonly layout: string },
  out: (line: string) => void,
  say: (line: string) => void,
): Promise<void> {
  const { release, signer, layout, digest } = signing
  const built = await readLayout(layout)
  if (built?.digest !== digest)
    throw new BuildProblem('BUILD_PUSH_FAILED', `the image was ${digest}, and now it is another one`)
  const digests = [built, ...built.images].map(image => image.digest)
  for (const file of await signRelease(release, signer)) out(`${RELEASE}/${file}`)
  const pushed = await signImage({ ...signing, statement: release.statement, digests: [...new Set(digests)] })
  for (const tag of pushed) say(`:${tag}`)
  out(`signed by the key ${signer.fingerprint}`)
}
