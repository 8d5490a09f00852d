import { type Clock, systemClock } from '../../clock.ts'
import type { KubeNode, KubeService } from '../../kubernetes/types.ts'
import type { RequestEntry } from '../bmc/request-log.ts'
import { ANNOUNCER_USER, installAnnouncer, startAnnouncer } from './announcer.ts'
import { type BlockNews, GIVEN_BACK, isBought, watchBlocks } from './blocks.ts'
import {
  describeCost,
  describeNodes,
  describePurchases,
  describeServices,
  describeSightings,
  describeSurroundings,
  toWatchCommands,
} from './closing.ts'
import { type DemoIo, StoryError } from './contract.ts'
import { createMeter } from './costs.ts'
import { type MachineNews, startMachines } from './machines.ts'
import type { Narrator } from './narrator.ts'
import { wasSeenUninitialized } from './node-state.ts'
import { createOperator } from './operator.ts'
import { describeChanges, type Pass, startServe } from './program.ts'
import { playServices } from './service-story.ts'
import { buildStage, type Stage } from './stage.ts'
import { ADMITTED, type Cast, playNodes } from './story.ts'
import { type NodeView, watchObjects } from './watch.ts'

/** How the story ended: `ended` when somebody ended it before. */
export type Outcome = 'as told' | 'otherwise' | 'ended'

export interface PlayOptions extends DemoIo {
  readonly narrator: Narrator
  /** Ends with the story. */
  readonly once: boolean
}

/** Builds the stage, plays the story, and goes on until the signal comes unless it is played once. */
export async function play(options: PlayOptions): Promise<Outcome> {
  const { narrator, signal, once } = options
  await using resources = new AsyncDisposableStack()
  try {
    const cast = await gather(options, resources)
    await playNodes(cast)
    tellNodes(cast)
    await playServices(cast)
    tellEnd(cast)
    if (!once) await stay(cast, signal)
    return 'as told'
  } catch (error) {
    if (signal.aborted) return 'ended'
    if (!(error instanceof StoryError)) throw error
    narrator.say()
    narrator.row('demo', 'did not come out as told. Expected:', { mood: 'bad' })
    narrator.quote(error.message)
    return 'otherwise'
  }
}

/** Starts everybody; what is to be ended lies in `resources`. */
async function gather(options: PlayOptions, resources: AsyncDisposableStack): Promise<Cast> {
  const { narrator, run } = options
  const clock: Clock = systemClock
  const stage = await buildStage(options, resources)
  narrator.row('bmc', `API at ${stage.bmc.url}`, { mood: 'dim' })
  narrator.row('cluster', `API server at ${stage.kubernetes.url}`, { mood: 'dim' })
  if (!options.once) {
    narrator.say()
    narrator.say('To watch from another terminal:')
    for (const command of toWatchCommands(stage)) narrator.say(`  ${command}`)
    narrator.say()
  }
  const operator = createOperator(stage.bmc)
  const meter = createMeter(stage.bmc, stage.kubernetes, () => operator.calls(), clock)
  const end = new AbortController()
  const signal = AbortSignal.any([options.signal, end.signal])
  resources.defer(() => end.abort('the demo ends'))
  const view = await watchAll(stage, clock, signal)
  await stage.register()
  narrator.row('operator', 'runs register: role, webhook and audit files are in place', { mood: 'dim' })
  const serving = startServe({ ...stage.serve, run, clock, signal, onPass: pass => tellPass(narrator, pass) })
  resources.defer(async () => void (await serving.stop()))
  await serving.untilPass()
  const news = (told: MachineNews): void => tellNews(narrator, view.nodes, told)
  const servers = () => stage.bmc.backend.servers()
  const machines = startMachines({ ...stage, servers, meter, clock, signal, onNews: news })
  resources.defer(async () => {
    end.abort('the demo ends')
    await machines.ended
  })
  const blocks = watchBlocks({
    blocks: () => stage.bmc.backend.ipBlocks(),
    clock,
    signal,
    onNews: told => tellBlock(narrator, told),
  })
  const announcing = await announce(stage, clock, signal)
  resources.defer(async () => {
    end.abort('the demo ends')
    await Promise.all([blocks.ended, announcing()])
  })
  return { stage, serving, machines, operator, blocks, view, meter, narrator, clock }
}

