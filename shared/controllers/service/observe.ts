import { ASSIGNED_IPS, FINALIZER, WAITING } from '../../kubernetes/names.ts'
import { listServices } from '../../kubernetes/services.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { readBook } from '../address/book.ts'
import type { AddressBook } from '../address/contract.ts'
import type { WorkCall } from '../contract.ts'
import type { ServiceContext } from './context.ts'

/** The cluster's side of all load balancers at one moment. */
export interface ObservedServices {
  readonly book: AddressBook
  /** Those that are served, want to be, or bear marks of ours. */
  readonly services: readonly KubeService[]
}

/**
 * Reads claims first and Services afterwards: a claim whose Service is not among them has lost it, whereas a Service that
 * came in between only seems to have no claim yet, which is found out when it is worked on.
 *
 * @throws CcmError KUBE_*
 */
export async function observeServices(
  { kube }: Pick<ServiceContext, 'kube'>,
  call: Pick<WorkCall, 'signal'>,
): Promise<ObservedServices> {
  const book = await readBook(kube, call.signal)
  const services = await listServices(kube, isOfInterest, { signal: call.signal })
  return { book, services }
}

/** True for a Service that any decision may come out of. */
export function isOfInterest({ metadata, spec }: KubeService): boolean {
  const { annotations, finalizers } = metadata
  return (
    spec?.type === 'LoadBalancer' ||
    finalizers?.includes(FINALIZER) === true ||
    annotations?.[ASSIGNED_IPS] !== undefined ||
    annotations?.[WAITING] !== undefined
  )
}
