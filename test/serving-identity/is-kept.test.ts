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
