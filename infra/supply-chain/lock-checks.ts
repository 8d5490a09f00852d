import { type LockedPackage, type PackageLock, toLockedName } from './lock.ts'

/** The parts of package.json that are read. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  /** Packages whose install scripts npm may run, or may not, by name. */
  readonly allowScripts?: Readonly<Record<string, boolean>>
}

export interface Findings {
  /** What fails the audit, a line each. */
  readonly problems: readonly string[]
  /** What a person is told. */
  readonly notes: readonly string[]
}

const VERSION = 3
const CPUS: ReadonlySet<string> = new Set(['x64', 'arm64'])
/** Ranges of versions, and aliases of them: what the registry answers. Everything else is fetched from somewhere. */
const RANGE = /^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?[\w\s.^~<>=|*+-]*$/

/** What the lock file says by itself, without asking anybody. */
export function checkLock(lock: PackageLock, manifest: Manifest): Findings {
  const packages = Object.entries(lock.packages).filter(([path]) => path !== '')
  const problems = [
    ...(lock.lockfileVersion === VERSION
      ? []
      : [`package-lock.json is of version ${lock.lockfileVersion}, not ${VERSION}`]),
    ...checkWanted(lock, manifest),
    ...packages.flatMap(([path, one]) => checkPackage(toTitle(path, one), one)),
    ...packages.flatMap(([path, one]) => checkScript(path, one, manifest)),
  ]
  return { problems, notes: toNotes(packages) }
}

/** What package.json asks for is what is locked, so that `npm ci` installs exactly that. */
function checkWanted({ packages }: PackageLock, manifest: Manifest): string[] {
  const locked = (packages[''] ?? {}) as Manifest
  const wanted = (of: Manifest): string =>
    JSON.stringify([toSorted(of.dependencies), toSorted(of.devDependencies)])
  return wanted(locked) === wanted(manifest)
    ? []
    : ['package-lock.json was made for another package.json: run npm install']
}

const toSorted = (ranges: Readonly<Record<string, string>> = {}): [string, string][] =>
  Object.entries(ranges).toSorted(([a], [b]) => (a < b ? -1 : 1))

function checkPackage(title: string, one: LockedPackage): string[] {
  const elsewhere = Object.entries(toSpecifiers(one)).filter(([, range]) => !RANGE.test(range))
  return [
    ...(one.link ? [`${title} is a folder of this machine`] : []),
    // For what comes from the registry .npmrc leaves the place out: every machine has it from its own.
    ...(one.resolved === undefined ? [] : [`${title} comes from ${one.resolved}, not from the registry`]),
    ...elsewhere.map(([name, range]) => `${title} wants ${name} from ${range}, not from the registry`),
    ...(one.integrity?.startsWith('sha512-') || isOfAnotherPlatform(one)
      ? []
      : [`${title} has no SHA-512 in package-lock.json: what is installed could be anything`]),
    ...(one.deprecated && !one.dev ? [`${title} is deprecated: ${one.deprecated}`] : []),
  ]
}

const toSpecifiers = (one: LockedPackage & Manifest & { optionalDependencies?: Record<string, string> }) => ({
  ...one.dependencies,
  ...one.devDependencies,
  ...one.optionalDependencies,
})

/** A tool's program for machines of developers: nothing that is shipped is made with it. */
const isOfAnotherPlatform = (one: LockedPackage): boolean =>
  one.dev === true && one.optional === true && one.os !== undefined && !isOfPipeline(one)

/** Where pipelines run. */
const isOfPipeline = ({ os = [], cpu = [], libc = [] }: LockedPackage): boolean =>
  os.includes('linux') && cpu.some(name => CPUS.has(name)) && !libc.includes('musl')

function checkScript(path: string, one: LockedPackage, { allowScripts = {} }: Manifest): string[] {
  return one.hasInstallScript && allowScripts[toLockedName(path, one)] === undefined
    ? [
        `${toTitle(path, one)} runs a script when it is installed: decide about it in allowScripts of package.json`,
      ]
    : []
}

function toNotes(packages: readonly (readonly [string, LockedPackage])[]): string[] {
  const unchecked = packages.filter(([, one]) => !one.integrity && isOfAnotherPlatform(one))
  const deprecated = packages.filter(([, one]) => one.dev && one.deprecated)
  return [
    ...(unchecked.length > 0
      ? [
          `${unchecked.length} builds of development tools for other machines have no SHA-512 in package-lock.json`,
        ]
      : []),
    ...deprecated.map(
      ([path, one]) => `${toTitle(path, one)}, for development, is deprecated: ${one.deprecated}`,
    ),
  ]
}

const toTitle = (path: string, one: LockedPackage): string =>
  `${toLockedName(path, one)} ${one.version ?? ''}`.trim()
