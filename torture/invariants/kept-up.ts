import { PROVIDED_NODE_IP, SHUTDOWN_TAINT, UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import type { Server } from '../../shared/simulator/bmc/types.ts'
import type { Checks, Fault } from './contract.ts'
import { hasTaint, isReady, toServerId } from './nodes.ts'
import type { State } from './state.ts'

/** Servers that are nobody's any more. */
const GOING = ['deleting', 'error']

/** At rest every node whose server is known for certain is what its server says. */
export function createKeptUpChecks(state: State): Checks {
  function checkNode(node: KubeNode, servers: readonly Server[]): Fault[] {
    const server = findServer(node, servers)
    if (!server || node.metadata.deletionTimestamp || node.metadata.annotations?.[PROVIDED_NODE_IP]) return []
    const differs = [
      isTainted(node) ? 'is not initialised' : [],
      !isTainted(node) && toServerId(node.spec?.providerID) !== server.id ? 'has no provider ID' : [],
      ...(isTainted(node)
        ? []
        : [...findLabels(node, server), ...findAddresses(node, server), ...findPower(node, server)]),
    ].flat()
    return differs.map(what => ({
      invariant: '8b',
      object: `nodes ${node.metadata.name}`,
      what: `it ${what}, though server ${server.id} is there`,
    }))
  }

  /** By its id; by its name only while nobody has given it one, and where nothing is in doubt. */
  function findServer(node: KubeNode, servers: readonly Server[]): Server | undefined {
    const { metadata, spec } = node
    if (spec?.providerID) return servers.find(({ id }) => id === toServerId(spec.providerID))
    if (!isTainted(node)) return undefined
    const same = servers.filter(({ hostname }) => hostname.toLowerCase() === metadata.name.toLowerCase())
    const [server, ...others] = same
    const isFree = server && state.holdersOf(`phoenixnap://${server.id}`).length === 0
    return others.length === 0 && isFree && !GOING.includes(server.status) ? server : undefined
  }

  return {
    atRest() {
      const servers = state.inputs.cloud.servers()
      return [...state.nodes.values()].flatMap(node => checkNode(node, servers))
    },
  }
}

const isTainted = (node: KubeNode): boolean => hasTaint(node, UNINITIALIZED_TAINT)

/** A node that is Ready runs, whatever is told of its server. */
function findPower(node: KubeNode, { status }: Server): string[] {
  const isShut = hasTaint(node, SHUTDOWN_TAINT)
  if (isReady(node)) return isShut ? ['is Ready and has the shutdown taint'] : []
  return status === 'powered-off' && !isShut ? ['is powered off and has no shutdown taint'] : []
}

/** Only that they are there: those of another initialiser are kept. */
const findLabels = ({ metadata: { labels = {}, annotations = {} } }: KubeNode, server: Server): string[] => {
  const isOurs = annotations['phoenixnap.com/initialized'] !== undefined
  return Object.entries({
    'node.kubernetes.io/instance-type': server.type,
    'topology.kubernetes.io/region': server.location,
  }).flatMap(([name, value]) => {
    const isRight = isOurs ? labels[name] === value : labels[name] !== undefined
    return isRight || value === '' ? [] : `has ${name}=${labels[name]}`
  })
}

/** Ranges are not taken apart here: they are left to the tests of parsers. */
function findAddresses(
  { status }: KubeNode,
  { privateIpAddresses, publicIpAddresses = [] }: Server,
): string[] {
  const wanted = [...privateIpAddresses, ...publicIpAddresses]
  if (wanted.some(text => !/^[0-9.]+$/.test(text))) return []
  const has = (status?.addresses ?? []).map(({ address }) => address)
  const missing = wanted.filter(address => !has.includes(address))
  return missing.length > 0 ? [`has not ${missing.join()}`] : []
}
