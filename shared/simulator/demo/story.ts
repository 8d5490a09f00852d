import type { Clock } from '../../clock.ts'
import { MISSING_SINCE, NAME, SHUTDOWN_TAINT } from '../../kubernetes/names.ts'
import type { Blocks } from './blocks.ts'
import { StoryError } from './contract.ts'
import type { Meter } from './costs.ts'
import { listEvents, untilEvent } from './events.ts'
import { register } from './kubelet.ts'
import type { Machines } from './machines.ts'
import type { Narrator } from './narrator.ts'
import { hasTaint, isInitialised, isReady, isUninitialized, wasSeenUninitialized } from './node-state.ts'
import type { Operator } from './operator.ts'
import type { Serving } from './program.ts'
import { GRACE_S, INTERVAL_S, type Stage } from './stage.ts'
import type { NodeView, ServiceView } from './watch.ts'

/** Everybody who has a part in the story. */
export interface Cast {
  readonly stage: Stage
  readonly serving: Serving
  readonly machines: Machines
  readonly operator: Operator
  readonly blocks: Blocks
  /** What a client sees that watches all the time. */
  readonly view: { readonly nodes: NodeView; readonly services: ServiceView }
  readonly meter: Meter
  readonly narrator: Narrator
  readonly clock: Clock
}

