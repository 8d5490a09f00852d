import type { PoolEntry } from '../../announcers/contract.ts'
import { readBook } from '../address/book.ts'
import type { AddressBook } from '../address/contract.ts'
import { applyPools } from '../address/pools.ts'
import type { Problem } from '../address/problem.ts'
import type { PlannedChange, WorkCall } from '../contract.ts'
import type { ServiceContext } from './context.ts'

/** What came of the announcer's pools. */
export interface PoolsRefreshed {
  readonly changes: readonly PlannedChange[]
  /** Things that need a person, such as a CustomResourceDefinition that the cluster lacks. */
  readonly problems: readonly Problem[]
}

/** Brings the announcer's pool objects to the claims as they are now. @throws CcmError KUBE_* */
export async function refreshPools(
  { kube, announcer }: Pick<ServiceContext, 'kube' | 'announcer'>,
  { signal, dryRun = false }: Pick<WorkCall, 'signal'> & { readonly dryRun?: boolean | undefined },
): Promise<PoolsRefreshed> {
  if (!announcer) return { changes: [], problems: [] }
  const readEntries = async () => toPoolEntries(await readBook(kube, signal))
  const { changes, problems } = await applyPools(kube, announcer, readEntries, { signal, dryRun })
  return {
    changes: changes.map(change => ({ kind: 'Pool', ...change })),
    problems: problems.map(({ code, message }) => ({ code, message })),
  }
}

/** Addresses that Services have, or are about to have. */
export const toPoolEntries = ({ claims }: AddressBook): PoolEntry[] =>
  claims
    .filter(({ state }) => state === 'active' || state === 'unconfirmed')
    .map(({ address, family, service }) => ({ address, family, service }))
