import type { DebianPackage } from './debian-packages.ts'

/** What is in the image, for whoever looks for weak spots or licences. */
export interface SbomFacts {
  readonly version: string
  readonly revision: string
  readonly arch: string
  /** Time of the commit, ISO 8601. */
  readonly created: string
  /** Of the Node in the binary, without v. */
  readonly nodeVersion: string
  /** package-lock.json, parsed. */
  readonly lock: PackageLock
  readonly debian: readonly DebianPackage[]
  /** Name of an image that is the base; its contents are described by whoever made it. */
  readonly baseImage: string | undefined
}

/** The parts of a package-lock.json (version 3) that are read. */
export interface PackageLock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

interface LockedPackage {
  readonly version?: string
  readonly license?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly optional?: boolean
  /** Set where the folder's name is an alias. */
  readonly name?: string
}

export interface Component {
  readonly type: 'library' | 'framework' | 'application' | 'operating-system' | 'container'
  readonly 'bom-ref': string
  readonly name: string
  readonly version?: string
  readonly purl?: string
  readonly licenses?: readonly { readonly expression: string }[]
}

const PROGRAM = 'cloud-provider-phoenixnap'
/** npm's way to bring Node; what is in the binary is listed as Node itself. */
const NODE_PACKAGE = /^node(?:-bin)?(?:-setup|-(?:linux|darwin|win|sunos|aix)-.*)?$/

/** CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json): equal facts give equal bytes, so it has no serial number. */
export function toSbom(facts: SbomFacts): object {
  const root: Component = {
    type: 'application',
    'bom-ref': PROGRAM,
    name: PROGRAM,
    version: facts.version,
    licenses: [{ expression: 'Apache-2.0' }],
  }
  const components = [
    toNode(facts.nodeVersion),
    ...toNpmComponents(facts.lock),
    ...facts.debian.map(toDebianComponent),
    ...(facts.baseImage === undefined ? [] : [toBase(facts.baseImage)]),
  ]
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: facts.created,
      component: root,
      properties: [
        { name: `${PROGRAM}:revision`, value: facts.revision },
        { name: `${PROGRAM}:platform`, value: `linux/${facts.arch}` },
      ],
    },
    components,
    dependencies: [{ ref: PROGRAM, dependsOn: components.map(component => component['bom-ref']) }],
  }
}

/** Every package that the program may use; what a bundle leaves out of it is listed all the same. */
export function toNpmComponents({ packages }: PackageLock): Component[] {
  const found = new Map<string, Component>()
  for (const [path, { name: alias, version, license, dev }] of Object.entries(packages)) {
    const name = alias ?? path.split('node_modules/').at(-1) ?? ''
    if (path === '' || version === undefined || dev || NODE_PACKAGE.test(name)) continue
    const purl = `pkg:npm/${name.replace(/^@/, '%40')}@${encodeURIComponent(version)}`
    const licenses = license === undefined ? {} : { licenses: [{ expression: license }] }
    found.set(purl, { type: 'library', 'bom-ref': purl, name, version, purl, ...licenses })
  }
  return [...found.values()].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1))
}

function toNode(version: string): Component {
  const purl = `pkg:generic/node@${version}`
  return {
    type: 'framework',
    'bom-ref': purl,
    name: 'node',
    version,
    purl,
    licenses: [{ expression: 'MIT' }],
  }
}

function toDebianComponent({ name, version, arch }: DebianPackage): Component {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${arch}`
  return { type: 'library', 'bom-ref': purl, name, version, purl }
}

const toBase = (image: string): Component => ({ type: 'container', 'bom-ref': `base:${image}`, name: image })
