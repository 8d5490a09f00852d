import { findManagers, isGoProgram } from '../doctor/managers.ts'
import { listMakers } from '../doctor/workloads.ts'
import { CcmError } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import type { GoProgramStatus } from './contract.ts'

/** Looks for the Go program among what makes Pods; `doctor` looks at Pods as well. Never throws. */
export async function findGoProgram(kube: Kube, signal?: AbortSignal): Promise<GoProgramStatus> {
  try {
    const { running } = findManagers(await listMakers(kube, signal), isGoProgram)
    return running.length > 0
      ? { state: 'running', what: `the Go program still runs: ${running.join(', ')}` }
      : { state: 'absent', what: 'no Deployment, DaemonSet or StatefulSet runs it' }
  } catch (error) {
    return { state: 'unknown', what: toReason(error) }
  }
}

function toReason(error: unknown): string {
  if (!(error instanceof CcmError)) return 'an unforeseen failure'
  return error.code === 'KUBE_FORBIDDEN'
    ? 'the rights of this program do not suffice: run doctor as an administrator to find out'
    : `${error.code}: ${error.message}`
}
