import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BuildProblem } from '../problem.ts'
import { mustRun, type RunTool } from '../tool.ts'

/** What Node is linked against, the authorities of the Web's certificates, and what the distribution is called. */
const PACKAGES = ['base-files', 'ca-certificates', 'libatomic1', 'libc6', 'libgcc-s1', 'libstdc++6']
const RELEASE = 'bookworm'
const HOOK = join(import.meta.dirname, 'base-hook.sh')

export interface BasePlan {
  readonly arch: string
  /** Folder that becomes the base; what was in it is lost. */
  readonly out: string
  /** Folder for what is needed on the way. */
  readonly work: string
  /** Seconds since 1970 that files get at the latest, so that equal packages give equal bytes. */
  readonly epoch: number
}

/**
 * Makes a base of Debian's packages: 6 MB, no shell, no package manager. Nothing of the packages is run, so any host
 * makes it for any processor.
 *
 * @throws BuildProblem BUILD_BASE_MISSING without mmdebstrap, BUILD_TOOL_FAILED
 */
export async function makeBase(run: RunTool, { arch, out, work, epoch }: BasePlan): Promise<void> {
  const { code } = await run('mmdebstrap', ['--version'])
  if (code !== 0)
    throw new BuildProblem('BUILD_BASE_MISSING', 'mmdebstrap, which makes the base, is not installed')
  await rm(out, { recursive: true, force: true })
  await mkdir(out, { recursive: true })
  await mkdir(work, { recursive: true })
  const tar = join(work, `base-${arch}.tar`)
  await mustRun(run, 'mmdebstrap', toArguments(arch, tar), {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch), BASE_HOOK: HOOK },
  })
  await mustRun(run, 'tar', ['-xpf', tar, '-C', out, '--strip-components=2', './keep'])
  await rm(tar)
}

const toArguments = (arch: string, tar: string): string[] => [
  '--quiet',
  '--variant=extract',
  `--architectures=${arch}`,
  `--include=${PACKAGES.join(',')}`,
  '--skip=output/dev,output/mknod',
  '--extract-hook=sh "$BASE_HOOK" "$1"',
  RELEASE,
  tar,
]
