import type { KubeService } from '../../shared/kubernetes/types.ts'
import {
  addressIn,
  createManifest,
  KUBE_VIP_IPS,
  pathOf,
  type ServiceWish,
} from '../../test/support/services.ts'
import type { UserRequest, World } from '../world/contract.ts'
import type { Scenario, Stage } from './contract.ts'
import {
  addressOf,
  countPurchases,
  firstAddressOf,
  goneFaults,
  leftoverFaults,
  listBlocks,
  listClaims,
  servedFaults,
  unless,
} from './look.ts'

const MINUTE = 60_000
/** Rest of an address, and grace of a block, by default and a little more. */
const REST_MS = 10 * MINUTE + 5000
const CLAIM = /^POST .*\/ipaddresses$/
const CHANGE_CLAIM = /^PATCH .*\/ipaddresses\//
const DELETE_CLAIM = /^DELETE .*\/ipaddresses\//
const CHANGE_SERVICE = /^PATCH .*\/services\/web$/
const BUY = /^POST .*\/ip-blocks$/
const ASSIGN = /^POST .*\/public-networks\/[^/]+\/ip-blocks$/
const GIVE_BACK = [/^PUT .*\/tags$/, /^DELETE .*\/public-networks\//, /^DELETE .*\/ips\/v1\/ip-blocks\//]

export const create = (wish?: ServiceWish): UserRequest => ({
  method: 'POST',
  path: '/api/v1/namespaces/default/services',
  body: createManifest('web', wish),
})
const change = (body: object): UserRequest => ({ method: 'PATCH', path: pathOf('web'), patch: 'merge', body })
const remove: UserRequest = { method: 'DELETE', path: pathOf('web') }

/** A Service that is served before anything goes wrong. */
async function serve(stage: Stage, wish?: ServiceWish): Promise<void> {
  await stage.request(create(wish))
  await stage.work()
}

async function deleteAndGiveBack(stage: Stage): Promise<void> {
  await stage.request(remove)
  await stage.work()
  await stage.timePasses(REST_MS)
  await stage.work()
  await stage.timePasses(REST_MS)
  await stage.work()
}

const boughtOnce = (world: World): string[] => [
  ...unless(listBlocks(world).length === 1, `${listBlocks(world).length} blocks are there`),
  ...unless(countPurchases(world) === 1, `${countPurchases(world)} blocks were bought`),
]
const boughtNone = (world: World): string[] =>
  unless(countPurchases(world) === 0, `${countPurchases(world)} blocks were bought`)
const onlyClaim = (world: World): string[] => {
  const claims = listClaims(world)
  return unless(claims.length === 1, `claims are left: ${JSON.stringify(claims)}`)
}

const DEDICATED: ServiceWish = { annotations: { 'phoenixnap.com/ip-allocation': 'dedicated' } }

const FREE: Scenario = {
  name: 'Service created, an address is free',
  options: { blocks: ['/29'] },
  tell: serve,
  verify: world => [...servedFaults(world, 'web'), ...boughtNone(world), ...onlyClaim(world)],
  passes: [CLAIM, CHANGE_CLAIM],
}

const UNREVIEWED: Scenario = {
  ...FREE,
  name: 'Service created, no webhook',
  options: { blocks: ['/29'], webhook: false },
  passes: [CLAIM, CHANGE_SERVICE],
}

const BOUGHT: Scenario = {
  name: 'Service created, a block is bought',
  tell: serve,
  verify: world => [...servedFaults(world, 'web'), ...boughtOnce(world), ...onlyClaim(world)],
  passes: [BUY, ASSIGN, CLAIM, CHANGE_CLAIM, CHANGE_SERVICE],
}

const toldMetalLB = ({ metadata }: KubeService): string[] => [
  metadata.annotations?.['metallb.io/loadBalancerIPs'] ?? '',
]

const METALLB: Scenario = {
  ...BOUGHT,
  name: 'Service created under MetalLB',
  verify: world => [...servedFaults(world, 'web', toldMetalLB), ...boughtOnce(world), ...onlyClaim(world)],
  options: { announcer: 'metallb' },
  passes: [BUY, ASSIGN, CLAIM, /ipaddresspools/],
}

const OWN_BLOCK: Scenario = {
  name: 'Service created with a block of its own',
  tell: stage => serve(stage, DEDICATED),
  verify: BOUGHT.verify,
  passes: [BUY, ASSIGN, CLAIM],
}

const OWN_BLOCK_BACK: Scenario = {
  name: 'Service with a block of its own deleted',
  prepare: stage => serve(stage, DEDICATED),
  tell: deleteAndGiveBack,
  verify: world => [...goneFaults(world, 'web'), ...leftoverFaults(world)],
  passes: [CHANGE_SERVICE, ...GIVE_BACK],
}

const AGAIN: Scenario = {
  name: 'Service deleted, created again, gets its address',
  options: { blocks: ['/29'] },
  prepare: serve,
  async tell(stage) {
    await stage.request(remove)
    await stage.work()
    await serve(stage)
  },
  verify: world => [
    ...servedFaults(world, 'web'),
    ...unless(
      addressOf(world, 'web') === firstAddressOf(world, 'web'),
      `it had ${firstAddressOf(world, 'web')} and has ${addressOf(world, 'web')}`,
    ),
    ...boughtNone(world),
  ],
  passes: [CHANGE_CLAIM, CHANGE_SERVICE],
}

const DELETED: Scenario = {
  name: 'Service deleted, its block given back',
  options: { blocks: ['/29'] },
  prepare: serve,
  tell: deleteAndGiveBack,
  verify: world => [...goneFaults(world, 'web'), ...leftoverFaults(world), ...boughtNone(world)],
  passes: [CHANGE_CLAIM, CHANGE_SERVICE, DELETE_CLAIM, ...GIVE_BACK],
}

const TURNED: Scenario = {
  name: 'Service changes its type, and changes it back',
  options: { blocks: ['/29'] },
  prepare: serve,
  async tell(stage) {
    await stage.request(change({ spec: { type: 'ClusterIP' } }))
    await stage.work()
    await stage.request(change({ spec: { type: 'LoadBalancer' } }))
    await stage.work()
  },
  verify: world => [...AGAIN.verify(world), ...onlyClaim(world)],
  passes: [CHANGE_CLAIM, CHANGE_SERVICE],
}

const placeIn = (world: World, place: number): string => addressIn(listBlocks(world)[0]?.cidr ?? '', place)
const askFor = (world: World, place: number): ServiceWish => ({
  annotations: { [KUBE_VIP_IPS]: placeIn(world, place) },
})
/** The last of a /29 that a Service can have. */
const LAST = 6

const MOVED: Scenario = {
  name: 'Service moved by request',
  options: { blocks: ['/29'] },
  prepare: stage => serve(stage, askFor(stage.world, 2)),
  async tell(stage) {
    await stage.request(change({ metadata: askFor(stage.world, LAST) }))
    await stage.work()
  },
  verify: world => [
    ...servedFaults(world, 'web'),
    ...unless(addressOf(world, 'web') === placeIn(world, LAST), `it has ${addressOf(world, 'web')}`),
    ...unless(!listClaims(world).some(({ state }) => state === 'unconfirmed'), 'a claim is unconfirmed'),
    ...boughtNone(world),
  ],
  passes: [CLAIM, CHANGE_CLAIM],
}

export const SERVICE_SCENARIOS: readonly Scenario[] = [
  FREE,
  UNREVIEWED,
  BOUGHT,
  METALLB,
  OWN_BLOCK,
  OWN_BLOCK_BACK,
  AGAIN,
  DELETED,
  TURNED,
  MOVED,
]
