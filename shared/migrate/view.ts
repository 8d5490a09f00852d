import type { Announcer } from '../announcers/contract.ts'
import type { Instance, ToOwner } from '../cloud-provider/contract.ts'
import type { AddressBlock } from '../cloud-provider/load-balancer.ts'
import type { AddressBook } from '../controllers/address/contract.ts'
import { findLeader } from '../doctor/checks/cluster.ts'
import type { Facts } from '../doctor/facts.ts'
import { findManagers, isGoProgram, isHost } from '../doctor/managers.ts'
import type { KubeNode, KubeService } from '../kubernetes/types.ts'
import type { LeftSecret } from './secret.ts'

/** Everything that a plan is made of, read at one time. */
export interface MigrateView {
  readonly nodes: readonly KubeNode[]
  /** Of type LoadBalancer, or with a finalizer. */
  readonly services: readonly KubeService[]
  readonly instances: readonly Instance[]
  /** Undefined where no public network is set. */
  readonly blocks: readonly AddressBlock[] | undefined
  readonly book: AddressBook
  readonly announcer: Announcer | undefined
  readonly classes: readonly string[]
  readonly providerIDOwner: ToOwner
  /** The Go program where it runs, or somebody who leads by its Lease. */
  readonly managers: readonly string[]
  /** What of this program runs in the cluster, by its name there. */
  readonly hosts: readonly string[]
  readonly secret: LeftSecret | undefined
  /** Wrong settings. */
  readonly problems: readonly string[]
  /** True where our webhook is registered. */
  readonly hasWebhook: boolean
  /** How old the last complete pass of ours is, in milliseconds; undefined where there was none. */
  readonly passAgeMs: number | undefined
  /** PNAP_RESYNC_INTERVAL. */
  readonly intervalMs: number
}

/** @throws CcmError KUBE_*, BMC_*: a plan made of half of it would be wrong */
export async function readView(facts: Facts, secret: LeftSecret | undefined): Promise<MigrateView> {
  const config = facts.config()
  const workloads = await facts.workloads()
  const { running } = findManagers(workloads, isGoProgram)
  const leader = await findLeader(facts.kube(), facts.signal)
  const { renewedAt, now } = await facts.lease()
  return {
    nodes: await facts.nodes(),
    services: await facts.services(),
    instances: await facts.instances(),
    blocks: (await facts.supply())?.blocks,
    book: await facts.book(),
    announcer: facts.announcer(),
    classes: config.loadBalancerClasses,
    providerIDOwner: facts.cloud().providerIDOwner,
    managers: leader === undefined ? running : [...running, `${leader} (Lease cloud-controller-manager)`],
    hosts: findManagers(workloads, isHost).running,
    secret,
    problems: facts.problems,
    hasWebhook: (await facts.webhooks()) !== undefined,
    passAgeMs: renewedAt === undefined ? undefined : now - renewedAt,
    intervalMs: config.resyncInterval,
  }
}
