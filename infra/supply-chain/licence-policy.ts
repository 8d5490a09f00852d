/**
 * Licences under which software may be in what is shipped: they ask for nothing but that their text goes along, which
 * the file of licences does. By their identifiers at https://spdx.org/licenses.
 */
export const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'Unlicense',
] as const

const known: ReadonlySet<string> = new Set(ALLOWED)

/**
 * Whether an SPDX expression can be met with allowed licences: all parts of AND, one of OR.
 *
 * @param expression such as `MIT` or `(MIT OR GPL-3.0-or-later) AND ISC`; one that cannot be read is not allowed
 */
export function isAllowed(expression: string): boolean {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? []
  let at = 0
  const readPart = (): boolean => {
    if (tokens[at] !== '(') return known.has(tokens[at++] ?? '')
    at += 1
    const inner = readAny()
    return tokens[at++] === ')' && inner
  }
  const readAll = (): boolean => {
    let all = readPart()
    while (tokens[at] === 'AND') {
      at += 1
      all = readPart() && all
    }
    return all
  }
  const readAny = (): boolean => {
    let any = readAll()
    while (tokens[at] === 'OR') {
      at += 1
      any = readAll() || any
    }
    return any
  }
  const allowed = readAny()
  return allowed && at === tokens.length
}
