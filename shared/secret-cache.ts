import type { Clock } from './clock.ts'
import { CcmError } from './errors.ts'
import type { SecretArn } from './secret-arn.ts'

/** A secret as it is used from now on. */
export interface SecretReading {
  readonly text: string
  /** Why it could not be read again: the text is the last one that is known. */
  readonly failure?: CcmError | undefined
}

/**
 * A secret of AWS, from memory while it is young.
 *
 * @param refused true when what it holds has just been refused by somebody: it is looked at now
 * @throws CcmError SECRET_UNREACHABLE, SECRET_FORBIDDEN, SECRET_NOT_FOUND when it was never read
 */
export type ReadSecret = (arn: SecretArn, refused?: boolean) => Promise<SecretReading>

export interface SecretCacheOptions {
  readonly fetchSecret: (arn: SecretArn) => Promise<string>
  readonly clock: Clock
}

/**
 * Age at which a secret is read again though nobody complained. Rotated credentials are refused long before, and read
 * again then; this is how long a token that was taken out stays good. As AWS' own extension for functions has it.
 */
const LIFE_MS = 300_000
/** Refusals read it again no more often: whoever sends wrong tokens must not make us call AWS for each. */
const REFUSED_LIFE_MS = 5_000
/** A store that failed is left alone for so long while a known text serves: a store that hangs delays few requests. */
const PAUSE_MS = 30_000

interface Entry {
  text: string | undefined
  failure: CcmError | undefined
  /** When it was last asked for, and when it was last answered, in milliseconds since 1970. */
  askedAt: number
  readAt: number
  flight: Promise<void> | undefined
}

/** Keeps what was read; one request at a time for each secret. */
export function createSecretCache({ fetchSecret, clock }: SecretCacheOptions): ReadSecret {
  const entries = new Map<string, Entry>()

  async function ask(arn: SecretArn, entry: Entry): Promise<void> {
    entry.askedAt = clock.now()
    try {
      entry.text = await fetchSecret(arn)
      entry.failure = undefined
      entry.readAt = clock.now()
    } catch (cause) {
      entry.failure =
        cause instanceof CcmError
          ? cause
          : new CcmError('SECRET_UNREACHABLE', 'the secret cannot be read', { cause })
    } finally {
      entry.flight = undefined
    }
  }

  return async (arn, refused = false) => {
    const entry = entries.get(arn.arn) ?? createEntry()
    entries.set(arn.arn, entry)
    const isDueNow = isDue(entry, refused, clock.now())
    const needsIt = refused || entry.text === undefined
    if (isDueNow) entry.flight ??= ask(arn, entry)
    // A text that is young enough does not wait for a look that somebody was refused for.
    if (isDueNow || needsIt) await entry.flight
    if (entry.text !== undefined) return { text: entry.text, failure: entry.failure }
    throw entry.failure ?? new CcmError('SECRET_UNREACHABLE', 'the secret was never read')
  }
}

const createEntry = (): Entry => ({
  text: undefined,
  failure: undefined,
  askedAt: Number.NEGATIVE_INFINITY,
  readAt: Number.NEGATIVE_INFINITY,
  flight: undefined,
})

/** Whether the store is to be asked now. */
function isDue({ text, failure, askedAt, readAt }: Entry, refused: boolean, now: number): boolean {
  if (refused || text === undefined) return now - askedAt >= REFUSED_LIFE_MS
  return now - readAt >= LIFE_MS && (!failure || now - askedAt >= PAUSE_MS)
}
