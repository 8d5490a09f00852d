import t from 'tap'
import { isKept } from '../../shared/serving-identity/is-kept.ts'

const WANTED = { webhooks: [{ name: 'a', rules: [{ operations: ['CREATE', 'UPDATE'] }], port: 443 }] }
const A = WANTED.webhooks[0]
const CASES: readonly [what: string, stored: unknown, kept: boolean][] = [
  ['the same', WANTED, true],
  ['defaults beside it', { x: 1, webhooks: [{ ...A, y: {} }] }, true],
  ['a named item of others before it', { webhooks: [{ name: 'b' }, A] }, true],
  ['another value', { webhooks: [{ ...A, port: 444 }] }, false],
  ['an operation less', { webhooks: [{ ...A, rules: [{ operations: ['CREATE'] }] }] }, false],
  [
    'an operation more',
    { webhooks: [{ ...A, rules: [{ operations: ['CREATE', 'UPDATE', 'DELETE'] }] }] },
    false,
  ],
  ['a rule more', { webhooks: [{ ...A, rules: [...(A?.rules ?? []), { operations: ['*'] }] }] }, false],
  ['a named item less', { webhooks: [] }, false],
  ['another kind of value', { webhooks: { name: 'a' } }, false],
  ['nothing', undefined, false],
]
for (const [what, stored, kept] of CASES)
  t.test(`${what} is ${kept ? '' : 'not '}kept`, async t => t.equal(isKept(stored, WANTED), kept))

/** [what, what is stored, what is wanted, whether it is kept] */
const LISTS: readonly [what: string, stored: unknown, wanted: unknown, kept: boolean][] = [
  ['an empty list', { list: [] }, { list: [] }, true],
  ['a list that should be empty', { list: ['a'] }, { list: [] }, false],
  ['a list of which one item has a name', [{ name: 'b' }, { x: 1 }], [{ name: 'b' }, { x: 1 }], true],
  [
    'a list of which one item has a name, turned',
    [{ x: 1 }, { name: 'b' }],
    [{ name: 'b' }, { x: 1 }],
    false,
  ],
  ['a list of names, turned', [{ name: 'b' }, { name: 'a' }], [{ name: 'a' }, { name: 'b' }], true],
  ['a list of names of which one is missing', [{ name: 'b' }], [{ name: 'a' }, { name: 'b' }], false],
  ['a list of texts of which one differs', ['a', 'c'], ['a', 'b'], false],
  ['null in the place of an object', { a: null }, { a: { b: 1 } }, false],
  ['null that is wanted', { a: null }, { a: null }, true],
  ['an object in the place of null', { a: {} }, { a: null }, false],
  ['a list in the place of an object', { a: [] }, { a: {} }, false],
]
for (const [what, stored, wanted, kept] of LISTS)
  t.test(`${what} is ${kept ? '' : 'not '}kept`, async t => t.equal(isKept(stored, wanted), kept))
