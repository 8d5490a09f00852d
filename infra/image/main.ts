import { join, resolve } from 'node:path'
import { readVersion } from '../../shared/version.ts'
import { readArchs } from '../binary/platform.ts'
import { findEngine } from '../container-engine.ts'
import { runScript } from '../problem.ts'
import { runTool } from '../tool.ts'
import { buildImages, type ImageOptions } from './image.ts'
import { DEFAULT_IMAGE, readImageName } from './image-name.ts'
import { LAYOUT, LAYOUT_TAG, readLayout } from './layout.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** What make was told; an empty variable counts as none. @throws BuildProblem BUILD_USAGE */
function readOptions(env: NodeJS.ProcessEnv): Omit<ImageOptions, 'version'> {
  const buildImage = env['BUILD_IMAGE'] || DEFAULT_IMAGE
  readImageName(buildImage)
  return {
    root: ROOT,
    buildImage,
    baseImage: env['BASE_IMAGE'] || undefined,
    source: env['IMAGE_SOURCE'] || undefined,
    archs: readArchs(env, process.arch),
  }
}

async function main(): Promise<void> {
  const options = readOptions(process.env)
  const engine = await findEngine(runTool, process.env['ENGINE'])
  // Of `v1.2.3 (hash)`: the hash has a label of its own.
  const [version = ''] = (await readVersion(process.env['RELEASE_TAG'])).split(' ')
  await buildImages(runTool, engine, { ...options, version })
  const layout = await readLayout(join(ROOT, LAYOUT))
  const base = options.baseImage ?? 'a base of Debian packages'
  const archs = layout?.images.map(({ arch }) => arch).join(' and ')
  process.stdout.write(
    `${options.buildImage}:${LAYOUT_TAG} for ${archs}, by ${engine}, on ${base}\n${layout?.digest}\n`,
  )
}

if (import.meta.main) process.exitCode = await runScript(main)
