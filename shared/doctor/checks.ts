import { ANNOUNCER_CHECKS } from './checks/announcer.ts'
import { CLOUD_CHECKS } from './checks/cloud.ts'
import { CLUSTER_CHECKS } from './checks/cluster.ts'
import { HOST_CHECKS } from './checks/host.ts'
import { NODE_CHECKS } from './checks/nodes.ts'
import { PASS_CHECKS } from './checks/passes.ts'
import { SERVICE_CHECKS } from './checks/services.ts'
import { WEBHOOK_CHECKS } from './checks/webhook.ts'
import type { Check } from './contract.ts'

/** Every check, in the order in which they are told: what others depend on comes first. */
export const CHECKS: readonly Check[] = [
  ...HOST_CHECKS,
  ...CLOUD_CHECKS,
  ...CLUSTER_CHECKS,
  ...PASS_CHECKS,
  ...WEBHOOK_CHECKS,
  ...NODE_CHECKS,
  ...SERVICE_CHECKS,
  ...ANNOUNCER_CHECKS,
]
