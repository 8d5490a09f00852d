import { spawnSync } from 'node:child_process'
import { DEFAULT_IMAGE, readImageName } from '../image/image-name.ts'
import { BuildProblem, runScript } from '../problem.ts'

/** Where an image without a registry in its name is pushed to. */
const DEFAULT_REGISTRY = 'docker.io'

/** `make login`: logs skopeo in, for CI; the password goes by its standard input and is in no list of processes. */
async function main(): Promise<void> {
  const { registry = DEFAULT_REGISTRY, needsTls } = readImageName(process.env['BUILD_IMAGE'] || DEFAULT_IMAGE)
  const { REGISTRY_USER: user, REGISTRY_PASSWORD: input } = process.env
  const missing = [...(user ? [] : ['REGISTRY_USER']), ...(input ? [] : ['REGISTRY_PASSWORD'])]
  if (!user || !input) throw new BuildProblem('BUILD_USAGE', `not in the environment: ${missing.join(', ')}`)
  const args = ['login', `--tls-verify=${needsTls}`, `--username=${user}`, '--password-stdin', registry]
  const { status, error, stderr } = spawnSync('skopeo', args, { input, encoding: 'utf8' })
  if (error) throw new BuildProblem('BUILD_SKOPEO_MISSING', 'skopeo, which pushes images, is not installed')
  if (status !== 0)
    throw new BuildProblem('BUILD_LOGIN_FAILED', `${registry} does not let ${user} in: ${stderr.trim()}`)
  process.stdout.write(`logged in at ${registry} as ${user}\n`)
}

if (import.meta.main) process.exitCode = await runScript(main)
