import type { CommandLine } from '../shared/command-line.ts'
import { readLicences } from '../shared/licences.ts'
import { readVersion } from '../shared/version.ts'
import { type CliIo, readOutput, refuseProblems, toJson } from './command.ts'

/** As `v1.2.3 (hash)`: see toVersionText. */
const PARTS = /^(\S+)(?: \(([0-9a-f]+)\))?$/

/** `version`. @throws CcmError CCM_USAGE */
export async function runVersion(line: CommandLine, { out }: Pick<CliIo, 'out'>): Promise<number> {
  const problems = [...line.problems]
  const output = readOutput(line, problems)
  refuseProblems(problems)
  const licences = line.switches.has('licences') ? await readLicences() : undefined
  const text = await readVersion()
  if (output === 'text') out(licences ?? `${text}\n`)
  else {
    const [, version = text, commit] = PARTS.exec(text) ?? []
    const platform = `${process.platform}-${process.arch}`
    out(toJson({ version, commit, node: process.version, platform, licences }))
  }
  return 0
}
