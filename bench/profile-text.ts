/** A CPU profile as V8 writes it: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
  }[]
  /** Ids of nodes, one each time that was looked. */
  readonly samples: readonly number[]
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[]
}

/** What a function belongs to, and its share of the busy time in percent. */
export interface Share {
  readonly part: string
  readonly percent: number
}

/** Starting and warming up are over by then. */
const SETTLED = 0.5
const IDLE = '(idle)'

/** Who spent the time of the second half of a profile, itself and not what it called; most first. */
export function toShares({ nodes, samples, timeDeltas }: CpuProfile): readonly Share[] {
  const parts = new Map(nodes.map(({ id, callFrame }) => [id, toPart(callFrame)]))
  const all = timeDeltas.reduce((sum, delta) => sum + delta, 0)
  const spent = new Map<string, number>()
  let [now, busy] = [0, 0]
  for (const [index, id] of samples.entries()) {
    // A sample stands for the time until the next one.
    const delta = timeDeltas[index + 1] ?? 0
    now += timeDeltas[index] ?? 0
    const part = parts.get(id) ?? 'unknown'
    if (now < all * SETTLED || part === IDLE) continue
    spent.set(part, (spent.get(part) ?? 0) + delta)
    busy += delta
  }
  return [...spent]
    .map(([part, time]) => ({ part, percent: (100 * time) / busy }))
    .toSorted((a, b) => b.percent - a.percent)
}

const PACKAGE = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//
const OWN = /\/((?:functions|shared|bench)\/.+)$/

function toPart({ functionName, url }: CpuProfile['nodes'][number]['callFrame']): string {
  if (functionName === IDLE) return IDLE
  if (functionName === '(garbage collector)') return 'collecting garbage'
  const [, name] = PACKAGE.exec(url) ?? []
  if (name !== undefined) return name
  const [, file] = OWN.exec(url) ?? []
  if (file !== undefined) return file
  return url.startsWith('node:') ? 'Node: its libraries' : 'Node: system calls and the engine'
}

/** A table of those above so many percent, and the rest in one row. */
export function toSharesText(shares: readonly Share[], leastPercent: number): string {
  const named = shares.filter(({ percent }) => percent >= leastPercent)
  const rest = shares.slice(named.length).reduce((sum, { percent }) => sum + percent, 0)
  const rows = [...named, { part: `${shares.length - named.length} others`, percent: rest }]
  return [
    '| Where | Share |',
    '| --- | --- |',
    ...rows.map(({ part, percent }) => `| ${part} | ${percent.toFixed(1)} % |`),
  ].join('\n')
}
