import * as fc from 'fast-check'
import { TRAPS } from './network-faults.ts'

/** What a seed stands for: everything that is decided before the first request, as plain JSON. */
export interface Plan {
  readonly settings: PlanSettings
  readonly steps: readonly Step[]
  readonly end: End
}

/** `rest`: what is there stays. `removed`: every Service is deleted, and nothing may be left of them. */
export type End = 'rest' | 'removed'

export interface PlanSettings {
  readonly announcer: 'kube-vip' | 'metallb' | 'cilium' | 'purelb' | 'direct'
  readonly allocation: 'packed' | 'dedicated'
  readonly blockSize: 'auto' | '/28' | '/29' | '/30'
  /** Rest of addresses and of blocks: about a minute each, or as by default. */
  readonly rests: 'short' | 'default'
  readonly minFreeAddresses: number
  readonly maxBlocks: number
  readonly dualStack: boolean
  /** Where the controllers run, one process or set of functions each. */
  readonly hosts: readonly ('serve' | 'functions')[]
  readonly webhook: boolean
  readonly audit: boolean
  /** Blocks that the cluster has from the start. */
  readonly blocks: readonly string[]
  /** Blocks of another cluster on the same network, from the start. */
  readonly neighbours: readonly string[]
  /** Time that a request takes at the most. */
  readonly latencyMs: number
  readonly weather: Weather | undefined
}

/** What goes wrong again and again for the whole history, beside what its steps begin. */
export interface Weather {
  /** Name of a trap. */
  readonly trap: string
  /** By which it chooses the rest. */
  readonly pick: number
}

/** Which action, with numbers by which it chooses among what is there, and what passes after it was begun. */
export interface Step {
  readonly action: string
  readonly picks: readonly number[]
  readonly waitMs: number
}

/** Numbers of a step: enough for every action. */
const PICKS = 6
const LARGEST_PICK = 999
const MOST_STEPS = 60

/** Short ones let steps overlap; long ones let passes, rests and time limits come in between. */
const WAITS = [
  [10, 0],
  [6, 3],
  [6, 30],
  [6, 300],
  [6, 2000],
  [5, 7000],
  [4, 20_000],
  [3, 61_000],
  [1, 300_000],
] as const

const weather: fc.Arbitrary<Weather> = fc.record({
  trap: fc.constantFrom(...TRAPS.map(({ name }) => name)),
  pick: fc.nat(LARGEST_PICK),
})

const settings: fc.Arbitrary<PlanSettings> = fc.record({
  announcer: weighted([
    [5, 'kube-vip'],
    [3, 'metallb'],
    [2, 'direct'],
    [1, 'cilium'],
    [1, 'purelb'],
  ] as const),
  allocation: weighted([
    [3, 'packed'],
    [1, 'dedicated'],
  ] as const),
  blockSize: weighted([
    [2, 'auto'],
    [2, '/29'],
    [1, '/28'],
    [1, '/30'],
  ] as const),
  rests: weighted([
    [3, 'short'],
    [1, 'default'],
  ] as const),
  minFreeAddresses: weighted([
    [4, 0],
    [1, 1],
    [1, 4],
  ] as const),
  maxBlocks: weighted([
    [3, 10],
    [1, 2],
    [1, 1],
  ] as const),
  dualStack: weighted([
    [5, false],
    [1, true],
  ] as const),
  hosts: weighted([
    [3, ['serve']],
    [3, ['serve', 'serve']],
    [2, ['functions']],
    [2, ['serve', 'functions']],
  ] as const),
  webhook: weighted([
    [4, true],
    [1, false],
  ] as const),
  audit: weighted([
    [3, true],
    [1, false],
  ] as const),
  blocks: weighted([
    [2, []],
    [3, ['/29']],
    [1, ['/30']],
    [1, ['/29', '/30']],
  ] as const),
  neighbours: weighted([
    [2, []],
    [2, ['/29']],
    [1, ['/28', '/30', '/29']],
  ] as const),
  latencyMs: fc.constantFrom(40, 5, 400),
  weather: fc.option(weather, { nil: undefined, freq: 2 }),
})

/** What must be there for a trap to strike at all. */
const PRESENT: Readonly<Record<(typeof TRAPS)[number]['to'], Partial<PlanSettings>>> = {
  cluster: {},
  cloud: {},
  admission: { webhook: true },
  audit: { webhook: true, audit: true },
  reconcile: { webhook: true, audit: true, hosts: ['functions'] },
}

const withPresent = (drawn: PlanSettings): PlanSettings => {
  const trap = TRAPS.find(({ name }) => name === drawn.weather?.trap)
  return { ...drawn, ...(trap && PRESENT[trap.to]) }
}

function weighted<T>(values: readonly (readonly [weight: number, value: T])[]): fc.Arbitrary<T> {
  return fc.oneof(...values.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))
}

const toStep = (actions: readonly Weighted[]): fc.Arbitrary<Step> =>
  fc.record({
    action: weighted(actions.map(({ weight, name }) => [weight, name] as const)),
    picks: fc.array(fc.nat(LARGEST_PICK), { minLength: PICKS, maxLength: PICKS, size: 'max' }),
    waitMs: weighted(WAITS),
  })

/** An action by its name; among 100 steps it is taken about `weight` times in the sum of all weights. */
export interface Weighted {
  readonly name: string
  readonly weight: number
}

/** All plans. Shrinking takes steps away, down to none, and makes the rest simpler. */
export const toPlans = (actions: readonly Weighted[]): fc.Arbitrary<Plan> =>
  fc.noBias(
    fc.record({
      settings: settings.map(withPresent),
      steps: fc.array(toStep(actions), { maxLength: MOST_STEPS, size: 'max' }),
      end: weighted([
        [2, 'rest'],
        [1, 'removed'],
      ] as const),
    }),
  )

/** The plan of a seed: the first that fast-check tries with it. */
export function drawPlan(actions: readonly Weighted[], seed: number): Plan {
  const [plan] = fc.sample(toPlans(actions), { seed, numRuns: 1 })
  if (!plan) throw new Error(`no plan for seed ${seed}`)
  return plan
}
