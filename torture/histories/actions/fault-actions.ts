import type { Effect, Fate } from '../../world/contract.ts'
import { type DrawnFault, drawFault, drawWeather, TRAPS, type Trap } from '../network-faults.ts'
import { createPicks, type Picks } from '../picks.ts'
import type { Stage } from '../stage.ts'
import { type Action, defineAction } from './action.ts'

const DURATIONS = [20_000, 2000, 90_000, 400_000] as const
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const FATES: readonly Fate[] = ['killed before', 'killed after', 'not answered']
const SKEWS = {
  controllers: [30_000, -30_000, HOUR_MS, -HOUR_MS],
  cluster: [5000, -5000, MINUTE_MS, -MINUTE_MS, 10 * MINUTE_MS, -10 * MINUTE_MS, 3 * HOUR_MS, -3 * HOUR_MS],
  cloud: [5000, -5000, MINUTE_MS, -MINUTE_MS, 10 * MINUTE_MS, -10 * MINUTE_MS, 3 * HOUR_MS, -3 * HOUR_MS],
} as const
const CLIENT = ['sim-client', 'sim-secret'] as const
const OTHER_CLIENT = ['other-client', 'other-secret'] as const

/** Columns of the coverage, in the order in which they are printed. */
export const FAULT_NAMES: readonly string[] = [
  ...TRAPS.map(({ name }) => name),
  'cloud: list cut',
  'cloud: no credentials',
  'cloud: tokens revoked',
  'cloud: wrong account',
  'processes: killed',
  ...FATES.map(fate => `processes: ${fate}`),
  ...Object.keys(SKEWS).map(whose => `clocks: ${whose}`),
]

/** What the plan of a history wants from its start on. */
export function beginWeather(stage: Stage): void {
  const { weather } = stage.settings
  const trap = TRAPS.find(({ name }) => name === weather?.trap)
  if (trap && weather)
    begin(stage, trap, drawWeather(trap, createPicks([weather.pick]), isOurs(stage)), HOUR_MS)
}

function beginTrap(stage: Stage, picks: Picks, trap: Trap): boolean {
  const ms = picks.one(DURATIONS)
  begin(stage, trap, drawFault(trap, picks, isOurs(stage)), ms)
  return true
}

const isOurs =
  (stage: Stage) =>
  ({ from }: { readonly from: string }): boolean =>
    stage.isController(from)

function begin(stage: Stage, trap: Trap, { faults, words }: DrawnFault, ms: number): void {
  const [first, ...beside] = faults.map(fault => stage.world.network.add(fault))
  stage.tell(`for ${ms / 1000} s: ${words}`)
  const end = (): void => {
    for (const handle of [first, ...beside]) handle?.remove()
  }
  stage.faults.begin({ name: trap.name, hits: () => first?.hits ?? 0, end }, stage.agenda, ms)
}

const toTraps = (to: Trap['to'][], name: string, weight: number): Action =>
  defineAction(name, weight, (stage, picks) => {
    const trap = picks.of(TRAPS.filter(trap => to.includes(trap.to)))
    return trap !== undefined && beginTrap(stage, picks, trap)
  })

/** Requests to a side since it began: what every one of them suffers from. */
function beginForAll(
  stage: Stage,
  { name, end, to }: { name: string; end: () => void; to: Effect['side'] },
  ms: number,
): boolean {
  const hits = (): number => stage.requests(to)
  const start = hits()
  let isOver = false
  let last = start
  const fault = {
    name,
    hits: () => (isOver ? last : hits() - start),
    end: () => {
      last = hits() - start
      isOver = true
      end()
    },
  }
  stage.faults.begin(fault, stage.agenda, ms)
  return true
}

