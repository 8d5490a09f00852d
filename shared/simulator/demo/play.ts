import { type Clock, systemClock } from '../../clock.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import { describeNodes, describeSurroundings, describeWhole, toWatchCommand } from './closing.ts'
import { type DemoIo, StoryError } from './contract.ts'
import { createMeter } from './costs.ts'
import { type MachineNews, startMachines } from './machines.ts'
import type { Narrator } from './narrator.ts'
import { createOperator } from './operator.ts'
import { type Pass, startServe } from './program.ts'
import { buildStage } from './stage.ts'
import { ADMITTED, type Cast, playStory } from './story.ts'
import { type NodeView, watchNodes } from './watch.ts'

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
    await playStory(cast)
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
    narrator.say(`To watch from another terminal:  ${toWatchCommand(stage)}`)
    narrator.say()
  }
  const operator = createOperator(stage.bmc)
  const meter = createMeter(stage.bmc, stage.kubernetes, () => operator.calls(), clock)
  const end = new AbortController()
  const signal = AbortSignal.any([options.signal, end.signal])
  resources.defer(() => end.abort('the demo ends'))
  const watch = { url: stage.kubernetes.url, ca: stage.ca, token: stage.kubernetes.tokenFor('admin') }
  const view = await watchNodes(watch, clock, signal)
  await stage.register()
  narrator.row('operator', 'runs register: role, webhook and audit files are in place', { mood: 'dim' })
  const serving = startServe({ ...stage.serve, run, clock, signal, onPass: pass => tellPass(narrator, pass) })
  resources.defer(async () => void (await serving.stop()))
  await serving.untilPass()
  const news = (told: MachineNews): void => tellNews(narrator, view, told)
  const servers = () => stage.bmc.backend.servers()
  const machines = startMachines({ ...stage, servers, meter, clock, signal, onNews: news })
  resources.defer(async () => {
    end.abort('the demo ends')
    await machines.ended
  })
  return { stage, serving, machines, operator, view, meter, narrator, clock }
}

function tellPass(narrator: Narrator, { number, changes, requests, durationMs }: Pass): void {
  const done = Object.entries(changes).map(([action, count]) =>
    count === 1 ? action : `${action} × ${count}`,
  )
  const bmc = Object.values(requests).reduce((sum, count) => sum + count, 0)
  const what = done.length === 0 ? 'nothing to do' : done.join(', ')
  narrator.row(`pass ${number}`, what, {
    tookMs: durationMs,
    bmc,
    ...(done.length === 0 ? { mood: 'dim' } : {}),
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
      return view.wasSeenUninitialized(name)
        ? narrator.row(name, 'joined tainted', { tookMs, cost })
        : narrator.row(name, 'joined, initialised before any client saw it', { tookMs, cost, mood: 'good' })
    }
  }
}

const toBootText = (isHeld: boolean): string =>
  isHeld ? 'booted; its kubelet is started later' : 'booted; its kubelet starts'

function tellEnd({ stage, view, meter, narrator }: Cast): void {
  narrator.say()
  for (const line of describeNodes(stage.kubernetes.store.list<KubeNode>('nodes'))) narrator.say(`  ${line}`)
  narrator.say()
  for (const line of describeWhole(view, meter.total(), ADMITTED)) narrator.say(line)
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
