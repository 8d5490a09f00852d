import { spawn } from 'node:child_process'
import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { build, FUNCTIONS } from '../../infra/build.ts'

export const ROOT = join(import.meta.dirname, '../..')
const SERVERLESS = join(ROOT, 'node_modules/serverless/bin/serverless.js')

export interface Resource {
  readonly Type: string
  readonly Properties: Readonly<Record<string, unknown>>
}

/** A copy of the service whose functions do nothing, so that packaging needs no build of the project. */
export async function copyService(t: Test, change: (yaml: string) => string = yaml => yaml): Promise<string> {
  const yaml = await readFile(join(ROOT, 'serverless.yml'), 'utf8')
  const folder = t.testdir({
    'serverless.yml': change(yaml),
    'entry.ts': 'export const handler = async () => 1',
  })
  const functions = Object.fromEntries(FUNCTIONS.map(name => [name, join(folder, 'entry.ts')]))
  await build({ out: join(folder, '.build'), functions })
  // Its own path leads to what it imports.
  await symlink(join(ROOT, 'infra'), join(folder, 'infra'))
  return folder
}

/** Runs `serverless package` with nothing in the environment that belongs to AWS. */
export function runPackage(
  folder: string,
  env: Readonly<Record<string, string>> = {},
  command: readonly string[] = ['package'],
): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SERVERLESS, ...command], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.on('error', reject).on('close', code => resolve([code ?? 1, output]))
  })
}

export async function readTemplate(folder: string): Promise<Readonly<Record<string, Resource>>> {
  const path = join(folder, '.serverless/cloudformation-template-update-stack.json')
  return (JSON.parse(await readFile(path, 'utf8')) as { Resources: Record<string, Resource> }).Resources
}

export function variablesOf(
  resources: Readonly<Record<string, Resource>>,
  name: string,
): Record<string, string> {
  const { Environment } = resources[`${name}LambdaFunction`]?.Properties ?? {}
  return (Environment as { Variables: Record<string, string> }).Variables
}

export const allOf = (
  resources: Readonly<Record<string, Resource>>,
  type: string,
): Resource['Properties'][] =>
  Object.values(resources)
    .filter(({ Type }) => Type === type)
    .map(({ Properties }) => Properties)
