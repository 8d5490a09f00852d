import { familyOf, parseAddress } from '../../shared/ip-address.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import { assignedTo, nameOf } from '../../test/support/services.ts'
import type { Stored } from '../world/contract.ts'
import { toList } from './announced.ts'
import type { Checks, Fault } from './contract.ts'
import { liveOf, type State } from './state.ts'
import { holdsOurs } from './users.ts'

/** Annotations by which a user asks an announcer for addresses; it reads the first that is there. */
export const ASKING: Readonly<Record<string, readonly string[]>> = {
  'kube-vip': ['kube-vip.io/loadbalancerIPs'],
  metallb: ['metallb.io/loadBalancerIPs', 'metallb.universe.tf/loadBalancerIPs'],
  cilium: ['lbipam.cilium.io/ips', 'io.cilium/lb-ipam-ips'],
  purelb: ['purelb.io/addresses'],
}
/** What we write into some of them ourselves, so that nothing is served. */
const NEVER = '0.0.0.0'

/** Who asks for an address gets that one, or keeps what he has, or none. */
export function createWishChecks(state: State): Checks {
  const { inputs } = state
  const keys = ASKING[inputs.settings.announcer] ?? []
  /** By the UID of the Service: what it was live with at some time, which it may get back where a hand took it off. */
  const given = new Map<string, ReadonlySet<string>>()

  function check(entry: Stored): Fault[] {
    const service = entry.object as unknown as KubeService
    const { uid = '' } = service.metadata
    const faults = checkGiven(entry, given.get(uid) ?? new Set())
    if (entry.type === 'DELETED') given.delete(uid)
    else given.set(uid, new Set([...(given.get(uid) ?? []), ...liveOf(service)]))
    return faults
  }

  function checkGiven(entry: Stored, had: ReadonlySet<string>): Fault[] {
    const service = entry.object as unknown as KubeService
    const old = entry.old as KubeService | undefined
    const judgeAs = (asking: KubeService): Fault[] => {
      const before = [old, asking].flatMap(toAssigned)
      const asked = [...toField(asking), ...toAnnotated(asking)]
      return liveOf(service)
        .filter(address => !before.includes(address) && !had.has(address))
        .flatMap(address => judge(service, address, asked, before))
    }
    if (inputs.isProcess(entry.by)) return old ? judgeAs(old) : []
    const sent = state.maybeSentFor(entry) as unknown as KubeService[]
    if (sent.length === 0 || sent.some(asking => !holdsOurs(asking, service))) return []
    const faults = sent.map(judgeAs)
    return faults.some(({ length }) => length === 0) ? [] : faults.flat()
  }

  function toAnnotated({ metadata: { annotations = {} } }: KubeService): string[] {
    const key = keys.find(name => annotations[name] !== undefined) ?? ''
    return toList(annotations[key] ?? '').filter(address => address !== NEVER)
  }

  return {
    check: entry => (entry.kind === 'stored' && entry.resource === 'services' ? check(entry) : []),
  }
}

const toField = ({ spec }: KubeService): string[] => toList(spec?.loadBalancerIP ?? '')

/** What somebody has been given is no wish, whoever wrote it there. */
const toAssigned = (service: KubeService | undefined): string[] =>
  assignedTo(service).flatMap(text => parseAddress(text)?.text ?? [])

/** The field wins over the annotation for its family. */
function judge(
  service: KubeService,
  given: string,
  asked: readonly string[],
  before: readonly string[],
): Fault[] {
  const wanted = asked.find(address => familyOf(address) === familyOf(given))
  if (wanted === undefined || wanted === given || before.includes(wanted)) return []
  const what = `it asks for ${wanted}, and is given ${given}`
  return [{ invariant: '1h', object: `services ${nameOf(service)}`, what }]
}
