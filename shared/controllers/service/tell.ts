import { recordEvent } from '../../kubernetes/events.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import type { WorkCall } from '../contract.ts'
import type { ServiceContext } from './context.ts'
import type { ServiceEvent } from './events.ts'

/** Writes what a user should read about the Service; each text once. One that cannot be written is logged and forgotten. */
export async function tellService(
  { kube, clock, log }: Pick<ServiceContext, 'kube' | 'clock' | 'log'>,
  { metadata }: KubeService,
  events: readonly ServiceEvent[],
  { signal }: Pick<WorkCall, 'signal'>,
): Promise<void> {
  const { name, namespace = '', uid } = metadata
  const subject = { apiVersion: 'v1', kind: 'Service', name, namespace, uid }
  for (const event of events) {
    try {
      await recordEvent(kube, subject, event, clock.now(), signal)
    } catch (error) {
      log.warn({ service: `${namespace}/${name}`, reason: event.reason, error }, 'event not written')
    }
  }
}
