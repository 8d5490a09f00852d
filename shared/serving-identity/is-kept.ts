/**
 * True when the stored value holds everything that is wanted. Fields that only the stored one has (defaults, and what
 * others set) do not count; of lists with names (webhooks, match conditions) the named items are compared.
 */
export function isKept(stored: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return Array.isArray(stored) && isListKept(stored, wanted)
  if (!isObject(wanted)) return stored === wanted
  return isObject(stored) && Object.entries(wanted).every(([key, value]) => isKept(stored[key], value))
}

function isListKept(stored: readonly unknown[], wanted: readonly unknown[]): boolean {
  if (wanted.length > 0 && wanted.every(item => toName(item) !== undefined))
    return wanted.every(item => isKept(findNamed(stored, toName(item)), item))
  return stored.length === wanted.length && wanted.every((item, index) => isKept(stored[index], item))
}

const findNamed = (list: readonly unknown[], name: unknown): unknown =>
  list.find(item => toName(item) === name)

const toName = (item: unknown): unknown => (isObject(item) ? item['name'] : undefined)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
