import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { getAnnouncer } from './announcers/announcers.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Cloud } from './cloud-provider/contract.ts'
import { CLOUD_SETTINGS, type Config, readConfig, type Sources } from './config.ts'
import {
  type ControllerOptions,
  createControllers,
  type SurveyingControllers,
} from './controllers/controllers.ts'
import { createKube, type Fetch, type Kube } from './kubernetes/client.ts'
import { toClusterSettings } from './kubernetes/credentials.ts'
import { openClusterAccess } from './kubernetes/reload.ts'
import type { Log } from './log.ts'
import type { Measure } from './metrics/contract.ts'
import { newRegistry } from './phoenixnap/cloud.ts'
import type { LoadBalancerConfig } from './phoenixnap/load-balancer.ts'
import { PROVIDER_NAME } from './phoenixnap/provider-id.ts'

/** For a command that may run without credentials: who owns a Node.spec.providerID. */
export { toOwner as providerIDOwner } from './phoenixnap/provider-id.ts'

/** The real parts, built once per process and shared by all handlers. */
export interface App {
  readonly config: Config
  readonly log: Log
  readonly clock: Clock
  readonly cloud: Cloud
  readonly kube: Kube
  readonly controllers: SurveyingControllers
  /** Closes idle sockets; everything can be used again. */
  closeIdle(): void
  /** Closes everything: requests to the cluster that are under way end, and no more are sent. */
  close(): void
}

export interface AppOptions {
  readonly config: Config
  /** Settings as they are now; asked again for credentials, so that rotated ones need no restart, and once more when
   * they are refused. */
  readonly readSources: (refused?: boolean) => Promise<Sources>
  readonly clock?: Clock
  readonly random?: () => number
  /** node-fetch by default. */
  readonly fetch?: Fetch | undefined
  readonly log: Log
  /** Takes down what is counted. */
  readonly measure?: Measure | undefined
}

/**
 * Composes clients and controllers. Nothing is sent yet.
 *
 * @throws CcmError KUBE_CONFIG_INVALID, CCM_CONFIG_INVALID
 */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, log, measure, clock = systemClock } = options
  const cloud = openCloud(options)
  const settings = toClusterSettings(config)
  const readSettings = async (refused: boolean) =>
    toClusterSettings(readConfig(await options.readSources(refused)).config)
  const access = await openClusterAccess({ settings, readSettings, clock, log })
  const kube = createKube({ ...access, clock, random: options.random, fetch: options.fetch, measure, log })
  const controllers = createControllers({
    kube,
    cloud,
    clock,
    log,
    measure,
    newHolder: () => `${hostname()}-${randomUUID()}`,
    announcer: config.loadBalancer && getAnnouncer(config.loadBalancer.announcer, config),
    settings: toControllerSettings(config),
  })
  const closeIdle = (): void => {
    cloud.close()
    kube.close()
  }
  const close = (): void => {
    cloud.close()
    kube.end()
  }
  return { config, log, clock, cloud, kube, controllers, closeIdle, close }
}

/** The cloud alone, for a command that may run without a cluster. Nothing is sent yet. @throws CcmError CCM_CONFIG_INVALID */
export function openCloud(options: AppOptions): Cloud {
  const { config, readSources, log, clock = systemClock, random = Math.random } = options
  async function credentials(refused = false): Promise<{ clientId: string; clientSecret: string }> {
    const sources = await readSources(refused)
    const { clientID = '', clientSecret = '' } = readConfig(sources, CLOUD_SETTINGS).config
    return { clientId: clientID, clientSecret }
  }
  const { baseUrl, tokenUrl, providerIDFormat } = config
  const loadBalancer = toLoadBalancerConfig(config)
  return newRegistry().get(PROVIDER_NAME, {
    clock,
    random,
    log,
    fetch: options.fetch,
    measure: options.measure,
    baseUrl,
    tokenUrl,
    credentials,
    loadBalancer,
    providerIDFormat,
  })
}

/** What the provider is told of them; undefined where load balancers are disabled. */
export function toLoadBalancerConfig({ loadBalancer, ...config }: Config): LoadBalancerConfig | undefined {
  if (!loadBalancer) return undefined
  return {
    publicNetworkId: loadBalancer.publicNetworkId,
    blockSize: config.ipBlockSize,
    maxBlocks: config.maxBlocks,
    newId: () => randomUUID(),
  }
}

/** What the controllers are told of the settings. */
export const toControllerSettings = (config: Config): ControllerOptions['settings'] => ({
  resyncIntervalMs: config.resyncInterval,
  nodeDeleteGraceMs: config.nodeDeleteGrace,
  nodeDeleteMaxShare: config.nodeDeleteMaxShare,
  classes: config.loadBalancerClasses,
  ipAllocation: config.ipAllocation,
  annotationIPLocation: config.annotationIPLocation,
  location: config.location,
  minFreeAddresses: config.minFreeAddresses,
  reserved: config.reservedAddresses,
  releaseQuarantineMs: config.releaseQuarantine,
  typeChangeQuarantineMs: config.typeChangeQuarantine,
  blockGraceMs: config.blockGrace,
  tenants: {
    addressRequests: config.addressRequestNamespaces,
    retention: config.retainNamespaces,
    dedicated: config.dedicatedNamespaces,
    maxAddresses: config.namespaceMaxAddresses,
    maxRetained: config.namespaceMaxRetained,
    maxDedicated: config.namespaceMaxDedicated,
  },
})
