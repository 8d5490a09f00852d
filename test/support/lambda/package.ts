import { execFile } from 'node:child_process'
import { access, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build, FUNCTIONS } from '../../../infra/build.ts'
import { unzip } from '../zip.ts'
import { type Deployment, readTemplate, type Template } from './template.ts'

/** What `npm run package` writes, unpacked as Lambda does it. */
export interface Packaged {
  readonly deployment: Deployment
  /** Folder of a function's unpacked zip, by `name`. */
  readonly code: (name: string) => string
}

const ROOT = join(import.meta.dirname, '../../..')
/** A variable of a function that the deployment's own environment fills in, as `NAME: ${env:NAME, ''}`. */
const FILLED_IN = /^\s+([A-Z][A-Z0-9_]*): \$\{env:\1\b.*$/gm
/** What names a secret of AWS is checked when it is packaged, and shapes the role: nothing can stand for it. */
const NAMES_A_SECRET = /_FILE$|^PNAP_CLOUD_CONFIG$/
const TEMPLATE = '.serverless/cloudformation-template-update-stack.json'

/** Stands in the template where a deployment would put the value of the variable. */
const toSentinel = (name: string): string => `{{${name}}}`

/**
 * Builds the functions, packages the service with its own tool, and unpacks the zips; takes some seconds, so that a
 * run of many files does it once, into the folder that CCM_TEST_PACKAGE names.
 *
 * @param folder inside the checkout, so that the service finds its plugins
 */
export async function packageService(folder: string): Promise<Packaged> {
  const text = await readFile(join(ROOT, 'serverless.yml'), 'utf8')
  await mkdir(join(folder, '.build'), { recursive: true })
  // Not by the environment: packaging refuses settings that cannot be right.
  const filledIn = text.replace(FILLED_IN, (line, name: string) =>
    NAMES_A_SECRET.test(name) ? line : line.replace(/\$\{.*/, `'${toSentinel(name)}'`),
  )
  await writeFile(join(folder, 'serverless.yml'), filledIn)
  const entries = FUNCTIONS.map(name => [name, join(ROOT, `functions/${name}.ts`)])
  await build({ out: join(folder, '.build'), functions: Object.fromEntries(entries) })
  // Its own path leads to what it imports.
  await symlink(join(ROOT, 'infra'), join(folder, 'infra'))
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
  const program = join(ROOT, 'node_modules/serverless/bin/serverless.js')
  await promisify(execFile)(process.execPath, [program, 'package'], { cwd: folder, env })
  for (const name of FUNCTIONS) await unzip(join(folder, `.build/${name}.zip`), join(folder, 'code', name))
  return readPackaged(folder)
}

/** What an earlier `packageService` left in the folder. */
export async function readPackaged(folder: string): Promise<Packaged> {
  const template = JSON.parse(await readFile(join(folder, TEMPLATE), 'utf8')) as Template
  return { deployment: readTemplate(template), code: name => join(folder, 'code', name) }
}

/** From the folder that CCM_TEST_PACKAGE names, or made anew in `folder`. */
export async function getPackaged(folder: string): Promise<Packaged> {
  const ready = process.env['CCM_TEST_PACKAGE']
  if (!ready) return packageService(folder)
  await access(ready)
  return readPackaged(ready)
}

/**
 * A function's variables as a deployment with these settings would have them.
 *
 * @throws Error for a setting that no function of the service receives: it would be without effect, unseen
 */
export function fillIn(
  deployment: Deployment,
  settings: Readonly<Record<string, string | undefined>>,
): Deployment {
  const known = new Set(
    deployment.functions.flatMap(({ environment }) =>
      Object.entries(environment).flatMap(([name, value]) => (value === toSentinel(name) ? [name] : [])),
    ),
  )
  const unknown = Object.keys(settings).filter(name => settings[name] !== undefined && !known.has(name))
  if (unknown.length > 0) throw new Error(`no function has the setting ${unknown.join(', ')}`)
  const fill = (environment: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        value === toSentinel(name) ? (settings[name] ?? '') : value,
      ]),
    )
  return {
    ...deployment,
    functions: deployment.functions.map(one => ({ ...one, environment: fill(one.environment) })),
  }
}
