import type { Test } from 'tap'
import { type Bmc, createBmc, type Fetch } from '../../shared/bmc/client.ts'
import type {
  AddressDemand,
  AddressNeed,
  BlockChange,
  LoadBalancer,
  SupplyProgress,
} from '../../shared/cloud-provider/load-balancer.ts'
import { silentLog } from '../../shared/log.ts'
import { newCloud } from '../../shared/phoenixnap/cloud.ts'
import type { LoadBalancerConfig } from '../../shared/phoenixnap/load-balancer.ts'
import type { BmcSimulatorOptions } from '../../shared/simulator/bmc/server.ts'
import type { IpBlock, PublicNetwork } from '../../shared/simulator/bmc/types.ts'
import type { TurnableClock } from '../../shared/simulator/clock.ts'
import { testGetValidCloud, type ValidCloud } from '../support/cloud.ts'
import { createGuard, createGuardRecord, type GuardRecord } from './_guard.ts'

export const CLUSTER = 'cluster-uid'
export const POST_BLOCK = 'POST /ips/v1/ip-blocks'
export const ASSIGN = 'POST /networks/v1/public-networks/{publicNetworkId}/ip-blocks'
export const PUT_TAGS = 'PUT /ips/v1/ip-blocks/{ipBlockId}/tags'
/** How often a story looks again at the most, and after what time: less than the limit of a request. */
const MAX_ROUNDS = 100
export const ROUND_MS = 9_000

export interface StageOptions extends BmcSimulatorOptions {
  readonly config?: Partial<LoadBalancerConfig>
}

/** One handler of a cluster. */
export interface Handler {
  readonly loadBalancer: LoadBalancer
  ensure(demand: Partial<AddressDemand>, dryRun?: boolean): Promise<SupplyProgress>
  giveBack(blockId: string, dryRun?: boolean): Promise<SupplyProgress>
  /** As a controller does: asks for what is lacking; undefined when nothing is. */
  look(want: number, more?: Partial<AddressDemand>): Promise<SupplyProgress | undefined>
  /** Looks until there are `want` IPv4 addresses in assigned blocks. */
  drive(want: number, more?: Partial<AddressDemand>): Promise<Drive>
  /** Until the block is gone. */
  driveBack(blockId: string): Promise<Drive>
}

export interface Drive {
  readonly did: readonly BlockChange[]
  readonly last: SupplyProgress | undefined
}

export interface Stage extends ValidCloud {
  readonly network: PublicNetwork
  /** Of the cluster. */
  readonly record: GuardRecord
  /** @param step is run before and after each request and guard call, and may throw */
  readonly handler: (options?: HandlerOptions) => Handler
  /** Blocks with the tags of a cluster. */
  readonly blocks: (cluster?: string) => IpBlock[]
  /** A block of the cluster, assigned unless the seed says otherwise. */
  readonly addBlock: (seed?: Readonly<Record<string, unknown>>) => IpBlock
}

export interface HandlerOptions {
  readonly step?: (what: string) => void
  readonly cluster?: string
  readonly record?: GuardRecord
  readonly config?: Partial<LoadBalancerConfig>
  readonly fetch?: Fetch
}

/** A simulated BMC with one network, and as many handlers of one cluster as are asked for. */
export async function createStage(t: Test, options: StageOptions = {}): Promise<Stage> {
  const { config, ...settings } = options
  const valid = await testGetValidCloud(t, settings)
  const { backend, bmc: simulator, clock } = valid
  const network = backend.addPublicNetwork({ name: 'public' })
  const record = createGuardRecord()
  let ids = 0
  const defaults: LoadBalancerConfig = {
    publicNetworkId: network.id,
    blockSize: 'auto',
    maxBlocks: 10,
    newId: () => `purchase-${(ids += 1)}`,
    ...config,
  }

  function handler(given: HandlerOptions = {}): Handler {
    const { step, cluster = CLUSTER } = given
    const bmc = createBmc({
      baseUrl: simulator.url,
      tokenUrl: simulator.tokenUrl,
      credentials: async () => ({ clientId: 'sim-client', clientSecret: 'sim-secret' }),
      clock,
      random: () => 0,
      log: silentLog,
      fetch: given.fetch,
    })
    t.teardown(() => bmc.close())
    const cloud = newCloud(step ? watched(bmc, step) : bmc, {
      clock,
      log: silentLog,
      credentials: async () => ({ clientId: '', clientSecret: '' }),
      loadBalancer: { ...defaults, ...given.config },
    })
    const guard = createGuard(given.record ?? record, clock, step)
    if (!cloud.loadBalancer) throw new Error('the cloud has no load balancer')
    return toHandler(cloud.loadBalancer, cluster, guard, clock)
  }

  return {
    ...valid,
    network,
    record,
    handler,
    blocks: (cluster = CLUSTER) =>
      backend
        .ipBlocks()
        .filter(({ tags = [] }) => tags.some(({ name, value }) => name === 'cluster' && value === cluster)),
    addBlock(seed = {}) {
      const { status, tags = [], ...rest } = seed as Partial<IpBlock>
      const block = backend.addIpBlock({
        tags: [
          { name: 'usage', value: 'cloud-provider-phoenixnap-auto' },
          { name: 'cluster', value: CLUSTER },
          ...tags,
        ],
        ...rest,
      })
      const isOff = status === 'unassigned' || status === 'creating'
      if (!isOff) {
        const present = backend.publicNetwork(network.id).ipBlocks.map(({ id }) => id)
        backend.updatePublicNetwork(network.id, { blockIds: [...present, block.id] })
        backend.updateIpBlock(block.id, {
          assignedResourceId: network.id,
          assignedResourceType: 'PUBLIC_NETWORK',
        })
      }
      return backend.updateIpBlock(block.id, { status: status ?? 'assigned' })
    },
  }
}

