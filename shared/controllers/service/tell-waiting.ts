import type { SupplyProgress } from '../../cloud-provider/load-balancer.ts'
import { CcmError } from '../../errors.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import type { WorkCall } from '../contract.ts'
import type { ServiceContext } from './context.ts'
import { type ServiceEvent, syncFailedEvent } from './events.ts'
import { tellService } from './tell.ts'

type Teller = Pick<ServiceContext, 'kube' | 'clock' | 'log'>

/** The cloud's own answer, on a Service that it keeps waiting. */
export async function tellProgress(
  context: Teller,
  service: KubeService | undefined,
  progress: SupplyProgress,
  call: WorkCall,
): Promise<void> {
  if (service) await tellService(context, service, toEvents(progress), call)
}

/** What the user of a waiting Service should know; nothing of what only takes its time. */
function toEvents({ state, code, message, did, why }: SupplyProgress): ServiceEvent[] {
  const repairs = did.filter(change => change.do === 'repair')
  return [
    ...repairs.map(repair => syncFailedEvent({ code: 'CCM_BLOCK_FAILED', message: repair.why })),
    ...((state === 'refused' || state === 'waiting') && code
      ? [syncFailedEvent({ code, message: message ?? why })]
      : []),
  ]
}

/** Why the cloud could not even be asked, on a Service that waits for it. */
export async function tellFailure(
  context: Teller,
  service: KubeService | undefined,
  error: unknown,
  call: WorkCall,
): Promise<void> {
  if (!service || !(error instanceof CcmError) || error.code.startsWith('KUBE_')) return
  // The message of the moment would make every event a new one.
  const { code, action } = error
  await tellService(context, service, [syncFailedEvent({ code, message: action })], call)
}
