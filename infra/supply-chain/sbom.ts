import type { DebianPackage } from '../image/debian-packages.ts'
import type { BundledPackage } from './bundled.ts'

/** What is in a thing that is shipped, for whoever looks for weak spots or licences. */
export interface SbomFacts {
  /** Such as `cloud-provider-phoenixnap`, or the name of a function. */
  readonly name: string
  readonly version: string
  readonly revision: string
  /** Such as `linux/arm64`; undefined for what runs everywhere. */
  readonly platform?: string | undefined
  /** Time of the commit, ISO 8601. */
  readonly created: string
  /** Undefined where Node is not shipped along. */
  readonly node?: NodeParts | undefined
  /** What the bundler put in. */
  readonly packages: readonly ShippedPackage[]
  readonly debian?: readonly DebianPackage[] | undefined
  /** Name of an image that is the base; its contents are described by whoever made it. */
  readonly baseImage?: string | undefined
}

export interface ShippedPackage extends BundledPackage {
  /** Of the package in the registry, as npm writes it. */
  readonly integrity: string
}

/** A Node, and what it contains by name: `openssl`, `v8`. */
export interface NodeParts {
  readonly version: string
  readonly parts: Readonly<Record<string, string>>
}

export interface Component {
  readonly type: 'library' | 'framework' | 'application' | 'container'
  readonly 'bom-ref': string
  readonly name: string
  readonly version?: string
  readonly purl?: string
  readonly licenses?: readonly { readonly expression: string }[]
  readonly hashes?: readonly { readonly alg: 'SHA-512'; readonly content: string }[]
  readonly components?: readonly Component[]
}

const PROGRAM = 'cloud-provider-phoenixnap'

/** CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json): equal facts give equal bytes, so it has no serial number. */
export function toSbom(facts: SbomFacts): object {
  const root: Component = {
    type: 'application',
    'bom-ref': facts.name,
    name: facts.name,
    version: facts.version,
    licenses: [{ expression: 'Apache-2.0' }],
  }
  const components = [
    ...(facts.node ? [toNode(facts.node)] : []),
    ...toNpmComponents(facts.packages),
    ...(facts.debian ?? []).map(toDebianComponent),
    ...(facts.baseImage === undefined ? [] : [toBase(facts.baseImage)]),
  ]
  const platform =
    facts.platform === undefined ? [] : [{ name: `${PROGRAM}:platform`, value: facts.platform }]
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: facts.created,
      component: root,
      properties: [{ name: `${PROGRAM}:revision`, value: facts.revision }, ...platform],
    },
    components,
    dependencies: [{ ref: facts.name, dependsOn: components.map(component => component['bom-ref']) }],
  }
}

/** Each package once, by name; one that is there in two folders is the same package. */
function toNpmComponents(packages: readonly ShippedPackage[]): Component[] {
  const found = new Map<string, Component>()
  for (const { name, version, licence, integrity } of packages) {
    const purl = `pkg:npm/${name.replace(/^@/, '%40')}@${encodeURIComponent(version)}`
    const content = Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex')
    found.set(purl, {
      type: 'library',
      'bom-ref': purl,
      name,
      version,
      purl,
      ...(licence === '' ? {} : { licenses: [{ expression: licence }] }),
      ...(content === '' ? {} : { hashes: [{ alg: 'SHA-512', content }] }),
    })
  }
  return [...found.values()].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1))
}

function toNode({ version, parts }: NodeParts): Component {
  const purl = `pkg:generic/node@${version}`
  const components = Object.entries(parts).map(([name, of]) => toPart(name, of))
  const licenses = [{ expression: 'MIT' }]
  return { type: 'framework', 'bom-ref': purl, name: 'node', version, purl, licenses, components }
}

function toPart(name: string, version: string): Component {
  const purl = `pkg:generic/${name}@${encodeURIComponent(version)}`
  return { type: 'library', 'bom-ref': purl, name, version, purl }
}

function toDebianComponent({ name, version, arch }: DebianPackage): Component {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${arch}`
  return { type: 'library', 'bom-ref': purl, name, version, purl }
}

const toBase = (image: string): Component => ({ type: 'container', 'bom-ref': `base:${image}`, name: image })
