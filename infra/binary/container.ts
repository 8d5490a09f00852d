import { type EngineName, findEngine } from '../container-engine.ts'
import { mustRun, type RunTool } from '../tool.ts'
import { type Platform, toBinaryName } from './platform.ts'

export interface ContainerBuild {
  readonly platforms: readonly Platform[]
  /** Top folder of the checkout: read, never written. */
  readonly root: string
  /** Folder that receives the files. */
  readonly out: string
  readonly version: string
  readonly engine?: string | undefined
  /** Image with sh, tar, any Node from 20 on and npm. */
  readonly image: string
  readonly run: RunTool
  /** Receives what a person is told, with its newline. */
  readonly say: (text: string) => void
}

/** Left behind when the sources are copied: what belongs to this machine, or is large. */
const LEFT = ['node_modules', '.git', '.build', '.tap', 'dist']

/** Builds in a container, from a copy of the sources and packages of its own; an engine's own trouble is told as it is. */
export async function buildInContainer(build: ContainerBuild): Promise<void> {
  const engine = await findEngine(build.run, build.engine)
  build.say(`building with ${engine} in ${build.image}\n`)
  if (engine === 'buildah') await runBuildah(build)
  else await mustRun(build.run, engine, toRunArguments(engine, build), { shown: true })
  for (const platform of build.platforms) {
    build.say(`${build.out}/${toBinaryName(platform)}  ${build.version}\n`)
  }
}

/** Arguments of `docker run` and `podman run`. */
export function toRunArguments(
  engine: Exclude<EngineName, 'buildah'>,
  build: ContainerBuild,
  user = `${process.getuid?.()}:${process.getgid?.()}`,
): string[] {
  return [
    'run',
    '--rm',
    // Podman's root is the caller; docker's is everybody's, and its files would not be the caller's.
    ...(engine === 'docker' ? ['--user', user] : []),
    ...toMounts(build),
    build.image,
    ...toScript(build),
  ]
}

/** buildah runs nothing but containers that it was told to make. */
async function runBuildah(build: ContainerBuild): Promise<void> {
  const { run, image } = build
  const container = (await mustRun(run, 'buildah', ['from', image])).trim().split('\n').at(-1) ?? ''
  try {
    const args = ['run', ...toMounts(build), container, '--', ...toScript(build)]
    await mustRun(run, 'buildah', args, { shown: true })
  } finally {
    await run('buildah', ['rm', container])
  }
}

const toMounts = ({ root, out }: ContainerBuild): string[] => [
  '--volume',
  `${root}:/source:ro`,
  '--volume',
  `${out}:/out`,
]

/** `$0` is the version: a text from outside is no part of a script. */
function toScript({ platforms, version }: ContainerBuild): string[] {
  const leave = LEFT.map(name => `--exclude=./${name}`).join(' ')
  const builds = platforms.map(
    ({ os, arch }) =>
      `node_modules/.bin/node infra/binary/main.ts --out /out --os ${os} --arch ${arch} --version-text "$0"`,
  )
  const lines = [
    'set -e',
    'export HOME=$(mktemp -d)',
    'cd "$HOME"',
    `tar -C /source ${leave} -cf - . | tar -xf -`,
    'npm ci',
    ...builds,
  ]
  return ['sh', '-c', lines.join('\n'), version]
}
