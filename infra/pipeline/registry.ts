import { type ImageName, saysInsecure, toInsecureProblem } from '../image/image-name.ts'
import { CREATED_LABEL } from '../image/labels.ts'
import { LAYOUT_TAG, toDigest } from '../image/layout.ts'
import { BuildProblem } from '../problem.ts'
import type { Ran, RunTool } from '../tool.ts'
import type { RemoteTag } from './publish-plan.ts'

/** The registry of an image, reached by skopeo with the credentials of any engine's own login. */
export interface Registry {
  /** What is under a tag now. @throws BuildProblem BUILD_REGISTRY_INSECURE, BUILD_SKOPEO_MISSING */
  look(tag: string): Promise<RemoteTag>
  /** Time of the commit that the image under a tag is of, as it says itself: of this processor's; undefined if it does not. */
  readCreated(tag: string): Promise<string | undefined>
  /** Uploads what a layout holds, an index after its images, without giving it a name. @throws BuildProblem BUILD_PUSH_FAILED */
  upload(layout: string, digest: string): Promise<void>
  /** Uploads what is under a name in a layout, under the same name. @throws BuildProblem BUILD_PUSH_FAILED */
  uploadAs(layout: string, tag: string): Promise<void>
  /** Brings what is under a tag into a layout. @throws BuildProblem BUILD_PUSH_FAILED */
  download(tag: string, layout: string): Promise<void>
  /** Names what is uploaded, out of the registry: whatever has become of the layout. @throws BuildProblem BUILD_PUSH_FAILED */
  tag(digest: string, tag: string): Promise<void>
}

/** What registries say of a tag or a repository that they do not have. */
const ABSENT = /manifest unknown|name unknown|repository name not known|not found: manifest/i

export function createRegistry(run: RunTool, { name, registry, needsTls }: ImageName): Registry {
  const tls = String(needsTls)
  const copy = async (from: string, to: string): Promise<void> => {
    const options = [
      '--all',
      '--preserve-digests',
      '--quiet',
      `--src-tls-verify=${tls}`,
      `--dest-tls-verify=${tls}`,
    ]
    const ran = await run('skopeo', ['copy', ...options, from, `docker://${to}`])
    if (ran.code !== 0) throw toProblem(ran, registry, `${to} was not pushed`)
  }
  return {
    async look(tag) {
      const ran = await run('skopeo', ['inspect', '--raw', `--tls-verify=${tls}`, `docker://${name}:${tag}`])
      if (ran.code === 0) return { state: 'present', digest: toDigest(ran.out) }
      if (ABSENT.test(ran.err)) return { state: 'absent' }
      const problem = toProblem(ran, registry, `${name}:${tag} cannot be looked at`)
      if (problem.code !== 'BUILD_PUSH_FAILED') throw problem
      return { state: 'unknown', why: toReason(ran) }
    },
    async readCreated(tag) {
      const args = ['--override-os=linux', 'inspect', '--config', `--tls-verify=${tls}`]
      const ran = await run('skopeo', [...args, `docker://${name}:${tag}`])
      if (ran.code !== 0) return undefined
      const { config } = JSON.parse(ran.out) as { config?: { Labels?: Record<string, string> } }
      return config?.Labels?.[CREATED_LABEL]
    },
    uploadAs: (layout, tag) => copy(`oci:${layout}:${tag}`, `${name}:${tag}`),
    async download(tag, layout) {
      const args = [
        'copy',
        '--quiet',
        `--src-tls-verify=${tls}`,
        `docker://${name}:${tag}`,
        `oci:${layout}:${tag}`,
      ]
      const ran = await run('skopeo', args)
      if (ran.code !== 0) throw toProblem(ran, registry, `${name}:${tag} was not pulled`)
    },
    upload: (layout, digest) => copy(`oci:${layout}:${LAYOUT_TAG}`, `${name}@${digest}`),
    tag: (digest, tag) => copy(`docker://${name}@${digest}`, `${name}:${tag}`),
  }
}

function toProblem(ran: Ran, registry = 'of the image', what: string): BuildProblem {
  if (ran.code === undefined)
    return new BuildProblem('BUILD_SKOPEO_MISSING', 'skopeo, which pushes images, is not installed')
  if (saysInsecure(ran.err)) return toInsecureProblem(registry)
  return new BuildProblem('BUILD_PUSH_FAILED', `${what}: ${toReason(ran)}`)
}

/** skopeo writes log lines; the last one says what went wrong. */
function toReason({ err }: Ran): string {
  const last = err.trim().split('\n').at(-1) ?? ''
  return /msg="(.*)"$/.exec(last)?.[1]?.replaceAll('\\"', '"') ?? last
}
