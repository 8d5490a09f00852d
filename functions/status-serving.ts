import type { Clock } from '../shared/clock.ts'
import type { Config } from '../shared/config.ts'
import type { Log } from '../shared/log.ts'
import type { Tracing } from '../shared/span.ts'
import type { GoProgramStatus } from '../shared/status/contract.ts'
import type { Decisions } from '../shared/status/decisions.ts'
import { findGoProgram } from '../shared/status/go-program.ts'
import { type FindGoProgram, type LookingApp, lookAtStatus } from './status-look.ts'
import { createStatusPage, type StatusPage } from './status-page.ts'

export interface StatusServingParts {
  readonly app: LookingApp
  readonly config: Pick<Config, 'statusToken'>
  readonly clock: Clock
  readonly log: Log
  readonly decisions: Decisions
  readonly token: () => string | undefined
  /** Where spans go; absent while nothing is exported. */
  readonly tracing?: Tracing | undefined
}

/** A look that takes longer is given up, and what was seen before is shown. */
const LOOK_MS = 60_000
/** Whoever starts the other program knows; and the shipped role may not look for it, which need not be tried each time. */
const GO_MS = 10 * 60_000

/** The pages of `serve`; undefined where no token was given. */
export function openStatusPage(parts: StatusServingParts): StatusPage | undefined {
  const { app, config, clock, ...others } = parts
  if (config.statusToken === undefined) return undefined
  const find = createRareSearch(clock)
  return createStatusPage({
    ...others,
    clock,
    look: signal => lookAtStatus(app, { deadline: clock.now() + LOOK_MS, signal }, find),
  })
}

function createRareSearch(clock: Clock): FindGoProgram {
  let known: { readonly found: GoProgramStatus; readonly at: number } | undefined
  return async (kube, signal) => {
    if (known && clock.now() - known.at < GO_MS) return known.found
    const found = await findGoProgram(kube, signal)
    // What was broken off tells nothing.
    if (!signal?.aborted) known = { found, at: clock.now() }
    return found
  }
}
