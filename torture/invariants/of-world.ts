import { readConfig } from '../../shared/config.ts'
import type { World } from '../world/contract.ts'
import { createChecker } from './checker.ts'
import type { Checker, CheckerInputs, CheckerSettings, Violation } from './contract.ts'

/** A checker that follows a world, and everything that it found so far. */
export interface Watch {
  readonly checker: Checker
  readonly violations: readonly Violation[]
}

export type WatchOptions = Partial<
  Pick<
    CheckerInputs,
    'isRefusedAnyway' | 'canBuy' | 'isServable' | 'secrets' | 'clusterNow' | 'isSpoilt' | 'settings'
  >
>

/** Settings whose values are secrets, as a world's environment names them. */
const SECRET_SETTINGS = ['PNAP_CLIENT_SECRET', 'PNAP_WEBHOOK_TOKEN', 'KUBE_TOKEN']

/** From here on every entry of the world is checked. */
export function watchWorld(world: World, options: WatchOptions = {}): Watch {
  const checker = createChecker(toInputs(world, options))
  const violations: Violation[] = []
  world.history.onEntry(entry => void violations.push(...checker.check(entry)))
  return { checker, violations }
}

function toInputs(world: World, options: WatchOptions): CheckerInputs {
  const { backend, faults } = world.cloud
  const names = new Set<string>()
  let told = 0
  return {
    clusterUid: world.clusterUid,
    networkId: world.networkId,
    isProcess(by) {
      for (; told < world.processes.length; told++) names.add(world.processes[told]?.name ?? '')
      return names.has(by)
    },
    cluster: { list: resource => world.cluster.store.list(resource) },
    cloud: {
      servers: () => backend.servers(),
      listedServers: () => faults.listed(backend.servers()),
      ipBlocks: () => backend.ipBlocks(),
      memberAddresses: () => backend.publicNetwork(world.networkId).memberships.flatMap(({ ips }) => ips),
    },
    now: () => world.clock.now(),
    clusterNow: () => world.clock.viewOf('cluster').now(),
    secrets: SECRET_SETTINGS.flatMap(name => world.environment[name] ?? []),
    logs: () => world.processes.map(({ name, log }, index) => ({ by: `${index} ${name}`, lines: log })),
    settings: toSettings(world.environment),
    ...options,
  }
}

/** As the checks need the settings of controllers that run under this environment. */
export function toSettings(environment: World['environment']): CheckerSettings {
  const { config } = readConfig({ env: environment })
  return {
    announcer: config.loadBalancer?.announcer ?? '',
    ipAllocation: config.ipAllocation,
    resyncIntervalMs: config.resyncInterval,
    nodeDeleteGraceMs: config.nodeDeleteGrace,
    nodeDeleteMaxShare: config.nodeDeleteMaxShare,
    releaseQuarantineMs: config.releaseQuarantine,
    typeChangeQuarantineMs: config.typeChangeQuarantine,
    blockGraceMs: config.blockGrace,
    longest: { releaseQuarantineMs: config.releaseQuarantine, blockGraceMs: config.blockGrace },
    // Where each Service has a block of its own, none is kept for others.
    minFreeAddresses: config.ipAllocation === 'packed' ? config.minFreeAddresses : 0,
    maxBlocks: config.maxBlocks,
    classes: config.loadBalancerClasses,
    everybodyRetains: config.retainNamespaces.prefixes.includes(''),
  }
}
