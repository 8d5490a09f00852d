import { watchWorld } from '../invariants/of-world.ts'
import type { World } from '../world/contract.ts'

/** What must never happen, looked for while a history is told. */
export interface Watch {
  /** What was found so far, in words, each once. */
  found(): readonly string[]
  /** What is wrong now that everything has come to rest. */
  atRest(): readonly string[]
  /** Somebody who is no controller has had a hand on a block or an address, which no request tells of. */
  touched(id: string): void
  /** While it is so, nothing may be written at all, the Lease of passes aside. */
  resting(isResting: boolean): void
  /** Objects of these names stay bad for good: at rest nothing is asked of them. */
  spoil(...names: readonly string[]): void
  /** Whether a name, or a text that names one, is of these. */
  isSpoilt(text: string): boolean
  /** The API server's clock is off by so many milliseconds. */
  clusterIsOff(ms: number): void
}

/** Between names in a text. */
const SEPARATORS = /[\s,[\]()]+/

export function watch(world: World): Watch {
  let skew = 0
  const spoilt: string[] = []
  const isSpoilt = (text: string): boolean => text.split(SEPARATORS).some(word => spoilt.includes(word))
  const clusterNow = (): number => world.clock.now() + skew
  const { checker, violations } = watchWorld(world, { clusterNow, isSpoilt })
  const start = world.clock.now()
  const toText = ({ invariant, at, object, what }: (typeof violations)[number]): string =>
    `${invariant} at ${((at - start) / 1000).toFixed(3)} ${object}: ${what}`
  return {
    found: () => [...new Set(violations.map(toText))],
    atRest: () => checker.atRest().map(toText),
    spoil: (...names) => void spoilt.push(...names),
    isSpoilt,
    resting: isResting => (isResting ? checker.rest() : checker.wake()),
    touched: id => checker.touched(id),
    clusterIsOff: ms => void (skew = ms),
  }
}