function toHandler(
  loadBalancer: LoadBalancer,
  cluster: string,
  guard: ReturnType<typeof createGuard>,
  clock: TurnableClock,
): Handler {
  const ensure: Handler['ensure'] = (demand, dryRun = false) =>
    loadBalancer.ensureLoadBalancer(cluster, { needs: [], inUse: [], ...demand }, [], { guard, dryRun })
  const giveBack: Handler['giveBack'] = (blockId, dryRun = false) =>
    loadBalancer.ensureLoadBalancerDeleted(cluster, blockId, { guard, dryRun })

  async function look(want: number, more: Partial<AddressDemand> = {}): Promise<SupplyProgress | undefined> {
    const { blocks } = await loadBalancer.listAddresses(cluster)
    const assigned = blocks.filter(({ state, family }) => state === 'assigned' && family === 'IPv4')
    const lacking = want - assigned.reduce((sum, { usable }) => sum + (usable?.count ?? 0), 0)
    if (lacking <= 0) return undefined
    const counted = assigned.map(({ id }) => id)
    return ensure({ needs: [{ family: 'IPv4', count: lacking }], counted, ...more })
  }

  async function repeat(run: () => Promise<SupplyProgress | undefined>): Promise<Drive> {
    const did: BlockChange[] = []
    let last: SupplyProgress | undefined
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const progress = await run()
      if (progress) {
        last = progress
        did.push(...progress.did)
      }
      const goesOn = progress?.state === 'waiting' || progress?.state === 'busy' || progress?.alsoWaiting
      if (!goesOn) return { did, last }
      await clock.turn(ROUND_MS)
    }
    throw new Error(`no end after ${MAX_ROUNDS} rounds: ${last?.why}`)
  }

  return {
    loadBalancer,
    ensure,
    giveBack,
    look,
    drive: (want, more = {}) => repeat(() => look(want, more)),
    driveBack: blockId => repeat(() => giveBack(blockId)),
  }
}

/** What sends nothing. */
const LOCAL: readonly (keyof Bmc)[] = ['close', 'unreachableSince', 'limitedUntil', 'holdOff']

/** The client, with a step before and after each call. */
function watched(bmc: Bmc, step: (what: string) => void): Bmc {
  return new Proxy(bmc, {
    get(target, name: keyof Bmc) {
      const member: unknown = target[name]
      if (typeof member !== 'function' || LOCAL.includes(name)) return member
      return async (...args: unknown[]): Promise<unknown> => {
        step(`before ${name}`)
        const result: unknown = await Reflect.apply(member, target, args)
        step(`after ${name}`)
        return result
      }
    },
  })
}

/** `count` IPv4 addresses for everybody. */
export const need = (count: number, service?: AddressNeed['service']): AddressNeed => ({
  family: 'IPv4',
  count,
  ...(service ? { service } : {}),
})

/** Tags of a block by name. */
export const tagsOf = (
  block: { readonly tags?: readonly { name: string; value?: string }[] } | undefined,
): Record<string, string | undefined> =>
  Object.fromEntries((block?.tags ?? []).map(({ name, value }) => [name, value]))

/** Size and status of a cluster's blocks, as `/28 assigned`. */
export const seen = ({ blocks }: Stage, cluster?: string): string[] =>
  blocks(cluster).map(({ cidrBlockSize, status }) => `${cidrBlockSize} ${status}`)
