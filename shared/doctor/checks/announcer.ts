import type { Announcer } from '../../announcers/contract.ts'
import { hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { findAdvertisements, findPool, toRunning } from '../announcer-facts.ts'
import { type Check, fail, ok, toNames, unknown, warn } from '../contract.ts'
import { runningImage, toTitle, withoutOwnPods } from '../workloads.ts'

const DISABLED = 'load balancers are disabled (PNAP_LOAD_BALANCER is empty)'
const NOTHING = 'direct: nothing in the cluster announces addresses, your own routing does'
const RIVAL = /kube-vip-cloud-provider/

export const ANNOUNCER_CHECKS: readonly Check[] = [
  {
    code: 'announcer-running',
    doc: 'The announcer that PNAP_LOAD_BALANCER names runs in the cluster.',
    action:
      'Install the announcer, or name another one in PNAP_LOAD_BALANCER. See docs/guides/load-balancers.md.',
    async run({ announcer, workloads }) {
      const found = announcer()
      if (!found) return ok(DISABLED)
      const all = await workloads()
      const rivals = withoutOwnPods(runningImage(all, RIVAL))
      if (rivals.length > 0)
        return fail(`${toNames(rivals.map(toTitle))} gives addresses to Services as well`, STOP)
      if (found.name === 'direct') return ok(NOTHING)
      const { running, missing, notes } = toRunning(found.name, all)
      if (missing.length > 0) return fail(`${found.name}: ${missing.join(' and ')} does not run`)
      return notes.length > 0 ? warn(notes.join('; ')) : ok(`${found.name} runs: ${toNames(running)}`)
    },
  },
  {
    code: 'announcer-pool',
    doc: 'The cluster serves the kind of pool that the announcer reads, and ours is there once a Service has an address.',
    action: 'Install the CustomResourceDefinitions of the announcer; the next pass writes the pool.',
    async run({ announcer, kube, book, signal }) {
      const found = announcer()
      if (!found) return ok(DISABLED)
      const [kind] = found.poolKinds
      if (!kind) return ok(`${found.name} needs no pool`)
      const pools = await listPools(kube(), found, signal)
      if (!pools) return fail(`the cluster serves no ${kind.crd}`)
      const { claims } = await book()
      const used = claims.filter(({ state }) => state === 'active')
      const ours = pools.filter(findPool)
      if (used.length > 0 && ours.length === 0)
        return fail(`no ${kind.kind} of ours, and ${used.length} addresses are in use`)
      return ok(ours.length === 0 ? `no ${kind.kind} is needed yet` : `${ours.length} ${kind.kind} of ours`)
    },
  },
  {
    code: 'announcer-advertises',
    doc: 'An advertisement or policy of the announcer selects our addresses: without one nobody announces them.',
    action:
      'Create the L2Advertisement or BGPAdvertisement (MetalLB), or the CiliumL2AnnouncementPolicy or CiliumBGPAdvertisement (Cilium), of docs/guides/load-balancers.md.',
    async run({ announcer, kube, config, signal }) {
      const found = announcer()
      if (!found) return ok(DISABLED)
      const { metallbNamespace } = config()
      const search = await findAdvertisements(found.name, kube(), metallbNamespace, signal)
      if (!search) return ok(`${found.name} needs no advertisement`)
      if (search.served.length === 0) return unknown(`the cluster serves no ${search.asked.join(' and no ')}`)
      if (search.selecting.length > 0) return ok(`selected by ${toNames(search.selecting)}`)
      return fail(`${search.others} advertisements, and none selects our addresses`)
    },
  },
]

const STOP = 'Stop it: two programs that give addresses give the same one twice, or one that is not ours.'

interface Pool {
  readonly metadata: { readonly name: string }
}

/** All pools of the announcer's kind, in the version that the cluster serves; undefined where it serves none. */
async function listPools(
  kube: Kube,
  { poolKinds }: Announcer,
  signal: AbortSignal,
): Promise<readonly Pool[] | undefined> {
  for (let kind = poolKinds[0]; kind; kind = kind.fallback) {
    try {
      const { body } = await kube.request<{ readonly items?: readonly Pool[] }>({ path: kind.path, signal })
      return body.items ?? []
    } catch (error) {
      if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
    }
  }
  return undefined
}