const clouds: readonly Action[] = [
  defineAction('cut the server list', 2, (stage, picks) => {
    const keep = picks.between(0, 2)
    const handle = stage.world.cloud.faults.cutServerList(keep)
    const ms = picks.one(DURATIONS)
    stage.tell(`for ${ms / 1000} s: the server list holds ${keep} servers`)
    stage.faults.begin(
      { name: 'cloud: list cut', hits: () => handle.hits, end: () => handle.remove() },
      stage.agenda,
      ms,
    )
    return true
  }),
  defineAction('withdraw the credentials', 1, (stage, picks) => {
    const { backend } = stage.world.cloud
    const ms = picks.one(DURATIONS)
    backend.withdrawCredentials()
    stage.tell(`for ${ms / 1000} s: the credentials are withdrawn`)
    const end = (): void => backend.setCredentials(...CLIENT)
    return beginForAll(stage, { name: 'cloud: no credentials', end, to: 'cloud' }, ms)
  }),
  defineAction('revoke the tokens', 1, stage => {
    stage.world.cloud.backend.revokeTokens()
    stage.tell('all tokens are revoked')
    return beginForAll(stage, { name: 'cloud: tokens revoked', end: () => {}, to: 'cloud' }, MINUTE_MS)
  }),
  defineAction('give the wrong account', 1, (stage, picks) => {
    const ms = picks.one(DURATIONS)
    stage.world.cloud.backend.account('other-account').addCredentials(...OTHER_CLIENT)
    stage.tell(`for ${ms / 1000} s: the controllers have credentials of another account`)
    const [PNAP_CLIENT_ID, PNAP_CLIENT_SECRET] = OTHER_CLIENT
    stage.supervisor.configure('account', { PNAP_CLIENT_ID, PNAP_CLIENT_SECRET })
    const end = (): void => stage.supervisor.configure('account', {})
    return beginForAll(stage, { name: 'cloud: wrong account', end, to: 'cloud' }, ms)
  }),
]

const processes: readonly Action[] = [
  defineAction('doom a process', 7, (stage, picks) => {
    const place = picks.of(stage.supervisor.places.filter(({ process }) => process.isAlive()))
    if (!place) return false
    const what = picks.of(FATES) ?? 'killed before'
    const doom = { what, after: picks.between(0, 12), downMs: picks.one([0, 3000, 40_000, 200_000]) }
    const before = stage.supervisor.met(what)
    stage.supervisor.doom(place, doom)
    stage.tell(`${place.process.name}: ${what} after ${doom.after} effects, down for ${doom.downMs / 1000} s`)
    const hits = (): number => stage.supervisor.met(what) - before
    stage.faults.begin({ name: `processes: ${what}`, hits, end: () => {} }, stage.agenda, HOUR_MS)
    return true
  }),
  defineAction('kill a process', 2, (stage, picks) => {
    const place = picks.of(stage.supervisor.places.filter(({ process }) => process.isAlive()))
    if (!place) return false
    const downMs = picks.one([0, 3000, 40_000, 200_000])
    stage.tell(`${place.process.name} is killed for ${downMs / 1000} s`)
    stage.supervisor.kill(place, downMs)
    return beginForAll(
      stage,
      { name: 'processes: killed', end: () => {}, to: 'cluster' },
      Math.max(downMs, MINUTE_MS),
    )
  }),
  defineAction('skew a clock', 2, (stage, picks) => {
    const whose = picks.one(['controllers', 'cluster', 'cloud'])
    const skew = picks.of(SKEWS[whose]) ?? 0
    const ms = picks.one(DURATIONS)
    stage.world.clock.skew(whose, skew)
    stage.tell(`for ${ms / 1000} s: the clock of the ${whose} is ${skew / 1000} s off`)
    const end = (): void => stage.world.clock.skew(whose, 0)
    return beginForAll(
      stage,
      { name: `clocks: ${whose}`, end, to: whose === 'cloud' ? 'cloud' : 'cluster' },
      ms,
    )
  }),
]

export const FAULT_ACTIONS: readonly Action[] = [
  toTraps(['cluster'], 'trouble with the cluster', 9),
  toTraps(['cloud'], 'trouble with the cloud', 9),
  toTraps(['admission', 'audit', 'reconcile'], 'trouble with reviews and rings', 6),
  ...clouds,
  ...processes,
]
