import type { Route } from './api.ts'
import { catalogueRoutes } from './catalogue.ts'
import type { FaultInjector } from './faults.ts'
import { ipBlockRoutes } from './ip-blocks.ts'
import { publicNetworkRoutes } from './public-networks.ts'
import { quotaRoutes } from './quotas.ts'
import { serverActionRoutes } from './server-actions.ts'
import { serverRoutes } from './servers.ts'
import { tagRoutes } from './tags.ts'

/** Every operation of the API, the token endpoint aside. @param cut see Faults.cutServerList */
export const allRoutes = (cut: FaultInjector['cut']): readonly Route[] => [
  ...serverRoutes(cut),
  ...serverActionRoutes,
  ...ipBlockRoutes,
  ...publicNetworkRoutes,
  ...tagRoutes,
  ...quotaRoutes,
  ...catalogueRoutes,
]
