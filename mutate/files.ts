import { globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const FOLDERS = ['shared/controllers', 'shared/phoenixnap', 'shared/announcers']
/** Elsewhere most modules carry out, so that those which decide about nodes, addresses or money are named one by one. */
export const MODULES = [
  'functions/next-run.ts',
  'functions/overload-plan.ts',
  'shared/bmc/addresses.ts',
  'shared/bmc/failures.ts',
  'shared/bmc/retry.ts',
  'shared/cloud-provider/instance.ts',
  'shared/ip-address.ts',
  'shared/kubernetes/errors.ts',
  'shared/migrate/back.ts',
  'shared/migrate/there.ts',
  'shared/migrate/unused.ts',
  'shared/reserved-addresses.ts',
  'shared/serving-identity/decide-certificate.ts',
  'shared/serving-identity/is-kept.ts',
]
const TESTS = [
  'test/*.test.ts',
  'test/{announcers,bmc,cloud-provider,controllers,functions,kubernetes,migrate,phoenixnap,serving-identity}/**/*.test.ts',
]
const IMPORT = /^(?:import|export|\}) ?.*from '(\.[^']+\.ts)'/gm

/** Modules that only compute: nothing is waited for in them. @returns paths from the root */
export function listPlans(root: string): string[] {
  const files = [...FOLDERS.flatMap(folder => list(root, `${folder}/**/*.ts`)), ...list(root, MODULES)]
  return files.filter(file => isPlan(readFileSync(join(root, file), 'utf8')))
}

const isPlan = (text: string): boolean =>
  !/\bawait\b|\bAsync[A-Z]\w+</.test(text) && /=>|\bfunction\b/.test(text)

/** Their tests: those that reach one of them and need no simulator, which is what makes them quick. @returns paths from the root */
export function listTests(root: string, plans: readonly string[]): string[] {
  return list(root, TESTS).filter(file => {
    const reached = importsOf(join(root, file))
    return (
      plans.some(plan => reached.has(join(root, plan))) &&
      ![...reached].some(path => path.includes('/simulator/'))
    )
  })
}

const list = (root: string, pattern: string | readonly string[]): string[] =>
  globSync(pattern, { cwd: root }).toSorted()

/** All that a file brings in, itself as well. */
function importsOf(file: string, known = new Set<string>()): Set<string> {
  if (known.has(file)) return known
  known.add(file)
  for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    importsOf(resolve(dirname(file), path), known)
  }
  return known
}
