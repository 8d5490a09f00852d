import { cleanUpOnce } from '../../functions/cleanup-command.ts'
import { unregisterOnce } from '../../functions/unregister-command.ts'
import type { App } from '../../shared/compose.ts'
import { createFacts, type Facts } from '../../shared/doctor/facts.ts'
import {
  ASSIGNED_IPS,
  CLEANUP_FINALIZER,
  FINALIZER,
  NAME,
  SERVICE_ACCOUNT_USER,
} from '../../shared/kubernetes/names.ts'
import { planBack } from '../../shared/migrate/back.ts'
import { carryOutBack } from '../../shared/migrate/carry-out.ts'
import { readView } from '../../shared/migrate/view.ts'
import { createManifest, type ServiceName } from '../../test/support/services.ts'
import type { World } from '../world/contract.ts'
import type { Scenario, Stage } from './contract.ts'
import { leaveBlock, leaveServed } from './left.ts'
import {
  countPurchases,
  findService,
  leftoverFaults,
  listBlocks,
  servedFaults,
  tagOf,
  unless,
} from './look.ts'

/** Two intervals and more: nobody of ours is at work. */
const ENDED_MS = 180_000
const TIMEOUT_MS = 3_600_000
const CHANGE_SERVICE = /^PATCH .*\/services\//
const WEBHOOK = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${NAME}`

const leaveWeb = (world: World): void => void leaveServed(world, 'web')

const ADOPTED: Scenario = {
  name: 'Service of the Go program adopted',
  isFirstLook: true,
  leave: leaveWeb,
  tell: ({ work }) => work(),
  verify: world => [
    ...servedFaults(world, 'web'),
    ...unless(pinOf(world, 'web') !== undefined, 'its pin is gone'),
    ...unless(statusOf(world, 'web') === pinOf(world, 'web'), `its status tells ${statusOf(world, 'web')}`),
    ...unless(listBlocks(world).length === 1 && countPurchases(world) === 0, 'a block came or went'),
  ],
  passes: [/^POST .*\/ipaddresses$/, CHANGE_SERVICE],
}

const pinOf = (world: World, name: ServiceName): string | undefined =>
  findService(world, name)?.spec?.loadBalancerIP
const statusOf = (world: World, name: ServiceName): string | undefined =>
  findService(world, name)?.status?.loadBalancer?.ingress?.[0]?.ip

/** Adopted, and another that shares a block; then our hosts are ended as the guide tells. */
async function serveBoth({ world, request, work, stop }: Stage): Promise<void> {
  await request({
    method: 'POST',
    path: '/api/v1/namespaces/default/services',
    body: createManifest('guest'),
  })
  await work()
  await stop()
  await request({ method: 'DELETE', path: WEBHOOK })
  await world.advance(ENDED_MS)
}

const nobody = async (): Promise<never> => Promise.reject(new Error('nobody looks at certificates'))

function factsOf(app: App): Facts {
  return createFacts({
    clock: app.clock,
    config: { value: app.config },
    cloud: { value: app.cloud },
    kube: { value: app.kube },
    problems: [],
    notices: [],
    kubeCredentials: {},
    user: SERVICE_ACCOUNT_USER,
    nodeVersion: '26.0.0',
    env: {},
    lookAtTls: nobody,
    signal: new AbortController().signal,
  })
}

/** `migrate --back --confirm --accept-new-addresses`. @returns whether it found nothing to do */
async function migrateBack(app: App): Promise<boolean> {
  const facts = factsOf(app)
  const view = await readView(facts, undefined)
  const plan = planBack(view, true)
  if (plan.inTheWay.length > 0) throw new Error(plan.inTheWay.join('; '))
  const { leftovers } = app.cloud
  if (!leftovers) throw new Error('the cloud knows no leftovers')
  const clusterName = await facts.clusterName()
  await carryOutBack(plan, view, { kube: app.kube, leftovers, clusterName, call: facts.call })
  return plan.handOvers.length + plan.unused.length === 0
}

/** As the Go program does with a Service that has no address. */
function giveNewAddress(world: World, name: ServiceName): void {
  const { cidr } = leaveBlock(world, name)
  const spec = { loadBalancerIP: cidr.replace(/\d+\/.*$/, digits => String(Number.parseInt(digits, 10) + 2)) }
  world.cluster.store.merge('services', name, { spec }, 'default')
}

const BACK: Scenario = {
  name: 'migrate --back',
  isWayOut: true,
  options: { blocks: ['/29'] },
  leave: leaveWeb,
  prepare: serveBoth,
  async tell({ world, command }) {
    await command(migrateBack)
    await command(unregister(false))
    giveNewAddress(world, 'guest')
    await command(migrateBack)
  },
  verify: world => [
    ...['web', 'guest'].flatMap(name => handedOverFaults(world, name)),
    ...unless(statusOf(world, 'web') === pinOf(world, 'web'), 'the adopted one does not keep its address'),
    ...listBlocks(world).flatMap(block =>
      unless(
        (tagOf(block, 'serviceName') === undefined) === (tagOf(block, 'delete') === 'true'),
        `block ${block.id} bears ${JSON.stringify(block.tags)}`,
      ),
    ),
  ],
  passes: [CHANGE_SERVICE, /^PUT .*\/tags$/],
}

function handedOverFaults(world: World, name: ServiceName): string[] {
  const { finalizers = [], annotations = {} } = findService(world, name)?.metadata ?? {}
  const isWeb = name === 'web'
  return [
    ...unless(!finalizers.includes(FINALIZER), `${name} bears our finalizer`),
    ...unless(finalizers.includes(CLEANUP_FINALIZER) === isWeb, `${name} bears [${finalizers.join()}]`),
    ...unless(annotations[ASSIGNED_IPS] === undefined, `${name} bears our annotation`),
  ]
}

const io = (clock: App['clock']) => ({
  clock,
  stop: new AbortController().signal,
  out: () => undefined,
  err: () => undefined,
  terminal: false,
})

/** `unregister --confirm`. @returns whether nothing is left */
const unregister =
  (release: boolean) =>
  async ({ kube, cloud, clock }: App): Promise<boolean> => {
    const parts = { kube, leftovers: cloud.leftovers, requestCounts: () => cloud.requestCounts() }
    const command = { confirm: true, release, timeoutMs: TIMEOUT_MS, output: 'json' } as const
    return (await unregisterOnce(command, parts, io(clock))) === 0
  }

const UNREGISTERED: Scenario = {
  name: 'unregister',
  isWayOut: true,
  options: { blocks: ['/29'] },
  leave: leaveWeb,
  prepare: serveBoth,
  tell: ({ command }) => command(unregister(false)),
  verify: world => [
    ...nothingOfOurs(world),
    ...unless(listBlocks(world).length === 2, 'a block has gone'),
    ...unless(statusOf(world, 'web') === pinOf(world, 'web'), 'the adopted one does not keep its address'),
  ],
  passes: [CHANGE_SERVICE, /^DELETE .*\/ipaddresses\//, /^DELETE .*\/configmaps\//, /^DELETE .*\/leases\//],
}

const RELEASED: Scenario = {
  ...UNREGISTERED,
  name: 'unregister --release',
  tell: ({ command }) => command(unregister(true)),
  verify: world => [...nothingOfOurs(world), ...leftoverFaults(world)],
  passes: [...UNREGISTERED.passes, /^DELETE .*\/ips\/v1\/ip-blocks\//],
}

function nothingOfOurs(world: World): string[] {
  const { store } = world.cluster
  const named = ['configmaps', 'leases', 'clusterroles', 'clusterrolebindings'].flatMap(resource =>
    store.list(resource).map(({ metadata }) => `${resource} ${metadata.name}`),
  )
  return [
    ...named.filter(name => name.includes(` ${NAME}`)).map(name => `${name} is left`),
    ...leftoverFaults(world).filter(fault => !fault.startsWith('block ')),
    ...['web', 'guest'].flatMap(name =>
      unless(
        !findService(world, name)?.metadata.finalizers?.includes(FINALIZER),
        `${name} bears our finalizer`,
      ),
    ),
  ]
}

/** `cleanup --confirm`: the cluster has gone, and nobody answers there. @returns whether nothing is left */
const cleanup =
  (cluster: string) =>
  async ({ cloud, clock }: App): Promise<boolean> => {
    const { leftovers } = cloud
    if (!leftovers) throw new Error('the cloud knows no leftovers')
    const parts = { leftovers, requestCounts: () => cloud.requestCounts(), kube: undefined }
    const command = { cluster, confirm: true, timeoutMs: TIMEOUT_MS, output: 'json' } as const
    return (await cleanUpOnce(command, parts, io(clock))) === 0
  }

const CLEANED: Scenario = {
  ...UNREGISTERED,
  name: 'cleanup',
  tell: ({ world, command }) => command(cleanup(world.clusterUid)),
  verify: world => listBlocks(world).map(({ id, status }) => `block ${id} (${status}) is left`),
  passes: [/^PUT .*\/tags$/, /^DELETE .*\/public-networks\//, /^DELETE .*\/ips\/v1\/ip-blocks\//],
}

export const COMMAND_SCENARIOS: readonly Scenario[] = [ADOPTED, BACK, UNREGISTERED, RELEASED, CLEANED]
