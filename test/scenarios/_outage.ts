import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { hasCode } from '../../shared/errors.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import type { KubeNode, Lease } from '../../shared/kubernetes/types.ts'
import type { BmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { CONTROLLER, type TestCluster } from '../support/cluster.ts'
import { type Served, type ServedOptions, startServed } from '../support/served.ts'
import { createWorld, type World, type WorldOptions } from '../support/world.ts'
import { findNode, INVENTORY, LEASE } from './_deletion.ts'

export const WEBHOOK =
  '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/cloud-provider-phoenixnap'
/** What a machine says of itself: the one that was there first, and the one that replaced it. */
export const OLD_MACHINE = { systemUUID: '4c4c4544-0000-0000-0000-000000000001', machineID: 'a1' } as const
export const NEW_MACHINE = { systemUUID: '4c4c4544-0000-0000-0000-000000000002', machineID: 'b2' } as const

/** An empty cluster with a controller that is told when to pass, and servers to come. */
export interface OutageScene {
  readonly cluster: TestCluster
  readonly admin: Kube
  readonly bmc: BmcSimulator
  readonly world: World
}

export async function createOutage(
  t: Test,
  cluster: TestCluster,
  options: WorldOptions = {},
): Promise<OutageScene> {
  const admin = await cluster.kube()
  await clearCluster(admin)
  const world = await createWorld(t, cluster, { user: CONTROLLER, ...options })
  return { cluster, admin, bmc: world.bmc, world }
}

/** Removes what an earlier test left, its webhook included: that server has ended. */
export async function clearCluster(admin: Kube): Promise<void> {
  const remove = (path: string) =>
    admin.request({ method: 'DELETE', path }).catch((error: unknown) => {
      if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
    })
  await Promise.all(
    [WEBHOOK, '/api/v1/nodes', '/api/v1/namespaces/default/events', INVENTORY, LEASE].map(remove),
  )
}

/**
 * Puts `serve` behind the cluster's webhook on the scene's BMC. Its own first pass finds the Lease taken, so that
 * passes happen only when the test wants them.
 */
export async function serveWithoutPasses(
  t: Test,
  { cluster, admin, bmc }: OutageScene,
  options: ServedOptions = {},
): Promise<Served> {
  const now = new Date().toISOString().replace('Z', '000Z')
  const taken = { holderIdentity: 'a-test', acquireTime: now, leaseDurationSeconds: 3600 }
  await patchLease(admin, { spec: taken })
  const served = await startServed(t, cluster, { bmc, ...options })
  await until(() => served.log().includes('"state":"busy"'), 'its first pass finds the Lease taken')
  await patchLease(admin, { spec: { holderIdentity: null } })
  await served.warmUp?.()
  // Half of what is left of it is the time for BMC: short, so that a test of waiting does not wait.
  const timeout = [{ op: 'add', path: '/webhooks/0/timeoutSeconds', value: 2 }]
  await admin.request({ method: 'PATCH', path: WEBHOOK, patch: 'json', body: timeout })
  return served
}

/** Changes the resync Lease, which is made when there is none. */
export async function patchLease(admin: Kube, change: object): Promise<void> {
  try {
    await admin.request({ method: 'PATCH', path: LEASE, patch: 'merge', body: change })
  } catch (error) {
    if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
    const [path, name] = [LEASE.slice(0, LEASE.lastIndexOf('/')), LEASE.slice(LEASE.lastIndexOf('/') + 1)]
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, ...change }
    await admin.request({ method: 'POST', path, body })
  }
}

export const readLease = async (admin: Kube): Promise<Lease> =>
  (await admin.request<Lease>({ path: LEASE })).body

/** As if the last complete pass had been so long ago. */
export function ageInventory(admin: Kube, hours: number): Promise<void> {
  const renewTime = new Date(Date.now() - hours * 3_600_000).toISOString().replace('Z', '000Z')
  return patchLease(admin, { spec: { renewTime } })
}

const LIMIT_MS = 30_000

/** Waits for a condition, and not for a time. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = Date.now() + LIMIT_MS
  while (!(await holds())) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain until ${what}`)
    await sleep(20)
  }
}

export const isTainted = (node: KubeNode | undefined): boolean =>
  node?.spec?.taints?.some(({ key }) => key === UNINITIALIZED_TAINT) ?? false

/** Attempts to reach BMC so far, those that found nobody included. */
export const attempts = ({ bmc }: Pick<OutageScene, 'bmc'>): number =>
  bmc.requests.count() + bmc.faults.refused

/** The node is what its server says. */
export async function expectInitialised(t: Test, admin: Kube, name: string, id: string): Promise<void> {
  const node = await findNode(admin, name)
  t.equal(node?.spec?.providerID, `phoenixnap://${id}`, `${name} has the provider ID of its server`)
  t.notOk(isTainted(node), `${name} has no taint`)
  t.ok(
    node?.status?.addresses?.some(({ type }) => type === 'InternalIP'),
    `${name} has the addresses of its server`,
  )
}

/** The node joined, and nothing of ours is on it. */
export async function expectUntouched(t: Test, admin: Kube, name: string): Promise<void> {
  const node = await findNode(admin, name)
  t.ok(isTainted(node), `${name} is there, with its taint`)
  t.equal(node?.spec?.providerID, undefined, `${name} has no provider ID`)
}
