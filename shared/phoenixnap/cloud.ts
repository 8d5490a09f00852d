import { createHash } from 'node:crypto'
import { type Bmc, type BmcOptions, createBmc } from '../bmc/client.ts'
import type { Cloud } from '../cloud-provider/contract.ts'
import { createRegistry, type Initializer, type Registry } from '../cloud-provider/registry.ts'
import { newDiagnosis } from './diagnosis.ts'
import { newInstancesV2 } from './instances.ts'
import { newLeftovers } from './leftovers.ts'
import { type LoadBalancerConfig, newLoadBalancer } from './load-balancer.ts'
import { newPrices } from './prices.ts'
import { PROVIDER_NAME, type ProviderIDFormat, toOwner } from './provider-id.ts'

/** What the provider is initialised with: client ID and secret (as `credentials`), the API's URLs, and the effects. */
export interface PhoenixnapConfig extends BmcOptions {
  /** Undefined where no public network is set: the cloud has no load balancers then. */
  readonly loadBalancer?: LoadBalancerConfig | undefined
  /** Of the provider IDs that nodes are given; `phoenixnap` by default. Every known one is read. */
  readonly providerIDFormat?: ProviderIDFormat | undefined
}

/** Builds the cloud from the client ID and secret that it is given. */
export const initialize: Initializer<PhoenixnapConfig> = config => newCloud(createBmc(config), config)

/** A registry that knows this provider. */
export function newRegistry(): Registry<PhoenixnapConfig> {
  const registry = createRegistry<PhoenixnapConfig>()
  registry.register(PROVIDER_NAME, initialize)
  return registry
}

/** The cloud on a BMC client. A part that is not supported is undefined. */
export function newCloud(
  bmc: Bmc,
  config: Pick<PhoenixnapConfig, 'clock' | 'credentials' | 'loadBalancer' | 'log' | 'providerIDFormat'>,
): Cloud {
  const { credentials, loadBalancer, log, providerIDFormat } = config
  return {
    providerName: PROVIDER_NAME,
    instancesV2: newInstancesV2(bmc, log, providerIDFormat),
    loadBalancer: loadBalancer && newLoadBalancer(bmc, loadBalancer, config),
    leftovers: newLeftovers(bmc, config.clock),
    diagnosis: newDiagnosis(bmc),
    prices: newPrices(bmc),
    routes: undefined,
    zones: undefined,
    clusters: undefined,
    providerIDOwner: toOwner,
    accountFingerprint: async () => toFingerprint((await credentials()).clientId),
    requestCounts: () => bmc.requests,
    unreachableSince: () => bmc.unreachableSince(),
    limitedUntil: () => bmc.limitedUntil(),
    holdOff: until => bmc.holdOff(until),
    close: () => bmc.close(),
  }
}

/** Tells two client IDs apart without telling either. */
const toFingerprint = (clientId: string): string =>
  createHash('sha256').update(`phoenixnap:${clientId}`).digest('hex').slice(0, 16)
