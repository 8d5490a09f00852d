import { readFile, writeFile } from 'node:fs/promises'
import { BuildProblem } from '../problem.ts'
import type { Contents } from './contents.ts'

/** What lies beside a single file in dist/bin: its licences, and what its SBOM is made of. */
const LICENCES = '.licences.txt'
const CONTENTS = '.contents.json'

export const toLicencesPath = (binary: string): string => binary + LICENCES

export async function writeCompanions(binary: string, contents: Contents): Promise<void> {
  const { notice, ...facts } = contents
  await writeFile(toLicencesPath(binary), notice)
  await writeFile(binary + CONTENTS, `${JSON.stringify(facts, undefined, 2)}\n`)
}

/** @throws BuildProblem BUILD_USAGE where the file was not built, or by somebody else */
export async function readCompanions(binary: string): Promise<Contents> {
  try {
    const facts = JSON.parse(await readFile(binary + CONTENTS, 'utf8')) as Omit<Contents, 'notice'>
    return { ...facts, notice: await readFile(toLicencesPath(binary), 'utf8') }
  } catch {
    throw new BuildProblem('BUILD_USAGE', `what is in ${binary} is not written down: make build does it`)
  }
}
