import { join, resolve } from 'node:path'
import { AUDIT_LOG_FOLDER, readAsked } from './audit-log.ts'
import { findUnused, readRights, toText } from './permissions.ts'

/** Compares the shipped roles with what the controller asked for while the suites ran: npm run test:permissions. */
const ROOT = resolve(import.meta.dirname, '../..')

/** @returns exit code 0 when every right of the roles was used, and nothing that they refuse was asked for */
async function main(manifests: readonly string[], folder: string): Promise<number> {
  const rights = (await Promise.all(manifests.map(name => readRights(join(ROOT, 'infra', name))))).flat()
  const asked = await readAsked(folder)
  const unused = findUnused(rights, asked)
  for (const right of unused) console.log(`never used: ${toText(right)} (role ${right.role})`)
  const refused = new Set(asked.filter(({ isAllowed }) => !isAllowed).map(toText))
  for (const text of refused) console.log(`refused: ${text}`)
  console.log(`${rights.length} rights, ${unused.length} of them unused; ${asked.length} kinds of request`)
  return unused.length === 0 && asked.length > 0 ? 0 : 1
}

if (import.meta.main) process.exitCode = await main(['rbac.yaml', 'rbac-self.yaml'], AUDIT_LOG_FOLDER)
