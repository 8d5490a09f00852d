import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The parts of a package-lock.json (version 3) that are read. */
export interface PackageLock {
  readonly lockfileVersion?: number
  readonly packages: Readonly<Record<string, LockedPackage>>
}

export interface LockedPackage {
  readonly version?: string
  readonly license?: string
  /** As npm writes it: `sha512-` and base64. */
  readonly integrity?: string
  /** Where it comes from; left out for the registry that is set. */
  readonly resolved?: string
  readonly link?: boolean
  readonly dev?: boolean
  readonly optional?: boolean
  readonly deprecated?: string
  readonly hasInstallScript?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  /** Set where the folder's name is an alias. */
  readonly name?: string
}

/** @param root of the checkout */
export const readLock = async (root: string): Promise<PackageLock> =>
  JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as PackageLock

/** Name of the package at a key of the lock, also of one under an alias. */
export const toLockedName = (path: string, { name }: LockedPackage): string =>
  name ?? path.split('node_modules/').at(-1) ?? ''
