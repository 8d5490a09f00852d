import type { CloudCall } from '../cloud-provider/contract.ts'
import type { Leftovers } from '../cloud-provider/leftovers.ts'
import { toKey } from '../doctor/checks/services.ts'
import { hasCode } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import type { MergePatch } from '../kubernetes/nodes.ts'
import { patchService } from '../kubernetes/services.ts'
import { type BackPlan, toPatch } from './back.ts'
import type { MigrateView } from './view.ts'

export interface CarryOutParts {
  readonly kube: Kube
  readonly leftovers: Leftovers
  readonly clusterName: string
  readonly call: CloudCall
}

/** What was written, and what could not be; one that fails stops no other. */
export interface CarriedOut {
  readonly done: readonly string[]
  readonly failures: readonly string[]
}

/** Hands the Services over, then marks what nobody uses. Broken off or run again, it goes on where it was. */
export async function carryOutBack(
  plan: BackPlan,
  view: Pick<MigrateView, 'announcer'>,
  { kube, leftovers, clusterName, call }: CarryOutParts,
): Promise<CarriedOut> {
  const done: string[] = []
  const failures: string[] = []

  async function attempt(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
      done.push(what)
    } catch (error) {
      if (!hasCode(error)) throw error
      failures.push(`${what}: ${error.code}: ${error.message}`)
    }
  }

  for (const handOver of plan.handOvers) {
    const { service } = handOver
    const patch = toPatch(handOver, view) as MergePatch
    await attempt(`hand over Service ${toKey(service)}`, () =>
      patchService(kube, service, patch, { signal: call.signal }),
    )
  }
  for (const { id } of plan.unused) {
    await attempt(`mark IPBlock ${id}`, () => leftovers.mark(clusterName, id, call))
  }
  return { done, failures }
}
