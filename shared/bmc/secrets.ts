import { secretForms } from '../log.ts'

/** The values that no message may hold, as they become known while the client runs. */
export interface Secrets {
  add(secret: string): void
  /** Each in every form in which an answer may repeat it. */
  values(): readonly string[]
}

/** The secret and token in use, those before them, and some that calls under way may still have. */
const MAX_SECRETS = 16

export function createSecrets(): Secrets {
  const known = new Set<string>()
  return {
    add(secret) {
      known.delete(secret)
      known.add(secret)
      const [oldest] = known
      if (known.size > MAX_SECRETS && oldest !== undefined) known.delete(oldest)
    },
    values: () => [...known].flatMap(secretForms),
  }
}
