import type { BundledPackage } from './bundled.ts'
import { ALLOWED, isAllowed } from './licence-policy.ts'
import type { PackageLock } from './lock.ts'

/** A bundle that is shipped, and what is in it. */
export interface ShippedBundle {
  /** Such as `program` or `admission`. */
  readonly name: string
  readonly packages: readonly BundledPackage[]
}

/**
 * What speaks against shipping the bundles, a line each; nothing if all is well. A package for development has no place
 * in them: nobody keeps it as new as those that are shipped, and whether it is there depends on the machine.
 */
export function findLicenceProblems(bundles: readonly ShippedBundle[], lock: PackageLock): string[] {
  const problems = bundles.flatMap(({ name, packages }) =>
    packages.flatMap(one => [
      ...(isAllowed(one.licence)
        ? []
        : [
            `${toTitle(one)}: its licence, ${one.licence || 'of which it says nothing'}, is none of ${ALLOWED.join(', ')} (in ${name})`,
          ]),
      ...findLockProblems(one, name, lock),
    ]),
  )
  return [...new Set(problems)].toSorted()
}

function findLockProblems(one: BundledPackage, bundle: string, { packages }: PackageLock): string[] {
  const locked = packages[one.path]
  if (locked?.version !== one.version)
    return [
      `${toTitle(one)} is in ${bundle}, and package-lock.json has ${locked?.version ?? 'nothing'} at ${one.path}: run npm ci`,
    ]
  return locked.dev
    ? [
        `${toTitle(one)} is in ${bundle}, and package.json wants it for development only: move it to dependencies`,
      ]
    : []
}

const toTitle = ({ name, version }: BundledPackage): string => `${name} ${version}`
