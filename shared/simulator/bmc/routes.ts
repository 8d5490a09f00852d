import type { Route } from './api.ts'
import type { FaultInjector } from './faults.ts'
import { quotaRoutes } from './quotas.ts'
import { serverActionRoutes } from './server-actions.ts'
import { serverRoutes } from './servers.ts'
import { tagRoutes } from './tags.ts'

/** Every operation of the API, the token endpoint aside. @param cut see Faults.cutServerList */
export const allRoutes = (cut: FaultInjector['cut']): readonly Route[] => [
  ...serverRoutes(cut),
  ...serverActionRoutes,
  ...quotaRoutes,
  ...tagRoutes,
]
