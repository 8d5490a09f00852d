const SECOND_MS = 1000
const [MINUTE, HOUR, DAY] = [60, 3600, 86_400]
const YEAR = 365 * DAY

/** Steps of `kubectl`'s ages: up to so many seconds, in this unit, with the next smaller one if any. */
const STEPS = [
  { below: 2 * MINUTE, unit: 1, letter: 's' },
  { below: 10 * MINUTE, unit: MINUTE, letter: 'm', rest: 1, restLetter: 's' },
  { below: 3 * HOUR, unit: MINUTE, letter: 'm' },
  { below: 8 * HOUR, unit: HOUR, letter: 'h', rest: MINUTE, restLetter: 'm' },
  { below: 2 * DAY, unit: HOUR, letter: 'h' },
  { below: 8 * DAY, unit: DAY, letter: 'd', rest: HOUR, restLetter: 'h' },
  { below: 2 * YEAR, unit: DAY, letter: 'd' },
  { below: 8 * YEAR, unit: YEAR, letter: 'y', rest: DAY, restLetter: 'd' },
  { below: Number.POSITIVE_INFINITY, unit: YEAR, letter: 'y' },
] as const

/**
 * How long ago a timestamp was, as `kubectl get` shows it: `5m30s`, `3h`, `<unknown>` without a timestamp.
 *
 * @param now milliseconds since 1970
 */
export function ageOf(timestamp: unknown, now: number): string {
  if (typeof timestamp !== 'string' || timestamp === '') return '<unknown>'
  const seconds = Math.floor((now - Date.parse(timestamp)) / SECOND_MS)
  if (seconds < -1) return '<invalid>'
  return humanDuration(Math.max(0, seconds))
}

function humanDuration(seconds: number): string {
  const step = STEPS.find(({ below }) => seconds < below)
  if (step === undefined) return ''
  const whole = `${Math.floor(seconds / step.unit)}${step.letter}`
  if (!('rest' in step)) return whole
  const rest = Math.floor((seconds % step.unit) / step.rest)
  return rest === 0 ? whole : `${whole}${rest}${step.restLetter}`
}
