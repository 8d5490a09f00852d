import { isIPv4 } from 'node:net'
import { BuildProblem } from '../problem.ts'

/** BUILD_IMAGE when nobody says. */
export const DEFAULT_IMAGE = 'phoenixnap/cloud-provider-phoenixnap'

/** Where images go: what BUILD_IMAGE says, taken apart. */
export interface ImageName {
  /** As it was given, without a tag: `registry.example:5000/team/name` or `phoenixnap/name`. */
  readonly name: string
  /** Host and port; undefined: the engine's default registry. */
  readonly registry: string | undefined
  /** False only on loopback: there a registry may do without TLS. */
  readonly needsTls: boolean
}

/** Grammar of https://github.com/distribution/reference, without tag and digest. */
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const PATH = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`)
const REGISTRY = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d{1,5})?$/
/** The whole name; a tag is not counted. */
const MAX_LENGTH = 255

/**
 * Reads BUILD_IMAGE.
 *
 * @throws BuildProblem BUILD_USAGE for what is no image name; BUILD_REGISTRY_INSECURE for http:// beyond loopback
 */
export function readImageName(text: string): ImageName {
  const scheme = /^([a-z]+):\/\/(.*)$/i.exec(text)
  if (scheme) throw refuseScheme(text, scheme[1] ?? '', scheme[2] ?? '')
  const { registry, path } = split(text)
  if (!PATH.test(path) || (registry !== undefined && !REGISTRY.test(registry)) || text.length > MAX_LENGTH) {
    throw new BuildProblem(
      'BUILD_USAGE',
      `BUILD_IMAGE=${text} is no image name: write [HOST[:PORT]/]NAME in small letters, without tag or digest`,
    )
  }
  return { name: text, registry, needsTls: registry === undefined || !isLoopback(registry) }
}

/** With its registry, also where that is the engines' own. */
export const toReference = ({ name, registry }: ImageName): string =>
  registry === undefined ? `docker.io/${name}` : name

/** The first part is a registry if it has a dot or a port, or is localhost; otherwise it belongs to the name. */
function split(text: string): { registry: string | undefined; path: string } {
  const slash = text.indexOf('/')
  const first = text.slice(0, slash)
  const isRegistry = slash > 0 && (/[.:]/.test(first) || first === 'localhost')
  return isRegistry ? { registry: first, path: text.slice(slash + 1) } : { registry: undefined, path: text }
}

/** Whether a registry is on this machine by its very name: 127.0.0.0/8, ::1 or localhost. A name that merely resolves there is not. */
export function isLoopback(registry: string): boolean {
  const host = registry.replace(/:\d+$/, '').toLowerCase()
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))
}

function refuseScheme(text: string, scheme: string, rest: string): BuildProblem {
  const { registry = '' } = split(rest)
  return scheme.toLowerCase() === 'http' && !isLoopback(registry)
    ? toInsecureProblem(registry)
    : new BuildProblem('BUILD_USAGE', `BUILD_IMAGE=${text} begins with a scheme: leave ${scheme}:// away`)
}

export const toInsecureProblem = (registry: string): BuildProblem =>
  new BuildProblem('BUILD_REGISTRY_INSECURE', `the registry ${registry} does not speak TLS`)

/** Whether a tool that was told to use TLS says that it met a registry without. */
export const saysInsecure = (text: string): boolean =>
  text.includes('server gave HTTP response to HTTPS client')
