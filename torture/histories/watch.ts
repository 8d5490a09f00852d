import { toSettings, watchWorld } from '../invariants/of-world.ts'
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
  /** An operator gives the controllers these settings over the world's own, instead of those given before. */
  configured(environment: Readonly<Record<string, string>>): void
}

/** For so long those who have the settings of before may be on their way. */
const OVERLAP_MS = 5 * 60_000
/** Between names in a text. */
const SEPARATORS = /[\s,[\]()]+/

export function watch(world: World): Watch {
  const settings = { ...toSettings(world.environment) }
  let configurations = 0

  /**
   * More spare addresses and blocks, shorter rests and less that may be retained count at once; the contrary when all
   * that was begun before has ended. What is due is so by the longest rests meanwhile.
   */
  async function configure(environment: Readonly<Record<string, string>>): Promise<void> {
    const number = (configurations += 1)
    const wanted = toSettings({ ...world.environment, ...environment })
    const minFreeAddresses = Math.max(wanted.minFreeAddresses, settings.minFreeAddresses)
    const releaseQuarantineMs = Math.min(wanted.releaseQuarantineMs, settings.releaseQuarantineMs)
    const everybodyRetains = wanted.everybodyRetains && settings.everybodyRetains
    const typeChangeQuarantineMs = Math.min(wanted.typeChangeQuarantineMs, settings.typeChangeQuarantineMs)
    const blockGraceMs = Math.min(wanted.blockGraceMs, settings.blockGraceMs)
    const maxBlocks = Math.max(wanted.maxBlocks, settings.maxBlocks)
    const longest = {
      releaseQuarantineMs: Math.max(wanted.releaseQuarantineMs, settings.longest.releaseQuarantineMs),
      blockGraceMs: Math.max(wanted.blockGraceMs, settings.longest.blockGraceMs),
    }
    const soon = {
      minFreeAddresses,
      releaseQuarantineMs,
      everybodyRetains,
      typeChangeQuarantineMs,
      blockGraceMs,
      longest,
      maxBlocks,
    }
    Object.assign(settings, wanted, soon)
    await world.clock.sleep(OVERLAP_MS)
    if (number === configurations) Object.assign(settings, wanted)
  }

  const spoilt: string[] = []
  const isSpoilt = (text: string): boolean => text.split(SEPARATORS).some(word => spoilt.includes(word))
  const { checker, violations } = watchWorld(world, { isSpoilt, settings })
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
    configured: environment => void configure(environment),
  }
}
