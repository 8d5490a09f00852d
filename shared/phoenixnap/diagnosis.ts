import type { Bmc } from '../bmc/client.ts'
import type { Diagnosis } from '../cloud-provider/diagnosis.ts'
import { CLUSTER_TAG, DELETE_TAG, NAME_TAG, NAMESPACE_TAG, PURCHASE_TAG, USAGE_TAG } from './block-tags.ts'
import { PUBLIC_ADDRESSES } from './quota.ts'

/** Every name that a tag of a block of ours may have, the further pieces of long values aside. */
const TAG_NAMES = [USAGE_TAG, CLUSTER_TAG, NAMESPACE_TAG, NAME_TAG, DELETE_TAG, PURCHASE_TAG] as const

/** What BMC says of credentials, quota and tags; reads only. */
export function newDiagnosis(bmc: Bmc): Diagnosis {
  return {
    neededScopes: { nodes: ['bmc.read'], loadBalancers: ['bmc', 'tags'] },
    // A scope to write is one to read as well.
    covers: (scopes, needed) => scopes.some(scope => scope === needed || `${scope}.read` === needed),
    async askForCredentials(call) {
      const { lifeMs, scopes, date } = await bmc.lookAtToken(call)
      return { tokenLifeMs: lifeMs, scopes, date }
    },
    async readAddressQuota(call) {
      const quotas = await bmc.listQuotas(call)
      const quota = quotas.find(({ id }) => id === PUBLIC_ADDRESSES)
      return quota && { name: quota.id, used: quota.used, limit: quota.limit }
    },
    async listMissingTags(call) {
      const names = new Set((await bmc.listTags({}, call)).map(({ name }) => name))
      return TAG_NAMES.filter(name => !names.has(name))
    },
  }
}
