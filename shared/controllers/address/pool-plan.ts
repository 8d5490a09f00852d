import { isDeepStrictEqual } from 'node:util'
import type { PoolKind, PoolObject } from '../../announcers/contract.ts'
import type { ErrorCode } from '../../errors.ts'
import { MANAGED_LABEL, toOwnLabels } from '../../kubernetes/labels.ts'
import { NAME } from '../../kubernetes/names.ts'
import type { ObjectMeta } from '../../kubernetes/types.ts'

export const POOL_LABELS = toOwnLabels('address-pool')

/** A pool object as the API server has it. */
export interface StoredPool {
  readonly metadata: ObjectMeta
  readonly spec?: Readonly<Record<string, unknown>>
}

/** All objects of one kind. */
export interface PoolCollection {
  /** As the announcer names it. */
  readonly kind: PoolKind
  /** The version that the cluster serves; undefined where it has none. */
  readonly served: PoolKind | undefined
  readonly pools: readonly StoredPool[]
}

export type PoolAction = {
  readonly kind: PoolKind
  readonly name: string
  readonly why: string
} & (
  | { readonly do: 'create'; readonly spec: PoolObject['spec'] }
  | { readonly do: 'update'; readonly stored: StoredPool; readonly spec: PoolObject['spec'] }
  | { readonly do: 'delete'; readonly stored: StoredPool }
)

/** Something that needs a person; the other pools were worked on all the same. */
export interface PoolProblem {
  readonly name: string
  readonly code: ErrorCode
  readonly message: string
}

export interface PoolPlan {
  readonly actions: readonly PoolAction[]
  /** Names of CustomResourceDefinitions that are needed and not there. */
  readonly missing: readonly string[]
  readonly problems: readonly PoolProblem[]
}

/** What brings the stored objects to the wanted ones; those without our label are never touched. */
export function planPools(collections: readonly PoolCollection[], wanted: readonly PoolObject[]): PoolPlan {
  const plans = collections.map(collection =>
    planCollection(
      collection,
      wanted.filter(({ kind }) => kind.crd === collection.kind.crd),
    ),
  )
  return {
    actions: plans.flatMap(({ actions }) => actions),
    missing: plans.flatMap(({ missing }) => missing),
    problems: plans.flatMap(({ problems }) => problems),
  }
}

function planCollection({ kind, served, pools }: PoolCollection, wanted: readonly PoolObject[]): PoolPlan {
  if (!served) return wanted.length > 0 ? planMissing(kind) : { actions: [], missing: [], problems: [] }
  const stored = new Map(pools.map(pool => [pool.metadata.name, pool]))
  const names = new Set(wanted.map(({ name }) => name))
  const foreign = wanted.filter(({ name }) => {
    const pool = stored.get(name)
    return pool !== undefined && !isOurs(pool)
  })
  const kept = wanted.filter(pool => !foreign.includes(pool))
  const unused = pools.filter(
    pool => isOurs(pool) && !names.has(pool.metadata.name) && !pool.metadata.deletionTimestamp,
  )
  return {
    actions: [
      ...kept.flatMap(pool => planPool(served, pool, stored.get(pool.name))),
      ...unused.map(pool => toDeletion(served, pool)),
    ],
    missing: [],
    problems: foreign.map(({ name }) => toForeign(kind, name)),
  }
}

function planPool(kind: PoolKind, { name, spec }: PoolObject, stored: StoredPool | undefined): PoolAction[] {
  if (!stored) return [{ do: 'create', kind, name, spec, why: 'claimed addresses are in no pool' }]
  const different = Object.keys(spec).filter(field => !holds(stored.spec?.[field], spec[field]))
  if (different.length === 0) return []
  return [{ do: 'update', kind, name, stored, spec, why: `spec.${different.join(', spec.')} differs` }]
}

const toDeletion = (kind: PoolKind, stored: StoredPool): PoolAction => ({
  do: 'delete',
  kind,
  name: stored.metadata.name,
  stored,
  why: 'no claimed address needs it',
})

const isOurs = (pool: StoredPool): boolean => pool.metadata.labels?.[MANAGED_LABEL] === NAME

/** Whether `stored` has all that `wanted` says; fields beside it are defaults or an operator's. */
function holds(stored: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(stored) &&
      stored.length === wanted.length &&
      wanted.every((entry, index) => holds(stored[index], entry))
    )
  }
  if (!isRecord(wanted)) return isDeepStrictEqual(stored, wanted)
  return isRecord(stored) && Object.entries(wanted).every(([key, value]) => holds(stored[key], value))
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const planMissing = ({ crd }: PoolKind): PoolPlan => ({
  actions: [],
  missing: [crd],
  problems: [
    {
      name: crd,
      code: 'CCM_ANNOUNCER_MISSING',
      message: `the cluster has no CustomResourceDefinition ${crd}`,
    },
  ],
})

const toForeign = ({ kind }: PoolKind, name: string): PoolProblem => ({
  name,
  code: 'CCM_POOL_FOREIGN',
  message: `${kind} ${name} is not ours: it lacks the label ${MANAGED_LABEL}=${NAME}`,
})
