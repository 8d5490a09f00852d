import type { Runnable } from '../run.ts'
import { ADDRESS_TARGETS } from './addresses.ts'
import { BMC_TARGETS } from './bmc.ts'
import { KUBERNETES_TARGETS } from './kubernetes.ts'
import { REGISTER_TARGETS } from './register.ts'
import { SETTING_TARGETS } from './settings.ts'
import { WEBHOOK_TARGETS } from './webhooks.ts'

/** Every parser, by area. */
export const TARGETS: readonly Runnable[] = [
  ...WEBHOOK_TARGETS,
  ...BMC_TARGETS,
  ...KUBERNETES_TARGETS,
  ...ADDRESS_TARGETS,
  ...SETTING_TARGETS,
  ...REGISTER_TARGETS,
]
