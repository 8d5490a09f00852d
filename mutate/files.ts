import { globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const PLANS = ['shared/controllers', 'shared/phoenixnap', 'shared/announcers']
const TESTS = ['test/controllers', 'test/phoenixnap', 'test/announcers']
const IMPORT = /from '(\.[^']+\.ts)'/g

/** Modules that only compute: nothing is waited for in them. @returns paths from the root */
export function listPlans(root: string): string[] {
  return listFiles(root, PLANS, '**/*.ts').filter(file => {
    const text = readFileSync(join(root, file), 'utf8')
    return !/\bawait\b|\bAsync[A-Z]\w+</.test(text) && /=>|\bfunction\b/.test(text)
  })
}

/** Their tests: those that need no simulator, which is what makes them quick. @returns paths from the root */
export function listTests(root: string): string[] {
  return listFiles(root, TESTS, '**/*.test.ts').filter(
    file => ![...importsOf(join(root, file))].some(path => path.includes('/simulator/')),
  )
}

const listFiles = (root: string, folders: readonly string[], pattern: string): string[] =>
  folders.flatMap(folder => globSync(`${folder}/${pattern}`, { cwd: root })).toSorted()

/** All that a file brings in, itself as well. */
function importsOf(file: string, known = new Set<string>()): Set<string> {
  if (known.has(file)) return known
  known.add(file)
  for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    importsOf(resolve(dirname(file), path), known)
  }
  return known
}
