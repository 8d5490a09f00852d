import type { ServiceRef } from '../../cloud-provider/load-balancer.ts'
import { listServices } from '../../kubernetes/services.ts'
import type { ReconcileKey, WorkCall } from '../contract.ts'
import type { ServiceContext } from './context.ts'
import { isOfInterest } from './observe.ts'

export type ServiceKey = ReconcileKey & ServiceRef

/** A Service whose name the API server makes is stored by then, or comes with audit or the next pass. */
const MADE_NAME_MS = 1000

/** Keys of single Services: for a whole namespace, or for all, the Services that are there are looked up. */
export async function toServiceKeys(
  { kube, clock }: Pick<ServiceContext, 'kube' | 'clock'>,
  keys: readonly ReconcileKey[],
  { signal }: Pick<WorkCall, 'signal'>,
): Promise<readonly ServiceKey[]> {
  const found = new Map<string, ServiceKey>()
  if (keys.some(key => !isSingle(key) && key.seen !== undefined)) await clock.sleep(MADE_NAME_MS, signal)
  for (const key of keys) {
    for (const single of isSingle(key) ? [key] : await lookUp(kube, key, signal))
      found.set(`${single.namespace}/${single.name}`, single)
  }
  return [...found.values()]
}

const isSingle = (key: ReconcileKey): key is ServiceKey =>
  key.namespace !== undefined && key.name !== undefined

async function lookUp(
  kube: ServiceContext['kube'],
  { kind, namespace }: ReconcileKey,
  signal?: AbortSignal,
): Promise<readonly ServiceKey[]> {
  const services = await listServices(kube, isOfInterest, { namespace, signal })
  return services.map(({ metadata }) => ({ kind, namespace: metadata.namespace ?? '', name: metadata.name }))
}
