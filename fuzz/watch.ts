import { CcmError, ERRORS } from '../shared/errors.ts'
import { Violation } from './contract.ts'

/** Longer messages fill terminals and logs, whoever wrote what they repeat. */
const MAX_MESSAGE = 8192
/** As much of a result as is looked at. */
const MAX_VISITS = 300
/** What moves a cursor, ends a line or turns the direction of what follows. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u

const PROTOTYPES = [Object, Array, String, Number, Function, Map, Set, Promise, Error, RegExp].map(
  ({ prototype }) => prototype as object,
)
const keysOf = (): string =>
  PROTOTYPES.map(prototype => Reflect.ownKeys(prototype).map(String).join()).join(';')
const KEYS_BEFORE = keysOf()

/** What is done with what it takes and what it may answer. */
export interface Watched<T> {
  readonly work: () => T | Promise<T>
  /** Codes that it may fail with. */
  readonly codes: RegExp
  /** The outcome in a word; `ok` by default. */
  readonly label?: (result: T) => string
}

/**
 * The outcome of one attempt: a word for its result, or the code of its error.
 *
 * @throws Violation unless it is a result, or an error of ours with one of the codes and a message fit to be shown
 */
export async function watch<T>({ work, codes, label = () => 'ok' }: Watched<T>): Promise<string> {
  let outcome: string
  try {
    const result = await work()
    checkInherited(result)
    outcome = label(result)
  } catch (thrown) {
    outcome = judgeError(thrown, codes)
  }
  checkPrototypes()
  return outcome
}

/** The code of an error that may be. @throws Violation for any other */
export function judgeError(thrown: unknown, codes: RegExp): string {
  if (thrown instanceof Violation) throw thrown
  if (!(thrown instanceof CcmError)) {
    const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message.slice(0, 300)}` : typeof thrown
    throw new Violation(`threw no error of ours: ${what}`, { cause: thrown })
  }
  if (!(thrown.code in ERRORS) || !codes.test(thrown.code))
    throw new Violation(`failed with ${thrown.code}: ${thrown.message.slice(0, 300)}`, { cause: thrown })
  checkText('the message', thrown.message)
  const { problems } = thrown.fields
  if (Array.isArray(problems)) for (const problem of problems) checkText('a problem', String(problem))
  return thrown.code
}

/** @throws Violation for a text that is no line of a terminal, or too long for one */
export function checkText(what: string, text: string, most = MAX_MESSAGE): void {
  if (text.length > most) throw new Violation(`${what} has ${text.length} characters`)
  const found = UNPRINTABLE.exec(text)
  if (found) throw new Violation(`${what} holds U+${(found[0].codePointAt(0) ?? 0).toString(16)}`)
}

/** @throws Violation once anything hangs on a prototype of the language */
export function checkPrototypes(): void {
  if (keysOf() !== KEYS_BEFORE || 'polluted' in {}) throw new Violation('a prototype was changed')
}

/** @throws Violation when a part of the result has a prototype that the input gave it */
export function checkInherited(result: unknown): void {
  const queue: unknown[] = [result]
  for (let visits = 0; visits < MAX_VISITS && queue.length > 0; visits++) {
    const part = queue.shift()
    if (typeof part !== 'object' || part === null) continue
    if ('polluted' in part && !Object.hasOwn(part, 'polluted'))
      throw new Violation('a part of the result has another prototype')
    for (const child of Object.values(part).slice(0, MAX_VISITS)) queue.push(child)
  }
}

/** @throws Violation with this message unless it holds */
export function ensure(holds: boolean, message: string): void {
  if (!holds) throw new Violation(message)
}
