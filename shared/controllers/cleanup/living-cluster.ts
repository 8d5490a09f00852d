import type { Clock } from '../../clock.ts'
import { CcmError, hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { readClusterName } from '../../kubernetes/cluster-name.ts'
import type { ClusterFinding } from './contract.ts'

/** A packet that is lost must not read as a cluster that is gone. */
const ATTEMPTS = 3
const PAUSE_MS = 1_000
/** Nobody was there to answer. A certificate that is not trusted is an answer: somebody lives at that address. */
const SILENT: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

/**
 * A look at whether a cluster is alive whose blocks are about to be given back. The first look is a patient one; while
 * the work goes on, one more answer that does not come changes nothing.
 *
 * @param uid what the UID of its namespace kube-system is or was
 * @returns a function that throws CcmError CCM_CLUSTER_ALIVE when it is, or when it answers and does not tell who it is
 */
export function createClusterLook(
  kube: Kube,
  uid: string,
  clock: Clock,
): (signal?: AbortSignal) => Promise<ClusterFinding> {
  let attempts = ATTEMPTS
  return async signal => {
    for (let attempt = 1; ; attempt += 1) {
      const found = await readUid(kube, signal)
      if (found.uid === uid) throw toAlive(kube, uid)
      if (found.uid !== undefined) {
        return { state: 'other', why: `the cluster at ${kube.server} is another one (${found.uid})` }
      }
      if (attempt >= attempts) {
        attempts = 1
        return { state: 'unreachable', why: found.why }
      }
      // Told to end, the next request says so.
      await clock.sleep(PAUSE_MS, signal).catch(() => undefined)
    }
  }
}

type Reading = { readonly uid: string } | { readonly uid: undefined; readonly why: string }

async function readUid(kube: Kube, signal: AbortSignal | undefined): Promise<Reading> {
  try {
    return { uid: await readClusterName(kube, signal) }
  } catch (error) {
    // A request that was given up tells nothing of the cluster.
    if (signal?.aborted || !hasCode(error)) throw error
    if (isSilent(error)) return { uid: undefined, why: error.message }
    throw toUnclear(kube, error)
  }
}

function isSilent(error: CcmError): boolean {
  if (error.code === 'KUBE_TIMEOUT') return error.fields['status'] === undefined
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return error.code === 'KUBE_UNREACHABLE' && SILENT.has(code)
}

const toAlive = ({ server }: Kube, uid: string): CcmError =>
  new CcmError(
    'CCM_CLUSTER_ALIVE',
    `cluster ${uid} is alive at ${server}: its IP blocks are not given back from here`,
  )

const toUnclear = ({ server }: Kube, cause: CcmError): CcmError =>
  new CcmError(
    'CCM_CLUSTER_ALIVE',
    `a cluster answers at ${server}, and whether it is the one whose IP blocks are to be given back cannot be found out: ${cause.message}`,
    { cause },
  )
