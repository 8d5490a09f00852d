import { hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import type { IPAddress, KubeService } from '../../kubernetes/types.ts'
import { GIVEN_BACK } from './blocks.ts'
import { StoryError } from './contract.ts'
import { describeChanges } from './program.ts'
import { assignedOf, externalOf, isHeld, isServed, isWaiting } from './service-state.ts'
import { BLOCK_GRACE_S, REST_S } from './stage.ts'
import type { Cast } from './story.ts'

/** So many find no address when they are created, and so many more use up the block that is bought for those: a /29. */
const FIRST = ['web', 'api', 'mail'] as const
const MORE = ['shop', 'docs'] as const
const REBORN = 'web'
/** The sixth: a second block is bought for it. */
const LAST = 'chat'
const SERVICES = '/api/v1/namespaces/default/services'
const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses'
const STATE = 'phoenixnap.com/state'

/** Services come, fill a block, have a second one bought, and one goes. @throws StoryError */
export async function playServices(cast: Cast): Promise<void> {
  const admin = await cast.stage.clientOf('admin')
  await waitForBlock(cast, admin)
  await fillBlock(cast, admin)
  const chat = await overflow(cast, admin)
  await giveBack(cast, admin, chat)
}

async function waitForBlock(cast: Cast, admin: Kube): Promise<void> {
  const { narrator, meter, clock } = cast
  narrator.chapter(
    'Services of type LoadBalancer are created, and no block of addresses has been bought yet: they wait, and share the first one.',
  )
  const [before, start] = [meter.total(), clock.now()]
  // At once: on a busy machine the block could be there before the last one.
  await Promise.all(FIRST.map(name => createWaiting(cast, admin, name)))
  const served = await Promise.all(FIRST.map(name => untilServed(cast, name)))
  for (const { name, at, address } of served)
    narrator.row(name, `EXTERNAL-IP ${address}`, { tookMs: at - start, mood: 'good' })
  await meter.settle()
  expectBlocks(cast, 1)
  narrator.row('all three', 'were served by one purchase', { cost: meter.since(before) })
}

async function createWaiting(cast: Cast, admin: Kube, name: string): Promise<void> {
  const { stored, tookMs } = await create(cast, admin, name)
  if (!isHeld(stored) || !isWaiting(stored)) throw new StoryError(`${name} is stored as one that waits`)
  cast.narrator.row(name, 'created; waits, and kube-vip passes it over', { tookMs })
}

/** The webhook answers while nothing is asked of BMC. */
async function fillBlock(cast: Cast, admin: Kube): Promise<void> {
  const { narrator, meter } = cast
  narrator.chapter('The block has free addresses: whoever comes now has one in the moment of its creation.')
  for (const name of MORE) {
    const before = meter.total()
    const { stored, tookMs, at } = await create(cast, admin, name)
    const [address] = assignedOf(stored)
    if (address === undefined || !isHeld(stored)) throw new StoryError(`${name} is stored with an address`)
    const served = await untilServed(cast, name)
    await meter.settle()
    narrator.row(name, `created with ${address}`, { tookMs, cost: meter.since(before), mood: 'good' })
    narrator.row(name, 'EXTERNAL-IP, written by kube-vip', { tookMs: Math.max(0, served.at - at) })
  }
}

/** @returns the address in the second block */
async function overflow(cast: Cast, admin: Kube): Promise<string> {
  const { narrator, meter, clock } = cast
  narrator.chapter('The block is full: a second one is bought for the next Service.')
  const [before, start] = [meter.total(), clock.now()]
  await createWaiting(cast, admin, LAST)
  await beReborn(cast, admin)
  const { at, address } = await untilServed(cast, LAST)
  narrator.row(LAST, `EXTERNAL-IP ${address}`, { tookMs: at - start, mood: 'good' })
  await meter.settle()
  expectBlocks(cast, 2)
  narrator.row('the sixth', 'was served by a second purchase', { cost: meter.since(before) })
  return address
}

/** A resting address is kept for whoever had it. */
async function beReborn(cast: Cast, admin: Kube): Promise<void> {
  const { narrator, view } = cast
  const address = externalOf(view.services.find(REBORN)).join()
  const tookMs = await remove(cast, admin, REBORN)
  narrator.row(REBORN, `deleted: ${address} rests (${REST_S} s here)`, { tookMs })
  const { stored, tookMs: againMs } = await create(cast, admin, REBORN)
  if (assignedOf(stored).join() !== address) throw new StoryError(`${REBORN} gets ${address} again`)
  narrator.row(REBORN, 'created again: the same address', { tookMs: againMs, mood: 'good' })
}

async function giveBack(cast: Cast, admin: Kube, address: string): Promise<void> {
  const { narrator, meter, clock } = cast
  narrator.chapter(
    'The last one goes: its address rests and is freed, and a block that nobody uses any more is given back. Nobody waits for a pass here.',
  )
  const [before, start] = [meter.total(), clock.now()]
  const goneMs = await remove(cast, admin, LAST)
  const state = await readState(admin, address)
  narrator.row(LAST, `deleted: ${address} is ${state}, and rests`, { tookMs: goneMs })
  await clock.sleep(REST_S * 1000)
  await passUntil(cast, `${address} is freed`, async () => (await readState(admin, address)) === 'free')
  narrator.row(LAST, `its address ${address} is free again`, { tookMs: clock.now() - start, mood: 'good' })
  await clock.sleep(BLOCK_GRACE_S * 1000)
  await passUntil(cast, 'block 2 is given back', () => isSecondGone(cast, admin))
  const tookMs = clock.now() - start
  await meter.settle()
  const cost = meter.since(before)
  narrator.row('block 2', 'nothing of it is left in BMC or the cluster', { tookMs, cost, mood: 'good' })
  expectStillServed(cast)
}

/** Neither in BMC nor by the object that lets handlers take its addresses, which bears the name of the first one. */
async function isSecondGone({ blocks }: Cast, admin: Kube): Promise<boolean> {
  const end = blocks.news.find(({ number, status }) => number === 2 && status === GIVEN_BACK)
  return end !== undefined && (await readState(admin, end.cidr.split('/')[0] ?? '')) === 'free'
}

function expectStillServed({ view }: Cast): void {
  for (const name of [...FIRST, ...MORE])
    if (!isServed(view.services.find(name))) throw new StoryError(`${name} is served to the end`)
}

function expectBlocks({ blocks, stage }: Cast, count: number): void {
  const bought = new Set(blocks.news.map(({ number }) => number)).size
  const asked = stage.bmc.requests.count('POST /ips/v1/ip-blocks')
  if (bought !== count || asked !== count) throw new StoryError(`${count} purchases, not ${asked}`)
}

interface Created {
  readonly stored: KubeService
  readonly tookMs: number
  /** Milliseconds since 1970 when it was stored. */
  readonly at: number
}

/** As `kubectl create service loadbalancer NAME --tcp=80` does. */
async function create({ clock }: Cast, admin: Kube, name: string): Promise<Created> {
  const ports = [{ name: '80', port: 80, protocol: 'TCP', targetPort: 80 }]
  const metadata = { name, labels: { app: name } }
  const body = { metadata, spec: { type: 'LoadBalancer', ports, selector: { app: name } } }
  const start = clock.now()
  const { body: stored } = await admin.request<KubeService>({ method: 'POST', path: SERVICES, body })
  return { stored, tookMs: clock.now() - start, at: clock.now() }
}

/** @returns the milliseconds until it was gone, and our finalizer before it */
async function remove({ view, clock }: Cast, admin: Kube, name: string): Promise<number> {
  const start = clock.now()
  await admin.request({ method: 'DELETE', path: `${SERVICES}/${name}` })
  const { at } = await view.services.until(name, `${name} is gone`, service => service === undefined)
  return Math.max(0, at - start)
}

interface Served {
  readonly name: string
  readonly address: string
  readonly at: number
}

async function untilServed({ view }: Cast, name: string): Promise<Served> {
  const { at, object } = await view.services.until(name, `${name} has an EXTERNAL-IP`, isServed)
  return { name, at, address: externalOf(object).join() }
}

/** State of an address's object, `free` without one. */
async function readState(admin: Kube, address: string): Promise<string> {
  try {
    const { body } = await admin.request<IPAddress>({ path: `${ADDRESSES}/${address}` })
    return body.metadata.annotations?.[STATE] ?? 'of no state'
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return 'free'
    throw error
  }
}

/** Six passes: an address, a block and what is left of it go one after the other. */
const PATIENCE_MS = 30_000
/** Above the time that BMC takes for one step here. */
const STEP_MS = 400

/** Has passes made, as the schedule does, until the test holds. */
async function passUntil(
  { clock, stage, narrator }: Cast,
  what: string,
  test: () => Promise<boolean>,
): Promise<void> {
  const giveUpAt = clock.now() + PATIENCE_MS
  while (!(await test())) {
    if (clock.now() > giveUpAt) throw new StoryError(what)
    const done = describeChanges(await stage.resync())
    if (done) narrator.row('operator', `runs resync: ${done}`)
    if (await test()) return
    await clock.sleep(STEP_MS)
  }
}