async function watchAll({ kubernetes, ca }: Stage, clock: Clock, signal: AbortSignal): Promise<Cast['view']> {
  const target = { url: kubernetes.url, ca, token: kubernetes.tokenFor('admin') }
  const services = '/api/v1/namespaces/default/services'
  return {
    nodes: await watchObjects({ ...target, path: '/api/v1/nodes' }, clock, signal),
    services: await watchObjects({ ...target, path: services }, clock, signal),
  }
}

/** @returns a wait for its end */
async function announce(stage: Stage, clock: Clock, signal: AbortSignal): Promise<() => Promise<void>> {
  await installAnnouncer(await stage.clientOf('admin'))
  const kube = await stage.clientOf(ANNOUNCER_USER)
  const services = () => stage.kubernetes.store.list<KubeService>('services')
  const ended = startAnnouncer({ services, kube, node: 'worker-1', clock, signal })
  return () => ended
}

function tellPass(narrator: Narrator, { number, changes, requests, durationMs }: Pass): void {
  const done = describeChanges(changes)
  const bmc = Object.values(requests).reduce((sum, count) => sum + count, 0)
  narrator.row(`pass ${number}`, done || 'nothing to do', {
    tookMs: durationMs,
    bmc,
    ...(done ? {} : { mood: 'dim' }),
  })
}

function tellNews(narrator: Narrator, view: NodeView, news: MachineNews): void {
  switch (news.did) {
    case 'boot':
      return narrator.row(news.name, toBootText(news.isHeld), { mood: 'dim' })
    case 'stop':
      return narrator.row(news.name, `its server is ${news.status}: the kubelet is silent`, { mood: 'dim' })
    case 'join': {
      const { name, registration, tookMs, cost } = news
      if (registration === 'known')
        return narrator.row(name, 'its kubelet registers again: nothing changes', { tookMs, cost })
      return wasSeenUninitialized(view, name)
        ? narrator.row(name, 'joined tainted', { tookMs, cost })
        : narrator.row(name, 'joined, initialised before any client saw it', { tookMs, cost, mood: 'good' })
    }
  }
}

const toBootText = (isHeld: boolean): string =>
  isHeld ? 'booted; its kubelet is started later' : 'booted; its kubelet starts'

function tellBlock(narrator: Narrator, { number, cidr, status }: BlockNews): void {
  const text = status === GIVEN_BACK ? `${cidr} is given back to BMC` : `${cidr} is ${status}`
  narrator.row(`block ${number}`, text, { mood: 'dim' })
}

function tellNodes({ stage, view, narrator }: Cast): void {
  narrator.say()
  for (const line of describeNodes(stage.kubernetes.store.list<KubeNode>('nodes'))) narrator.say(`  ${line}`)
  narrator.say()
  narrator.say(describeSightings(view.nodes, ADMITTED))
}

const isBlockChange = ({ method, path }: RequestEntry): boolean =>
  method !== 'GET' && /^\/(ips|networks|tag-manager)\//.test(path)

function tellEnd({ stage, blocks, meter, narrator }: Cast): void {
  const services = stage.kubernetes.store.list<KubeService>('services')
  narrator.say()
  for (const line of describeServices(services)) narrator.say(`  ${line}`)
  narrator.say()
  const kept = stage.bmc.backend.ipBlocks().filter(isBought)
  const changes = [...stage.bmc.requests].filter(isBlockChange).length
  for (const line of describePurchases(services, blocks.news, kept, changes)) narrator.say(line)
  narrator.say(describeCost(meter.total()))
  narrator.praise('Everything came out as told.')
}

async function stay({ stage, narrator, machines }: Cast, signal: AbortSignal): Promise<void> {
  const [server] = stage.bmc.backend.servers()
  narrator.say()
  for (const line of describeSurroundings(stage, server?.id)) narrator.say(line)
  narrator.say()
  narrator.say('The demo goes on, and tells what happens, until Ctrl-C.')
  await Promise.race([
    machines.ended,
    new Promise(resolve => signal.addEventListener('abort', resolve, { once: true })),
  ])
}
