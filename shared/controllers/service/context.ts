import type { Announcer } from '../../announcers/contract.ts'
import type { Clock } from '../../clock.ts'
import type { Cloud } from '../../cloud-provider/contract.ts'
import type { BlockGuard } from '../../cloud-provider/load-balancer.ts'
import type { AddressRange } from '../../ip-address.ts'
import type { Kube } from '../../kubernetes/client.ts'
import type { Log } from '../../log.ts'
import type { SupplyReader } from '../address/supply-reader.ts'
import type { TenantPolicy } from '../address/tenants.ts'
import type { Measured } from '../measure.ts'
import type { WishSettings } from './wish.ts'

/** What operators set about Services; durations in milliseconds. */
export interface ServiceSettings extends WishSettings {
  /** Values of spec.loadBalancerClass that are served besides unset. */
  readonly classes: readonly string[]
  readonly minFreeAddresses: number
  readonly reserved: readonly AddressRange[]
  readonly releaseQuarantineMs: number
  readonly typeChangeQuarantineMs: number
  readonly blockGraceMs: number
  readonly tenants: TenantPolicy
}

/** What the Service controllers work with, handed in by whoever composes them. */
export interface ServiceContext extends Measured {
  readonly kube: Kube
  readonly cloud: Cloud
  readonly clock: Clock
  readonly log: Log
  readonly guard: BlockGuard
  readonly addresses: SupplyReader
  readonly settings: ServiceSettings
  /** Undefined where load balancers are disabled: what was served before is still cleaned up when it is deleted. */
  readonly announcer: Announcer | undefined
}
