import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Whether a program is found on the PATH. */
const isThere = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** Options of a test that runs programs of the machine: Node and npm are there, everything else may be missing. */
export function needsPrograms(...names: readonly string[]): { readonly skip?: string } {
  const missing = names.filter(name => !isThere(name))
  return missing.length === 0 ? {} : { skip: `not on this machine: ${missing.join(', ')}` }
}
