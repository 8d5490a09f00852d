import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { TestCluster } from '../support/cluster.ts'
import {
  assignedTo,
  isHeld,
  isIgnored,
  isWaiting,
  publishedFor,
  type ServiceEvent,
  type ServiceName,
} from '../support/services.ts'
import { changedBetween, readEverything } from './_everything.ts'
import {
  type LoadBalancers,
  type LoadBalancersOptions,
  MINUTE,
  startLoadBalancers,
} from './_load-balancers.ts'
import { expectSound } from './_sound.ts'

/** Rest of an address and grace of a block by default, and a little more. */
export const REST_MS = 10 * MINUTE + 5000
export const GRACE_MS = 10 * MINUTE + 5000
/** Rest of an address whose Service changed its type under kube-vip, and a little more. */
export const TYPE_CHANGE_REST_MS = 24 * 60 * MINUTE + 5000

/** One story on a cluster of its own content; what must never happen is looked for at its end. */
export function story(
  t: Test,
  cluster: TestCluster,
  name: string,
  options: LoadBalancersOptions,
  tell: (t: Test, lb: LoadBalancers) => Promise<void>,
): void {
  t.test(name, async t => {
    const lb = await startLoadBalancers(t, cluster, options)
    await tell(t, lb)
    await expectSound(t, lb)
  })
}

/** The Service has `count` addresses, is held and tells its announcer of them. @returns the addresses */
export async function expectServed(
  t: Test,
  lb: LoadBalancers,
  name: ServiceName,
  count = 1,
): Promise<readonly string[]> {
  const service = await lb.service(name)
  const addresses = assignedTo(service)
  t.equal(addresses.length, count, `${name} has ${count} address(es)`)
  t.ok(isHeld(service), `${name} has our finalizer`)
  t.strictSame(service && [...publishedFor(service)].sort(), [...addresses].sort(), `${name} is announced`)
  t.notOk(isWaiting(service) || isIgnored(service), `${name} waits no longer`)
  return addresses
}

/** The one address of a Service that is served. */
export async function expectAddress(t: Test, lb: LoadBalancers, name: ServiceName): Promise<string> {
  return (await expectServed(t, lb, name))[0] ?? ''
}

/** The Service is there, has no address, and says so to its announcer. */
export async function expectWaiting(t: Test, lb: LoadBalancers, name: ServiceName): Promise<void> {
  const service = await lb.service(name)
  t.ok(isHeld(service), `${name} has our finalizer`)
  t.ok(isWaiting(service), `${name} is marked as waiting`)
  t.ok(isIgnored(service), `kube-vip leaves ${name} alone`)
  t.strictSame(assignedTo(service), [], `${name} has no address`)
}

export async function expectGone(t: Test, lb: LoadBalancers, ...names: ServiceName[]): Promise<void> {
  for (const name of names) t.equal(await lb.service(name), undefined, `${name} is gone`)
}

const POLL_MS = 20
const EVENT_TRIES = 100

export interface EventWish {
  readonly type?: 'Normal' | 'Warning'
  readonly reason?: string
  readonly message?: RegExp
}

/** There is such an event about the Service, from where the service controller's events come. */
export async function expectEvent(
  t: Test,
  lb: LoadBalancers,
  name: ServiceName,
  { type, reason, message = /./ }: EventWish,
): Promise<void> {
  const fits = (event: ServiceEvent): boolean =>
    (type === undefined || event.type === type) &&
    (reason === undefined || event.reason === reason) &&
    message.test(event.message)
  // `serve` writes it a moment after what it tells of.
  const tries = lb.served ? EVENT_TRIES : 1
  let events: readonly ServiceEvent[] = []
  for (let count = 0; count < tries && !events.some(fits); count++) {
    if (count > 0) await sleep(POLL_MS)
    events = await lb.events(name)
  }
  const found = events.find(fits)
  const said = events.map(event => `${event.type} ${event.reason}: ${event.message}`)
  t.ok(found, `${name} has an event ${type ?? ''} ${reason ?? ''} ${message}`, { diagnostic: true, said })
  if (found) t.equal(found.source.component, 'service-controller')
}

/** Everything of ours in the cluster now, for `expectNothingLeft`. */
export const lookAround = (lb: LoadBalancers): Promise<Readonly<Record<string, string>>> =>
  readEverything(lb.cluster)

const MAY_STAY =
  /\/events |\/leases kube-system\/cloud-provider-phoenixnap|\/configmaps kube-system\/cloud-provider-phoenixnap/

/** Nothing of ours remains in the cloud, nor in the cluster but Leases and inventory. */
export async function expectNothingLeft(
  t: Test,
  lb: LoadBalancers,
  before: Readonly<Record<string, string>>,
): Promise<void> {
  t.strictSame(lb.blocks(), [], 'no block is left')
  const there = Object.keys(await lookAround(lb))
  const left = changedBetween(Object.fromEntries(there.map(name => [name, ''])), toNames(before))
  t.strictSame(
    left.filter(name => there.includes(name) && !MAY_STAY.test(name)),
    [],
    'no object is left',
  )
}

const toNames = (objects: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.keys(objects).map(name => [name, '']))

/** As many names as are asked for: `web-000`, `web-001`, … */
export const manyNames = (prefix: string, count: number): ServiceName[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(3, '0')}`)

/** A guard, not a measure: far above what is waited for, and below the limit of a file. */
const PATIENCE_MS = 20_000

/** Waits for a condition, and not for a time. */
export async function soon(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + PATIENCE_MS
  while (!(await holds())) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain until ${what}`)
    await sleep(POLL_MS)
  }
}

/** Its claim is known to be used by it: the ring after its creation was answered. */
export const untilConfirmed = (lb: LoadBalancers, name: ServiceName): Promise<void> =>
  soon(`the address of ${name} is confirmed`, async () => (await lb.claimsOf(name))[0]?.state === 'active')
