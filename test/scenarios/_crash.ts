import type { Test } from 'tap'
import type { Controllers, ReconcileKey } from '../../shared/controllers/contract.ts'
import { assets, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { isHeld, nameOf } from '../support/services.ts'
import { type LoadBalancers, type LoadBalancersOptions, startLoadBalancers } from './_load-balancers.ts'
import { createMortal, type Fate, type Mortal } from './_mortal.ts'
import { sendReviewed, type Way } from './_reviews.ts'
import { expectSound, findPublicationFaults } from './_sound.ts'

const WORK_MS = 20_000
const PASS_MS = 60_000
/** What the cloud takes for a step in stories, and a little more. */
const STEP_MS = 60_001
/** After which the Leases of a process that was killed hold nobody up. */
const LEASES_MS = 61_000
const MAX_ROUNDS = 50

/** What users do while one process after the other looks after the cluster. */
export interface Stage {
  readonly lb: LoadBalancers
  /** Requests are reviewed by the process that is alive. */
  readonly user: Way
  /** The process that is alive works on what was rung, and makes passes, until there is nothing to do. */
  readonly work: () => Promise<void>
}

export interface CrashStory {
  readonly name: string
  readonly options?: LoadBalancersOptions
  /** Before anything can go wrong. */
  prepare?(lb: LoadBalancers): Promise<void>
  tell(stage: Stage): Promise<void>
  /** Users name the address themselves: nobody can keep kube-vip from it where the review of that has no end. */
  readonly isNamedByUser?: boolean
  /** How it has to end, whatever happened. */
  verify(t: Test, lb: LoadBalancers): Promise<void>
  /** Effects that are among those at which it is killed. */
  readonly passes: readonly RegExp[]
}

/** Of the effects on the real API server, where a story takes long: one in so many. */
const SHARE = 10

/**
 * Tells the story once undisturbed; and on the real API server once for a share of its effects and what may become of the
 * process at each: another process goes on, and the story has to end as it would have. On the simulator every effect of
 * these and other stories is told on a virtual clock (torture/crashes/), in a fraction of the time.
 */
export function crashEverywhere(t: Test, story: CrashStory): void {
  t.test(`${story.name} (simulator)`, async t => {
    const cluster = await startTestCluster(t, { kind: 'simulator', plain: true })
    await tellUndisturbed(t, cluster, story)
  })
  t.test(`${story.name} (apiserver)`, { skip: assets ? false : 'needs KUBEBUILDER_ASSETS' }, async t =>
    crashAll(t, await startTestCluster(t, { kind: 'apiserver' }), story),
  )
}

/** @returns its effects */
async function tellUndisturbed(t: Test, cluster: TestCluster, story: CrashStory): Promise<readonly string[]> {
  let effects: readonly string[] = []
  await t.test('undisturbed', async t => {
    effects = (await play(t, cluster, story)).effects
    for (const pattern of story.passes)
      t.ok(
        effects.some(effect => pattern.test(effect)),
        `${pattern} is among its effects`,
      )
  })
  return effects
}

async function crashAll(t: Test, cluster: TestCluster, story: CrashStory): Promise<void> {
  const effects = await tellUndisturbed(t, cluster, story)
  const fates = toFates(effects.length).filter((_, index) => index % SHARE === 0)
  for (const fate of fates)
    await t.test(`${fate.what} ${fate.at} (${effects[fate.at]})`, async t => {
      const { isOver } = await play(t, cluster, story, fate)
      t.ok(isOver(), 'it came so far')
    })
}

/** What is left by who is killed after an effect is what is left by who is killed before the next one. */
const toFates = (count: number): readonly Fate[] => [
  ...Array.from({ length: count }, (_, at) => ({ what: 'killed before', at }) as const),
  { what: 'killed after', at: count - 1 },
  ...Array.from({ length: count }, (_, at) => ({ what: 'not answered', at }) as const),
]

interface Played {
  readonly effects: readonly string[]
  /** The fate that was meant for it has come. */
  readonly isOver: () => boolean
}

async function play(t: Test, cluster: TestCluster, story: CrashStory, fate?: Fate): Promise<Played> {
  const lb = await startLoadBalancers(t, cluster, story.options)
  await story.prepare?.(lb)
  const mortal = await createMortal(t, lb, fate)
  await story.tell(createStage(t, lb, mortal, story, fate))
  await story.verify(t, lb)
  await expectSound(t, lb)
  const { effects } = mortal
  return { effects, isOver: () => mortal.isDead() || (fate !== undefined && effects.length > fate.at) }
}

function createStage(t: Test, lb: LoadBalancers, mortal: Mortal, story: CrashStory, fate?: Fate): Stage {
  const rung: ReconcileKey[] = []
  let isStruck = false
  const heir = lb.world.app.controllers
  const current = (): Controllers => (mortal.isDead() ? heir : mortal.controllers)
  const reviewing: Controllers = { ...heir, admitService: (...args) => current().admitService(...args) }
  const parts = { controllers: reviewing, clock: lb.clock }
  const user = sendReviewed(lb.api, parts, keys => void rung.push(...keys))

  /** Once its fate has come: with a process goes what was rung in it, and a Lease that it held has to become old. */
  async function inherit(isLookedAt = true): Promise<void> {
    if (isStruck || !fate || mortal.effects.length <= fate.at) return
    isStruck = true
    if (isLookedAt) await look()
    if (mortal.isDead()) rung.length = 0
    await lb.timePasses(LEASES_MS)
  }

  async function look(): Promise<void> {
    await lb.reconcile([])
    t.strictSame(await findFaults(lb), [], 'what it left behind is in order')
  }

  /** @returns whether there was nothing to do */
  async function workOnce(): Promise<boolean> {
    const before = toText(lb)
    const keys = rung.splice(0)
    if (keys.length > 0) await current().reconcile(keys, { deadline: lb.clock.now() + WORK_MS })
    await inherit()
    const wasStruck = isStruck
    const report = await current()
      .resync({ deadline: lb.clock.now() + PASS_MS })
      .catch(() => undefined)
    await inherit()
    await lb.reconcile([])
    lb.clock.forward(STEP_MS)
    const isQuiet = report?.state === 'complete' && report.changes.length === 0 && rung.length === 0
    return isQuiet && wasStruck === isStruck && before === toText(lb)
  }

  async function work(): Promise<void> {
    await inherit(!story.isNamedByUser)
    for (let round = 0; round < MAX_ROUNDS; round++) if (await workOnce()) return
    throw new Error(`nothing settled within ${MAX_ROUNDS} rounds`)
  }

  return { lb, user, work }
}

/** At any moment: nobody is sent to a wrong address, and no claim is in use by a Service that was let go. */
async function findFaults(lb: LoadBalancers): Promise<readonly string[]> {
  const [services, claims] = [await lb.services(), await lb.claims()]
  const leaked = claims.flatMap(({ address, service, state }) => {
    if (state !== 'active') return []
    const parent = services.find(candidate => nameOf(candidate) === service)
    if (!parent) return [`${address} is in use by ${service}, which is gone`]
    const isWanted = parent.spec?.type === 'LoadBalancer'
    return isWanted || isHeld(parent) ? [] : [`${service} was let go with ${address} in use`]
  })
  return [...(await findPublicationFaults(lb)), ...leaked]
}

const toText = (lb: LoadBalancers): string =>
  JSON.stringify(lb.blocks().map(({ id, status, tags }) => ({ id, status, tags })))
