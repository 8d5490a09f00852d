import { diag } from '@opentelemetry/api'
import { setGlobalErrorHandler } from '@opentelemetry/core'
import type { Clock } from '../clock.ts'
import { CcmError } from '../errors.ts'
import { type Log, redact, secretForms } from '../log.ts'

export interface TroubleOptions {
  readonly log: Pick<Log, 'warn'>
  readonly clock: Pick<Clock, 'now'>
  /** What no line may hold. */
  readonly secrets: readonly string[]
}

type Tell = (error: unknown) => void

/** What goes wrong with spans: told seldom, and never in the way of the work. */
export interface Troubles {
  /** One line for what happens again and again; what a collector answers stands in it. */
  readonly tell: Tell
  /** Variables that the SDK reads by itself and cannot follow: it takes their defaults. */
  tellIgnored(problems: readonly unknown[]): void
  /** Waits for `work` unless such work failed a moment ago. Never throws. */
  patiently(work: () => Promise<void>): Promise<void>
}

/** A collector that did not answer is not waited for again within this time, and its failures are one line. */
const PATIENCE_MS = 60_000

export function createTroubles({ log, clock, secrets }: TroubleOptions): Troubles {
  const forms = secrets.flatMap(secretForms)
  let [nextLineAt, nextWaitAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]

  function tell(error: unknown): void {
    if (clock.now() < nextLineAt) return
    nextLineAt = clock.now() + PATIENCE_MS
    const message = error instanceof Error ? error.message : String(error)
    const { code, action } = new CcmError('TELEMETRY_FAILED', message)
    log.warn({ code, why: redact(message, forms), action }, 'spans may be lost')
  }

  return {
    tell,
    tellIgnored(problems) {
      const { code, message, action } = new CcmError('TELEMETRY_UNUSABLE', problems.map(String).join('; '))
      const fields = { code, problems: redact(message, forms), action }
      log.warn(fields, 'variables of OpenTelemetry have no effect')
    },
    async patiently(work) {
      if (clock.now() < nextWaitAt) return
      await work().catch((errors: unknown) => {
        nextWaitAt = clock.now() + PATIENCE_MS
        tell(Array.isArray(errors) ? errors[0] : errors)
      })
    },
  }
}

const quiet = (): void => {}

/** The SDK tells of its troubles to the whole process, so there is one place for them. */
export function hearTroubles(tell: Tell): void {
  // A component of the SDK puts its name before what it says.
  const join = (...said: unknown[]): void => tell(said.map(String).join(' '))
  const logger = { error: join, warn: join, info: quiet, debug: quiet, verbose: quiet }
  diag.setLogger(logger, { suppressOverrideMessage: true })
  setGlobalErrorHandler(tell)
}
