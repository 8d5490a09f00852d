import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from '../test/support/api.ts'
import { createFakeNode, type FakeNode } from '../test/support/fake-kubelet.ts'
import { type Figure, toMeasured, toRatio } from './figure.ts'
import { isTainted, openJoinScene } from './join-scene.ts'
import type { Outcome } from './report.ts'
import { inTurns } from './rounds.ts'
import type { Run } from './stage.ts'
import { percentile } from './statistics.ts'

/** Joins in a second, and how many of them are measured in each round. */
interface Rate {
  readonly perSecond: number
  readonly joins: number
}

const FULL = {
  rounds: 3,
  rates: [
    { perSecond: 1, joins: 10 },
    { perSecond: 10, joins: 50 },
    { perSecond: 100, joins: 300 },
  ],
}
const QUICK = { rounds: 2, rates: [{ perSecond: 10, joins: 10 }] }
const REFERENCE = 'the same node without the taint, about which no webhook is asked'
const POLL_MS = 5
const PATIENCE_MS = 60_000

/**
 * From the moment at which a kubelet's POST of its Node is due until the Node is stored without the taint of those that wait
 * for a cloud provider: on a real API server that asks `serve` about it, and for a node that needs no cloud provider. Nodes come
 * at their time whether or not those before them have been answered. Each is new: no node has joined on its server before.
 */
export async function benchJoin(run: Run): Promise<Outcome> {
  const assets = process.env['KUBEBUILDER_ASSETS']
  if (!assets) return { skipped: 'KUBEBUILDER_ASSETS names no folder with kube-apiserver and etcd' }
  const { rates, rounds } = run.quick ? QUICK : FULL
  const names = createNames()
  const all = rates.reduce((sum, { joins }) => sum + joins * rounds, 0) + WARM_UP.joins
  const scene = await openJoinScene(
    run,
    assets,
    Array.from({ length: all }, (_, index) => nameOf(index)),
  )
  try {
    const measure = (rate: Rate, external: boolean): Promise<readonly number[]> =>
      joinAll(scene.api, rate, () => names.next(external), external)
    for (const external of [false, true]) await measure(WARM_UP, external)
    const figures: Figure[] = []
    for (const rate of rates) {
      const { ours, bare } = await inTurns(rounds, {
        bare: () => measure(rate, false),
        ours: () => measure(rate, true),
      })
      figures.push(...toFigures(rate, ours, bare))
    }
    return figures
  } finally {
    await scene.close()
  }
}

/** Opens connections, and has both sides compile what they run. */
const WARM_UP: Rate = { perSecond: 50, joins: 100 }

const nameOf = (index: number): string => `node-${String(index).padStart(5, '0')}`

function createNames(): { next(external: boolean): string } {
  let [ours, others] = [0, 0]
  return { next: external => (external ? nameOf(ours++) : `plain-${others++}`) }
}

/** @returns milliseconds of each */
async function joinAll(
  api: Api,
  { perSecond, joins }: Rate,
  nextName: () => string,
  external: boolean,
): Promise<readonly number[]> {
  const start = performance.now()
  const times = Array.from({ length: joins }, async (_, index) => {
    const due = start + (index * 1000) / perSecond
    await sleep(Math.max(due - performance.now(), 0))
    await joinOne(api, createFakeNode(nextName(), { external }))
    return performance.now() - due
  })
  return Promise.all(times)
}

async function joinOne(api: Api, body: FakeNode): Promise<void> {
  const { status, body: stored } = await api.call({ method: 'POST', path: '/api/v1/nodes', body })
  if (status !== 201) throw new Error(`a node was answered with ${status}: ${JSON.stringify(stored)}`)
  const giveUpAt = performance.now() + PATIENCE_MS
  let node: object = stored
  while (isTainted(node)) {
    if (performance.now() > giveUpAt) throw new Error(`${body.metadata.name} was never initialised`)
    await sleep(POLL_MS)
    node = (await api.call({ method: 'GET', path: `/api/v1/nodes/${body.metadata.name}` })).body
  }
}

function toFigures(
  { perSecond }: Rate,
  ours: readonly (readonly number[])[],
  bare: readonly (readonly number[])[],
): Figure[] {
  const name = `join, ${perSecond} a second`
  return [0.5, 0.99].flatMap(share => {
    const of = (rounds: readonly (readonly number[])[]): number[] =>
      rounds.map(times => percentile(times, share))
    const what = `${name}: p${share * 100}`
    return [
      toMeasured({ name: what, unit: 'ms' }, of(ours)),
      toMeasured({ name: `${what} without us`, unit: 'ms' }, of(bare)),
      toRatio({ name: `${what} / without us`, reference: REFERENCE }, of(ours), of(bare)),
    ]
  })
}
