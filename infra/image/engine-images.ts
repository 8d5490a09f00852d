import type { EngineName } from '../container-engine.ts'
import { isLoopback } from './image-name.ts'

export interface ImagePlan {
  readonly engine: EngineName
  readonly arch: string
  /** Folder with base/ and app/. */
  readonly context: string
  readonly containerfile: string
  /** Full names that the image gets in the engine's store. */
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly epoch: number
  readonly baseImage: string | undefined
}

/** A call of a program. */
export interface Call {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** How an engine builds the image: reproducibly, which each of them calls something else. */
export function toBuildCall(plan: ImagePlan): Call {
  const common = [
    `--platform=linux/${plan.arch}`,
    `--file=${plan.containerfile}`,
    ...plan.tags.map(tag => `--tag=${tag}`),
    ...Object.entries(plan.labels).map(([key, value]) => `--label=${key}=${value}`),
    ...(plan.baseImage === undefined ? [] : [`--build-arg=BASE_IMAGE=${plan.baseImage}`]),
  ]
  const SOURCE_DATE_EPOCH = String(plan.epoch)
  if (plan.engine === 'docker') {
    const args = ['build', '--provenance=false', `--build-arg=SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH}`]
    return {
      command: 'docker',
      args: [...args, ...common, plan.context],
      env: { DOCKER_BUILDKIT: '1', SOURCE_DATE_EPOCH },
    }
  }
  const tls = plan.baseImage === undefined ? [] : [`--tls-verify=${needsTls(plan.baseImage)}`]
  const args = ['build', '--format=oci', '--layers=false', `--timestamp=${SOURCE_DATE_EPOCH}`, ...tls]
  return { command: plan.engine, args: [...args, ...common, plan.context] }
}

/** How the image gets from the engine's store into a layout: docker has no call for it. */
export const toExportCall = (engine: EngineName, tag: string, layout: string, name: string): Call =>
  engine === 'docker'
    ? { command: 'skopeo', args: ['copy', '--quiet', `docker-daemon:${tag}`, `oci:${layout}:${name}`] }
    : { command: engine, args: ['push', '--quiet', tag, `oci:${layout}:${name}`] }

/** A base may have a tag or a digest; only where it comes from counts here. */
function needsTls(baseImage: string): boolean {
  const [registry = ''] = baseImage.split('/')
  return !(baseImage.includes('/') && isLoopback(registry))
}
