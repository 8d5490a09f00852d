import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A package of the base, from its control file. */
export interface DebianPackage {
  readonly name: string
  readonly version: string
  readonly arch: string
}

/** Where the packages of a base without dpkg are described, a file each. */
const STATUS_FOLDER = 'var/lib/dpkg/status.d'

/** @param base folder of the base; empty when the base is an image of its own @returns by name; none if it says nothing */
export async function readDebianPackages(base: string): Promise<DebianPackage[]> {
  const folder = join(base, STATUS_FOLDER)
  const files = await readdir(folder).catch(() => [])
  return Promise.all(
    files
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map(async file => toDebianPackage(await readFile(join(folder, file), 'utf8'))),
  )
}

/** @param control fields of https://www.debian.org/doc/debian-policy/ch-controlfields.html @throws Error if one is missing */
export function toDebianPackage(control: string): DebianPackage {
  const field = (name: string): string => {
    const value = new RegExp(`^${name}: *(.+)$`, 'm').exec(control)?.[1]
    if (value === undefined) throw new Error(`a control file has no field ${name}`)
    return value.trim()
  }
  return { name: field('Package'), version: field('Version'), arch: field('Architecture') }
}