/** Nodes that the webhook reviews: no client may ever see one of them uninitialised. */
export const ADMITTED = ['worker-1', 'worker-2', 'worker-4'] as const
const UNREVIEWED = 'worker-3'
const STRANGER = 'stranger'
const WEBHOOKS = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${NAME}`

/** Ids of servers. */
interface Fates {
  readonly poweredOff: string
  readonly deleted: string
}

/** Plays what becomes of nodes. @throws StoryError at the first thing that does not come out as told */
export async function playNodes(cast: Cast): Promise<void> {
  const fates = await joinOneAfterTheOther(cast)
  await joinWithoutWebhook(cast)
  const deletedAt = await leaveToPass(cast, fates)
  await joinAfterPass(cast)
  await powerOn(cast, fates)
  await loseNode(cast, deletedAt)
  for (const name of ADMITTED) expectNeverTainted(cast.view.nodes, name)
}

async function joinOneAfterTheOther({ operator, machines, narrator, view }: Cast): Promise<Fates> {
  narrator.chapter(
    'Servers are ordered from BMC. Each boots in its own time, and its kubelet joins the cluster.',
  )
  for (const hostname of [UNREVIEWED, 'worker-4']) machines.hold(hostname)
  const order = async (hostname: string): Promise<string> => {
    const id = await operator.order(hostname)
    narrator.row(hostname, `ordered: server ${id}`, { mood: 'dim' })
    return id
  }
  const fates = { poweredOff: await order('worker-1'), deleted: await order('worker-2') }
  for (const hostname of [UNREVIEWED, 'worker-4']) await order(hostname)
  for (const name of ['worker-1', 'worker-2']) {
    await view.nodes.until(name, `${name} joins and becomes Ready`, isReady)
    expectNeverTainted(view.nodes, name)
  }
  return fates
}

/** The first version that a client saw was initialised, and so was every other one. */
function expectNeverTainted(view: NodeView, name: string): void {
  const first = view.sightings.find(({ object }) => object.metadata.name === name)
  if (!isInitialised(first?.object)) throw new StoryError(`the first version of ${name} is initialised`)
  if (wasSeenUninitialized(view, name)) throw new StoryError(`no client ever sees ${name} uninitialised`)
}

async function joinWithoutWebhook({ stage, machines, view, narrator }: Cast): Promise<void> {
  narrator.chapter(
    'The webhook is switched off for a moment: a node joins tainted, and the audit log rings for it.',
  )
  const admin = await stage.clientOf('admin')
  await admin.request({ method: 'DELETE', path: WEBHOOKS })
  narrator.row('operator', 'deletes the webhook configuration', { mood: 'dim' })
  machines.release(UNREVIEWED)
  const joined = await view.nodes.until(UNREVIEWED, `${UNREVIEWED} joins`, node => node !== undefined)
  const mended = await view.nodes.until(UNREVIEWED, `${UNREVIEWED} is initialised after all`, isInitialised)
  if (!isUninitialized(joined.object)) throw new StoryError(`${UNREVIEWED} joins tainted without the webhook`)
  await view.nodes.until(UNREVIEWED, `${UNREVIEWED} becomes Ready`, isReady)
  const tookMs = mended.at - joined.at
  narrator.row(UNREVIEWED, 'initialised by audit and reconcile', { tookMs, mood: 'good' })
  await stage.register()
  narrator.row('operator', 'runs register again: the webhook is back', { mood: 'dim' })
}

/** What only a list of all servers tells. @returns when the server was deleted */
async function leaveToPass(cast: Cast, { poweredOff, deleted }: Fates): Promise<number> {
  const { operator, narrator, clock } = cast
  narrator.chapter(
    `A machine joins that is no server, one server is powered off, one is deleted: the next pass tells (each ${INTERVAL_S} s here, 60 s by default).`,
  )
  const start = clock.now()
  await operator.powerOff(poweredOff)
  narrator.row('worker-1', 'powered off in BMC', { mood: 'dim' })
  await operator.delete(deleted)
  narrator.row('worker-2', 'deleted in BMC', { mood: 'dim' })
  const told = joinUnknown(cast)
  // Should another wait fail first, nobody takes this one's failure.
  told.catch(() => {})
  await tellLost(cast, start)
  const { message, tookMs } = await told
  narrator.row(STRANGER, 'stays uninitialised, with one event:', { tookMs, mood: 'good' })
  narrator.quote(message)
  return start
}

async function joinUnknown(cast: Cast): Promise<{ message: string; tookMs: number }> {
  const { stage, view, narrator, clock } = cast
  const start = clock.now()
  await register(await stage.clientOf(`system:node:${STRANGER}`), { name: STRANGER, machineID: STRANGER })
  narrator.row(STRANGER, 'joined tainted: no server has its name', { mood: 'dim' })
  const message = await untilEvent(cast, STRANGER, 'InstanceNotFound')
  if (!isUninitialized(view.nodes.find(STRANGER))) throw new StoryError(`${STRANGER} stays uninitialised`)
  return { message, tookMs: clock.now() - start }
}

async function tellLost({ view, narrator, serving }: Cast, start: number): Promise<void> {
  const tainted = await view.nodes.until('worker-1', 'worker-1 gets the shutdown taint', node =>
    hasTaint(node, SHUTDOWN_TAINT),
  )
  const marked = await view.nodes.until(
    'worker-2',
    'worker-2 is marked as missing',
    node => node?.metadata.annotations?.[MISSING_SINCE] !== undefined,
  )
  await serving.untilPass('markMissing')
  narrator.row('worker-1', 'got the shutdown taint', { tookMs: tainted.at - start, mood: 'good' })
  narrator.row('worker-2', `not Ready, marked as missing and kept (${GRACE_S} s here)`, {
    tookMs: marked.at - start,
    mood: 'good',
  })
}

async function joinAfterPass({ machines, view, narrator }: Cast): Promise<void> {
  narrator.chapter(
    'After a pass the inventory knows the servers: whoever joins now costs the BMC API next to nothing.',
  )
  machines.release('worker-4')
  await view.nodes.until('worker-4', 'worker-4 joins and becomes Ready', isReady)
  expectNeverTainted(view.nodes, 'worker-4')
}

async function powerOn({ operator, view, narrator }: Cast, { poweredOff }: Fates): Promise<void> {
  narrator.chapter('The one server is powered on again, the other one is gone for good.')
  await operator.powerOn(poweredOff)
  narrator.row('worker-1', 'powered on in BMC', { mood: 'dim' })
  const ready = await view.nodes.until('worker-1', 'worker-1 is Ready again', isReady)
  const usable = await view.nodes.until(
    'worker-1',
    'worker-1 loses the shutdown taint',
    node => !hasTaint(node, SHUTDOWN_TAINT),
  )
  const tookMs = Math.max(0, usable.at - ready.at)
  narrator.row('worker-1', 'Ready, and the shutdown taint is gone', { tookMs, mood: 'good' })
}

async function loseNode(cast: Cast, deletedAt: number): Promise<void> {
  const { view, narrator, stage, serving } = cast
  const gone = await view.nodes.until('worker-2', 'worker-2 is deleted', node => node === undefined)
  const message = await untilEvent(cast, 'worker-2', 'DeletingNode')
  await serving.untilPass('deleteNode')
  narrator.row('worker-2', 'node deleted, with the event:', { tookMs: gone.at - deletedAt, mood: 'good' })
  narrator.quote(message)
  const events = listEvents(stage, STRANGER)
  if (events.length !== 1) throw new StoryError(`${STRANGER} has one event, not ${events.length}`)
}
