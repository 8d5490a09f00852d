/** What an image says of itself: https://github.com/opencontainers/image-spec/blob/main/annotations.md */
export const REVISION_LABEL = 'org.opencontainers.image.revision'
export const CREATED_LABEL = 'org.opencontainers.image.created'
export const VERSION_LABEL = 'org.opencontainers.image.version'

/** Added to the revision of an image that holds more than its commit. */
const DIRTY = '-dirty'

export interface LabelFacts {
  readonly version: string
  /** Full hash of the commit. */
  readonly head: string
  readonly isDirty: boolean
  /** Seconds since 1970 at which it was committed. */
  readonly epoch: number
  /** Where the source is published; undefined if nobody says. */
  readonly source: string | undefined
  /** Name of the image that is the base; undefined: our own, from scratch. */
  readonly baseImage: string | undefined
}

export const toRevision = ({ head, isDirty }: Pick<LabelFacts, 'head' | 'isDirty'>): string =>
  isDirty ? head + DIRTY : head

/** The time of the commit: a build of today and one of tomorrow are the same. */
export const toCreated = (epoch: number): string => new Date(epoch * 1000).toISOString().replace('.000Z', 'Z')

export const toLabels = (facts: LabelFacts): Readonly<Record<string, string>> => ({
  'org.opencontainers.image.title': 'cloud-provider-phoenixnap',
  'org.opencontainers.image.description':
    'Kubernetes cloud controller manager for phoenixNAP Bare Metal Cloud',
  ...(facts.source === undefined ? {} : { 'org.opencontainers.image.source': facts.source }),
  [REVISION_LABEL]: toRevision(facts),
  [VERSION_LABEL]: facts.version,
  [CREATED_LABEL]: toCreated(facts.epoch),
  'org.opencontainers.image.licenses': 'Apache-2.0',
  'org.opencontainers.image.base.name': facts.baseImage ?? 'scratch',
})

/**
 * Where people find the source, from the URL of a git remote: as a browser takes it, and without a password.
 *
 * @returns undefined for a path, or whatever else no reader of the image could open
 */
export function toSource(remote: string): string | undefined {
  const ssh = /^(?:ssh:\/\/)?git@([^:/]+)[:/](.+)$/.exec(remote)
  if (ssh) return withoutSuffix(`https://${ssh[1]}/${ssh[2]}`)
  if (!remote.startsWith('https://') || !URL.canParse(remote)) return undefined
  const { host, pathname } = new URL(remote)
  return withoutSuffix(`https://${host}${pathname}`)
}

const withoutSuffix = (url: string): string => url.replace(/\.git$/, '')
