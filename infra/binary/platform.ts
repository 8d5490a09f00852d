import { BuildProblem } from '../problem.ts'

/** Operating systems and processors that a single file is built for, in Go's words, as the file is named. */
export const OSES = ['linux', 'darwin'] as const
export const ARCHES = ['amd64', 'arm64'] as const

export interface Platform {
  readonly os: (typeof OSES)[number]
  readonly arch: (typeof ARCHES)[number]
}

export const PLATFORMS: readonly Platform[] = OSES.flatMap(os => ARCHES.map(arch => ({ os, arch })))

/** Other spellings: `uname -s`, `uname -m`, and Node's own. */
const OS_ALIASES: ReadonlyMap<string, Platform['os']> = new Map([
  ['linux', 'linux'],
  ['darwin', 'darwin'],
  ['macos', 'darwin'],
])
const ARCH_ALIASES: ReadonlyMap<string, Platform['arch']> = new Map([
  ['amd64', 'amd64'],
  ['x86_64', 'amd64'],
  ['x64', 'amd64'],
  ['arm64', 'arm64'],
  ['aarch64', 'arm64'],
])

const PROGRAM = 'cloud-provider-phoenixnap'

/** @param os, arch as somebody writes them, upper case or lower @throws BuildProblem BUILD_USAGE that names all that is wrong */
export function readPlatform(os: string, arch: string): Platform {
  const [knownOs, knownArch] = [OS_ALIASES.get(os.toLowerCase()), ARCH_ALIASES.get(arch.toLowerCase())]
  if (knownOs && knownArch) return { os: knownOs, arch: knownArch }
  const problems = [
    ...(knownOs ? [] : [`OS=${os} is unknown (known: ${[...OS_ALIASES.keys()].join(', ')})`]),
    ...(knownArch ? [] : [`ARCH=${arch} is unknown (known: ${[...ARCH_ALIASES.keys()].join(', ')})`]),
  ]
  throw new BuildProblem('BUILD_USAGE', problems.join('; '))
}

/**
 * The processors of an image: ARCHS, separated by spaces or commas, or ARCH.
 *
 * @param env variables that make was given; empty counts as left out
 * @throws BuildProblem BUILD_USAGE
 */
export function readArchs(env: NodeJS.ProcessEnv, host: string): Platform['arch'][] {
  const archs = (env['ARCHS'] || env['ARCH'] || host).split(/[\s,]+/).filter(Boolean)
  return [...new Set(archs.map(arch => readPlatform('linux', arch).arch))]
}

export const toPlatformName = ({ os, arch }: Platform): string => `${os}-${arch}`

/** Name of the file in dist/bin. */
export const toBinaryName = (platform: Platform): string => `${PROGRAM}-${toPlatformName(platform)}`

export const isSame = (one: Platform, other: Platform): boolean =>
  one.os === other.os && one.arch === other.arch

/** The platform that this process runs on. */
export const hostPlatform = (): Platform => readPlatform(process.platform, process.arch)
