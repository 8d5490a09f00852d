import type { Announcer, PoolEntry, PoolKind } from '../../announcers/contract.ts'
import { CcmError, hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { listAll } from '../../kubernetes/lists.ts'
import {
  POOL_LABELS,
  type PoolAction,
  type PoolCollection,
  type PoolProblem,
  planPools,
  type StoredPool,
} from './pool-plan.ts'

/** A change that was made or, in a dry run, would be. */
export interface PoolChange {
  readonly action: PoolAction['do']
  readonly name: string
  /** The spec that is written; empty for a deletion. */
  readonly detail: Readonly<Record<string, unknown>>
  readonly why: string
}

export interface PoolReport {
  readonly changes: readonly PoolChange[]
  /** Names of CustomResourceDefinitions that are needed and not there; each is also a problem. */
  readonly missing: readonly string[]
  readonly problems: readonly PoolProblem[]
}

export interface PoolOptions {
  readonly signal?: AbortSignal | undefined
  /** Plan only: nothing is written. */
  readonly dryRun?: boolean
}

/** Every round that fails was one in which another handler wrote; a burst of Services ends. */
const ROUNDS = 10

/**
 * Brings the announcer's pool objects to the claims, whoever else does so at the same time.
 *
 * Objects are read before the claims and written only as they were read, so that an older set of claims never
 * replaces a newer pool. Another handler may still have looked at a pool before our write, and found it right: after a
 * write everything is read once more, until a round finds nothing to do.
 *
 * @param readEntries reads the claims consistently, each time anew
 * @throws CcmError KUBE_* when it could not be found out what there is; KUBE_CONFLICT when others kept writing
 */
export async function applyPools(
  kube: Kube,
  announcer: Announcer,
  readEntries: () => Promise<readonly PoolEntry[]>,
  { signal, dryRun = false }: PoolOptions = {},
): Promise<PoolReport> {
  const changes: PoolChange[] = []
  if (announcer.poolKinds.length === 0) return { changes, missing: [], problems: [] }
  for (let round = 1; round <= ROUNDS; round++) {
    const collections = await readCollections(kube, announcer.poolKinds, signal)
    const plan = planPools(collections, announcer.toPools(await readEntries()))
    if (dryRun) return { ...plan, changes: plan.actions.map(toChange) }
    const outcomes = await carryOut(kube, plan.actions, signal)
    changes.push(...outcomes.filter(({ state }) => state === 'done').map(({ action }) => toChange(action)))
    if (outcomes.every(({ problem }) => problem !== undefined)) {
      const problems = [...plan.problems, ...outcomes.flatMap(({ problem }) => problem ?? [])]
      return { changes, missing: plan.missing, problems }
    }
  }
  throw new CcmError(
    'KUBE_CONFLICT',
    `pools of ${announcer.name} were changed by others ${ROUNDS} times in a row`,
  )
}

async function readCollections(
  kube: Kube,
  kinds: readonly PoolKind[],
  signal: AbortSignal | undefined,
): Promise<PoolCollection[]> {
  const collections: PoolCollection[] = []
  for (const kind of kinds) {
    const newest = await readPools(kube, kind, signal)
    const found = newest ?? (kind.fallback && (await readPools(kube, kind.fallback, signal)))
    collections.push({ kind, served: found?.served, pools: found?.pools ?? [] })
  }
  return collections
}

/** Undefined where the cluster does not serve the kind. */
async function readPools(
  kube: Kube,
  kind: PoolKind,
  signal: AbortSignal | undefined,
): Promise<{ served: PoolKind; pools: StoredPool[] } | undefined> {
  try {
    const pools = await listAll<StoredPool, StoredPool>(kube, { path: kind.path, keep: pool => pool, signal })
    return { served: kind, pools }
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}

interface Outcome {
  readonly action: PoolAction
  /** `stale`: the object is no longer what was read. */
  readonly state: 'done' | 'stale' | 'refused'
  readonly problem?: PoolProblem
}

async function carryOut(
  kube: Kube,
  actions: readonly PoolAction[],
  signal: AbortSignal | undefined,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const action of actions) {
    try {
      await send(kube, action, signal)
      outcomes.push({ action, state: 'done' })
    } catch (error) {
      outcomes.push(toOutcome(action, error))
    }
  }
  return outcomes
}

/** @throws what is no matter of this object alone */
function toOutcome(action: PoolAction, error: unknown): Outcome {
  const { name } = action
  if (hasCode(error, 'KUBE_CONFLICT', 'KUBE_ALREADY_EXISTS')) return { action, state: 'stale' }
  if (hasCode(error, 'KUBE_NOT_FOUND')) {
    if (action.do !== 'create') return { action, state: 'stale' }
    const problem: PoolProblem = { name, code: 'CCM_ANNOUNCER_MISSING', message: error.message }
    return { action, state: 'refused', problem }
  }
  // An admission webhook of the announcer refuses with either.
  if (!hasCode(error, 'KUBE_INVALID', 'KUBE_FORBIDDEN')) throw error
  return { action, state: 'refused', problem: { name, code: error.code, message: error.message } }
}

async function send(kube: Kube, action: PoolAction, signal: AbortSignal | undefined): Promise<void> {
  const { kind, name } = action
  const path = `${kind.path}/${encodeURIComponent(name)}`
  switch (action.do) {
    case 'create': {
      const body = toBody(kind, { metadata: { name, labels: POOL_LABELS }, spec: action.spec })
      await kube.request({ method: 'POST', path: kind.path, body, signal })
      return
    }
    case 'update': {
      const { stored } = action
      const metadata = { ...stored.metadata, labels: { ...stored.metadata.labels, ...POOL_LABELS } }
      const body = toBody(kind, { ...stored, metadata, spec: { ...stored.spec, ...action.spec } })
      await kube.request({ method: 'PUT', path, body, signal })
      return
    }
    case 'delete': {
      const { uid, resourceVersion } = action.stored.metadata
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } }
      await kube.request({ method: 'DELETE', path, body, signal })
    }
  }
}

/** The rest of the object goes back as it came, its resourceVersion as a precondition. */
const toBody = ({ apiVersion, kind }: PoolKind, pool: StoredPool): unknown => ({ ...pool, apiVersion, kind })

const toChange = (action: PoolAction): PoolChange => ({
  action: action.do,
  name: action.name,
  detail: action.do === 'delete' ? {} : action.spec,
  why: action.why,
})
