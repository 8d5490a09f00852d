import type { App } from '../shared/compose.ts'
import type { WorkCall } from '../shared/controllers/contract.ts'
import type { SpanAttributes, Tracing } from '../shared/span.ts'
import type { GoProgramStatus, Status } from '../shared/status/contract.ts'
import { findGoProgram } from '../shared/status/go-program.ts'
import { toStatus } from '../shared/status/status.ts'
import { inUnit, newOrigin } from '../shared/trace.ts'
import { readVersion } from '../shared/version.ts'

/** What a look needs of the composed program. */
export type LookingApp = Pick<App, 'cloud' | 'config' | 'kube'> & {
  readonly controllers: Pick<App['controllers'], 'survey'>
}

export type FindGoProgram = (kube: App['kube'], signal?: AbortSignal) => Promise<GoProgramStatus>

/** A look as a unit of its own, which lines of the log and spans tell of. */
export const inLook = (tracing: Tracing | undefined, look: () => Promise<Status>): Promise<Status> =>
  inUnit({ origin: newOrigin(), name: 'status', tracing, describe: describeStatus }, look)

const describeStatus = ({ verdict }: Status): { readonly attributes: SpanAttributes } => ({
  attributes: { 'phoenixnap.verdict': verdict },
})

/**
 * Looks at both sides, as one pass does, and changes nothing.
 *
 * @throws CcmError KUBE_* when the cluster cannot be read
 */
export async function lookAtStatus(
  { cloud, config, controllers, kube }: LookingApp,
  call: WorkCall,
  find: FindGoProgram = findGoProgram,
): Promise<Status> {
  const [survey, goProgram, version] = await Promise.all([
    controllers.survey(call),
    find(kube, call.signal),
    readVersion(),
  ])
  return toStatus({ survey, cloud, goProgram, version, resyncIntervalMs: config.resyncInterval })
}
