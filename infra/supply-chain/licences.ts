import { join, resolve } from 'node:path'
import { bundleProgram } from '../binary/bundle.ts'
import { build, FUNCTIONS } from '../build.ts'
import { BuildProblem, runScript } from '../problem.ts'
import { findLicenceProblems, type ShippedBundle } from './licence-checks.ts'
import { readLock } from './lock.ts'

/** `npm run licences`: checks what the bundler puts into everything that is shipped. */

const ROOT = resolve(import.meta.dirname, '../..')

/** The bundles as they are shipped, made anew. */
async function readShipped(): Promise<ShippedBundle[]> {
  const entries = FUNCTIONS.map(name => [name, join(ROOT, 'functions', `${name}.ts`)] as const)
  const functions = await build({
    out: join(ROOT, '.build/licences'),
    functions: Object.fromEntries(entries),
  })
  const { contents } = await bundleProgram('licences')
  const program = { name: 'program', packages: contents.packages }
  return [program, ...functions.map(({ name, contents: { packages } }) => ({ name, packages }))]
}

async function main(): Promise<void> {
  const bundles = await readShipped()
  const problems = findLicenceProblems(bundles, await readLock(ROOT))
  if (problems.length > 0) throw new BuildProblem('BUILD_LICENCE_REFUSED', problems.join('\n'))
  const counts = bundles.map(({ name, packages }) => `${name} ${packages.length}`)
  process.stdout.write(`every package in what is shipped has an allowed licence: ${counts.join(', ')}\n`)
}

if (import.meta.main) process.exitCode = await runScript(main)
