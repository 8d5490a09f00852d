import { expandAddresses } from '../../shared/bmc/addresses.ts'
import { PROVIDED_NODE_IP } from '../../shared/kubernetes/names.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import type { Server } from '../../shared/simulator/bmc/types.ts'
import type { Entry, Stored } from '../world/contract.ts'
import type { Checks, Fault } from './contract.ts'
import { toServerId } from './nodes.ts'
import type { State } from './state.ts'

/** Intervals of passes for which a controller may go by what it was told. */
const REMEMBERED_INTERVALS = 3

/** Addresses that a server had at some time. */
interface Known {
  readonly private: Set<string>
  readonly public: Set<string>
}

/** Which of several servers a node is, and which of its addresses are private. */
export function createIdentityChecks(state: State): Checks {
  const { inputs, passes } = state
  const known = new Map<string, Known>()
  /** Names, in small letters, that several servers in the list have: since when that was seen. */
  const shared = new Map<string, number>()

  function look(): void {
    for (const server of inputs.cloud.servers()) note(server)
    const counts = Map.groupBy(inputs.cloud.listedServers?.() ?? inputs.cloud.servers(), toName)
    for (const name of shared.keys()) if ((counts.get(name)?.length ?? 0) < 2) shared.delete(name)
    for (const [name, { length }] of counts)
      if (length > 1 && !shared.has(name)) shared.set(name, inputs.now())
  }

  function note(server: Server): void {
    const entry = known.get(server.id) ?? { private: new Set(), public: new Set() }
    known.set(server.id, entry)
    for (const address of expand(server.privateIpAddresses ?? [])) entry.private.add(address)
    for (const address of expand(server.publicIpAddresses ?? [])) entry.public.add(address)
  }

  /** One of several of its name is only it where one of its addresses says so. */
  function checkChoice(before: KubeNode, after: KubeNode): Fault[] {
    const id = toServerId(after.spec?.providerID)
    if (id === undefined || before.spec?.providerID) return []
    const since = shared.get(after.metadata.name.toLowerCase()) ?? inputs.now()
    if (
      inputs.now() - since < REMEMBERED_INTERVALS * inputs.settings.resyncIntervalMs ||
      !passes.haveSeen(since)
    )
      return []
    const own = known.get(id)
    const provided = before.metadata.annotations?.[PROVIDED_NODE_IP] ?? ''
    const told = [provided, ...[...addressesOf(before).values()].flat()]
    if (told.some(address => own?.private.has(address) || own?.public.has(address))) return []
    const what = `it is taken for server ${id}, one of several of its name`
    return [{ invariant: '5d', object: `nodes ${after.metadata.name}`, what }]
  }

  function checkKinds(before: KubeNode, after: KubeNode): Fault[] {
    const own = known.get(toServerId(after.spec?.providerID) ?? '')
    if (!own) return []
    const had = addressesOf(before)
    return [...addressesOf(after)].flatMap(([type, addresses]) => {
      const right = type === 'InternalIP' ? own.private : own.public
      const wrong = addresses.filter(address => !right.has(address) && !had.get(type)?.includes(address))
      const what = `it is told to have ${type} ${wrong.join()}`
      return wrong.length > 0
        ? [{ invariant: '5c', object: `nodes ${after.metadata.name}`, what } as const]
        : []
    })
  }

  /** A node that is new was answered for in its review, if at all. */
  function checkNode(entry: Stored): Fault[] {
    look()
    const after = entry.object as unknown as KubeNode
    const isOurs = inputs.isProcess(entry.by)
    if (!isOurs && entry.type !== 'ADDED') return []
    const before = (isOurs ? (entry.old ?? entry.object) : state.sentFor(entry)) as unknown as KubeNode
    return [...checkChoice(before, after), ...checkKinds(before, after)]
  }

  look()
  return {
    check(entry: Entry) {
      if (entry.kind === 'request' && entry.call.path === '/bmc/v1/servers') look()
      if (entry.kind !== 'stored' || entry.resource !== 'nodes' || entry.type === 'DELETED') return []
      return checkNode(entry)
    },
  }
}

const toName = ({ hostname }: Server): string => hostname.toLowerCase()

/** What cannot be read is nothing that anybody could be told. */
const expand = (entries: readonly string[]): readonly string[] =>
  entries.flatMap(entry => {
    try {
      return expandAddresses(entry)
    } catch {
      return []
    }
  })

const ROUTED = ['InternalIP', 'ExternalIP']

const addressesOf = ({ status }: KubeNode): ReadonlyMap<string, readonly string[]> => {
  const routed = (status?.addresses ?? []).filter(({ type }) => ROUTED.includes(type))
  const byType = Map.groupBy(routed, ({ type }) => type)
  return new Map([...byType].map(([type, entries]) => [type, entries.map(({ address }) => address)]))
}
