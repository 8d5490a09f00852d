import type { Action } from './action.ts'
import { ANNOUNCER_ACTIONS } from './announcer-actions.ts'
import { ASKING_TWICE_ACTIONS } from './asking-twice-actions.ts'
import { BAD_OBJECT_ACTIONS } from './bad-object-actions.ts'
import { CLOUD_ACTIONS } from './cloud-actions.ts'
import { FAULT_ACTIONS } from './fault-actions.ts'
import { FINALIZER_ACTIONS } from './finalizer-actions.ts'
import { HAND_ACTIONS } from './hand-actions.ts'
import { MANIFEST_ACTIONS } from './manifest-actions.ts'
import { NODE_ACTIONS } from './node-actions.ts'
import { ODD_NODE_ACTIONS } from './odd-node-actions.ts'
import { OPERATOR_ACTIONS } from './operator-actions.ts'
import { PROCESS_ACTIONS } from './process-actions.ts'
import { SERVICE_ACTIONS } from './service-actions.ts'

/** What happens while things go wrong: rows of the coverage. */
export const DEEDS: readonly Action[] = [
  ...SERVICE_ACTIONS,
  ...ASKING_TWICE_ACTIONS,
  ...FINALIZER_ACTIONS,
  ...MANIFEST_ACTIONS,
  ...ANNOUNCER_ACTIONS,
  ...NODE_ACTIONS,
  ...ODD_NODE_ACTIONS,
  ...CLOUD_ACTIONS,
  ...BAD_OBJECT_ACTIONS,
  ...PROCESS_ACTIONS,
  ...OPERATOR_ACTIONS,
  ...HAND_ACTIONS,
]

export const ACTIONS: readonly Action[] = [...DEEDS, ...FAULT_ACTIONS]
