import * as fc from 'fast-check'
import t from 'tap'
import { Violation } from '../../fuzz/contract.ts'
import { toText, toValue } from '../../fuzz/hostile.ts'
import { type Mutation, mutate } from '../../fuzz/mutate.ts'
import { define } from '../../fuzz/run.ts'
import { checkText, watch } from '../../fuzz/watch.ts'
import { CcmError } from '../../shared/errors.ts'

const RUN = { runs: 50, seed: 1 }
const codes = /^BMC_/

function attempt(input: number): string {
  if (input > 100) throw new TypeError('too much')
  return input > 50 ? 'large' : 'small'
}

t.test('a failure is found, shrunk and told', async t => {
  const report = await define({ name: 'a.number', inputs: fc.nat(200), attempt }).run(RUN)
  t.match(report.failure, { seed: 1, why: 'TypeError: too much', counterexample: '[101]' })
  const good = await define({ name: 'a.number', inputs: fc.nat(100), attempt }).run(RUN)
  t.equal(good.failure, undefined)
  t.equal(good.inputs, 50)
  t.strictSame([...good.outcomes.keys()].toSorted(), ['large', 'small'])
})

const fail = (error: unknown): Promise<string> =>
  watch({
    work: () => {
      throw error
    },
    codes,
  })

t.test('only known codes may be failed with', async t => {
  t.equal(await fail(new CcmError('BMC_TIMEOUT', 'late')), 'BMC_TIMEOUT')
  for (const error of [new TypeError('x'), 'text', undefined, new CcmError('CCM_INTERNAL', 'x')])
    await t.rejects(fail(error), { name: 'Violation' })
  const told = Object.assign(new CcmError('BMC_TIMEOUT', 'late'), { message: 'a\u001b[2J' })
  await t.rejects(fail(told), { name: 'Violation', message: /U\+1b/ })
})

function pollute(): string {
  Reflect.set(Object.prototype, 'polluted', true)
  return 'ok'
}

t.test('what can be done to a prototype is seen', async t => {
  const inherits = Object.create({ polluted: true }) as object
  await t.rejects(watch({ work: () => ({ a: [inherits] }), codes }), { name: 'Violation' })
  await t.rejects(watch({ work: pollute, codes }), { name: 'Violation' })
  Reflect.deleteProperty(Object.prototype, 'polluted')
  t.equal(await watch({ work: () => toValue({ ['__proto__']: { polluted: true } }), codes }), 'ok')
})

t.test('a text is printable and short, or a violation', async t => {
  checkText('it', 'prüfung ✓ 日本')
  for (const text of ['\u001b', 'a\nb', '\u202e', '\u061c', '\u009b', 'x'.repeat(9000)])
    t.throws(() => checkText('it', text), Violation)
})

t.test('marks become what they stand for in the text alone', async t => {
  t.equal(toText({ a: '⟦deep:array:3⟧' }), '{"a":[[[]]]}')
  t.equal(toText(['⟦long:x:4⟧', '⟦many:text:2⟧', '⟦raw:1e400:⟧']), '["xxxx",["a","a"],1e400]')
  t.strictSame(toValue('⟦raw:1e400:⟧'), Number.POSITIVE_INFINITY)
  const own = toValue({ ['__proto__']: 1, a: '⟦raw:{"__proto__":2}:⟧' }) as object
  t.equal(Object.getPrototypeOf(own), Object.prototype)
})

t.test('every change of a tree is made where it is meant', async t => {
  const tree = { a: [1, 2], b: { c: 'x' } }
  const change = (more: Partial<Mutation>): unknown =>
    mutate(tree, { do: 'replace', at: 0, value: 9, key: 'k', ...more })
  t.strictSame(change({}), 9)
  t.strictSame(change({ at: 2 }), { a: [9, 2], b: { c: 'x' } })
  t.strictSame(change({ do: 'remove', at: 1 }), { b: { c: 'x' } })
  t.strictSame(change({ do: 'double', at: 3 }), { a: [1, 2, 2], b: { c: 'x' } })
  t.strictSame(change({ do: 'wrap', at: 5 }), { a: [1, 2], b: { c: ['x'] } })
  t.strictSame(change({ do: 'rename', at: 5 }), { a: [1, 2], b: { k: 'x' } })
  t.strictSame(change({ do: 'pollute', at: 4 }), { a: [1, 2], b: { c: 'x', k: { polluted: true } } })
  t.strictSame(change({ at: 6 }), 9, 'counted anew from the first')
})
