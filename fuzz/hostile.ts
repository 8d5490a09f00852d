import * as fc from 'fast-check'

/**
 * Values that parsers stumble over. Huge and deep ones stand as short marks in a tree and come into being only in
 * the text, so that a counterexample stays readable and nothing of ours walks a hundred thousand levels.
 */

/** JSON, in which a string that is a mark stands for something else. */
export type Tree = null | boolean | number | string | readonly Tree[] | { readonly [key: string]: Tree }

/** Levels of a deep value, and characters or items of a huge one. */
const SIZES = [10, 300, 3000, 100_000] as const

const MARK = /"⟦(deep|long|many|raw):([^:⟧]*):(\d*)⟧"/g

const expand = (kind: string, what: string, size: number): string => {
  switch (kind) {
    case 'deep':
      return what === 'array'
        ? '['.repeat(size) + ']'.repeat(size)
        : `${'{"a":'.repeat(size)}1${'}'.repeat(size)}`
    case 'long':
      return `"${what.repeat(size)}"`
    case 'many':
      return `[${Array.from({ length: size }, () => (what === 'text' ? '"a"' : what)).join(',')}]`
    default:
      return what
  }
}

/** The JSON text of a tree, its marks expanded. */
export const toText = (tree: Tree): string =>
  JSON.stringify(tree).replaceAll(MARK, (_, kind: string, what: string, size: string) =>
    expand(kind, what, Number(size)),
  )

/** The value of a tree as a parser of JSON makes it: own `__proto__` keys, infinite numbers, deep lists. */
export const toValue = (tree: Tree): unknown => JSON.parse(toText(tree))

/** Keys that reach an object's prototype where somebody assigns without looking. */
export const PROTOTYPE_KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'] as const

/** Texts that are odd in themselves: directions, ends of text, halves of characters, escapes, line breaks. */
export const ODD_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'a\udfffb',
  '\u202egnp.exe\u202c',
  '\u2066web\u2069',
  '\u061cweb',
  'e\u0301\u0301\u0301',
  '\u0660\u0661',
  '１２３',
  '१.2.3.4',
  '\u001b[31mred\u001b[0m',
  '\u001b]0;title\u0007',
  '\u009b2J',
  'a\r\nSet-Cookie: b=c',
  'a\nb\u2028c\u2029d\u0085e',
  '\ufeff{}',
  '..',
  '.',
  '../../../etc/passwd',
  'a/b',
  '%2e%2e%2f',
  '%zz',
  'a,b,,c',
  '\u00e4'.repeat(70),
  '😀'.repeat(40),
  '${jndi:ldap://a}',
  '{{.Name}}',
  "'; drop table nodes; --",
  'null',
  'undefined',
  'NaN',
  'true',
  '[object Object]',
  '__proto__',
  'constructor',
] as const

/** Numbers at the limits of what somebody counts with. */
export const ODD_NUMBERS = [
  '0',
  '-0',
  '-1',
  '1.5',
  '1e-7',
  '255',
  '256',
  '65536',
  '2147483647',
  '2147483648',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '18446744073709551616',
  '1e308',
  '1e400',
  '-1e400',
  '012',
] as const

/** Spellings of addresses, blocks and ranges, right and wrong. */
export const ODD_ADDRESSES = [
  '203.0.113.9',
  '203.0.113.009',
  '0313.0.0161.9',
  '0xcb.0.0x71.9',
  '3405803785',
  '203.0.113',
  '203.0.113.256',
  '203.0.113.9/32',
  '203.0.113.9 ',
  '２０３.0.113.9',
  '::ffff:203.0.113.9',
  '::ffff:cb00:7109',
  '64:ff9b::203.0.113.9',
  '2001:db8::1',
  '2001:DB8:0:0:0:0:0:1',
  '2001:db8::1%eth0',
  '2001:db8:::1',
  '::',
  '0.0.0.0',
  '255.255.255.255',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  '203.0.113.4-203.0.113.6',
  '203.0.113.6-203.0.113.4',
  '203.0.113.4-2001:db8::1',
  '2001:db8::-2001:db8:ffff::',
  '0.0.0.0-255.255.255.255',
  '203.0.113.0/28',
  '203.0.113.0/028',
  '203.0.113.0/33',
  '203.0.113.0/-1',
  '2001:db8::/64',
  '2001:db8::/129',
  '0.0.0.0/0',
  '::/0',
  '203.0.113.8/28',
] as const

const mark = (kind: string, what: string, size: number | '' = ''): string => `⟦${kind}:${what}:${size}⟧`
const sizes = fc.constantFrom(...SIZES)

export const oddText = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ODD_TEXTS) },
  { weight: 3, arbitrary: fc.constantFrom(...ODD_ADDRESSES) },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('x', 'ä', '1', '-', ',', '_', ' '), sizes).map(repeat) },
)

function repeat([text, size]: readonly [string, number]): string {
  return text.repeat(size)
}

/** Any value in the place of another: of the wrong type, too large, too deep, or with keys of a prototype. */
export const oddTree: fc.Arbitrary<Tree> = fc.oneof(
  { weight: 6, arbitrary: oddText },
  { weight: 3, arbitrary: fc.constantFrom(...ODD_NUMBERS).map(number => mark('raw', toJsonNumber(number))) },
  { weight: 3, arbitrary: fc.constantFrom<Tree>(null, true, false, [], {}, [[]], [null], { a: { b: 1 } }) },
  { weight: 1, arbitrary: fc.constantFrom(...PROTOTYPE_KEYS).map(key => toOwn(key, { polluted: true })) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('x', 'ä'), sizes).map(([what, n]) => mark('long', what, n)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('{}', 'null', 'text', '1'), sizes)
      .map(([what, n]) => mark('many', what, n)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('array', 'object'), sizes).map(([what, n]) => mark('deep', what, n)),
  },
)

/** JSON has no leading zeros. */
const toJsonNumber = (text: string): string => text.replace(/^0+(?=\d)/, '')

/** An object with this key of its own, whatever the key means elsewhere. */
export function toOwn(key: string, value: Tree): Tree {
  return Object.fromEntries([[key, value]])
}
