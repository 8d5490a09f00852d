import t from 'tap'
import {
  list,
  number,
  optionalFlag,
  optionalList,
  optionalNumber,
  optionalObject,
  optionalText,
  text,
  toList,
  toRaw,
  toText,
} from '../../shared/bmc/parse.ts'

const raw = (value: unknown) => toRaw({ a: value }, 'x')
const failsWith = (message: string) => ({ name: 'ShapeError', message })

t.test('only objects are objects', async t => {
  t.strictSame(toRaw({ a: 1 }, 'x').values, { a: 1 })
  for (const value of [null, undefined, [], 'a', 1])
    t.throws(() => toRaw(value, 'x'), failsWith('x is no object'))
})

t.test('texts', async t => {
  t.equal(text(raw('b'), 'a'), 'b')
  for (const value of ['', null, undefined])
    t.throws(() => text(raw(value), 'a'), failsWith('x.a is missing'))
  t.equal(optionalText(raw(null), 'a'), undefined)
  t.equal(optionalText(raw(''), 'a'), '')
  t.equal(optionalText(raw(3), 'a'), '3')
  t.equal(optionalText(raw(true), 'a'), 'true')
  for (const value of [{}, []]) t.throws(() => optionalText(raw(value), 'a'), failsWith('x.a is no string'))
  for (const value of ['', null, 1]) t.throws(() => toText(value, 'x[0]'), failsWith('x[0] is no string'))
})

t.test('numbers', async t => {
  t.equal(number(raw(0), 'a'), 0)
  t.equal(number(raw(' 1.5'), 'a'), 1.5)
  t.throws(() => number(raw(null), 'a'), failsWith('x.a is missing'))
  for (const value of ['', 'b', 'Infinity'])
    t.throws(() => number(raw(value), 'a'), failsWith('x.a is no number'))
  t.equal(optionalNumber(raw(undefined), 'a'), undefined)
})

t.test('flags', async t => {
  t.strictSame(
    [true, false, null, 'true'].map(value => optionalFlag(raw(value), 'a')),
    [true, false, undefined, undefined],
  )
})

t.test('lists', async t => {
  t.strictSame(list(raw(['b']), 'a', toText), ['b'])
  t.strictSame(list(raw(null), 'a', toText), [])
  t.throws(() => list(toRaw({}, 'x'), 'a', toText), failsWith('x.a is missing'))
  t.equal(optionalList(raw(null), 'a', toText), undefined)
  t.throws(() => optionalList(raw('b'), 'a', toText), failsWith('x.a is no array'))
  t.throws(() => toList(['b', null], 'x', toText), failsWith('x[1] is no string'))
})

t.test('objects inside', async t => {
  t.equal(
    optionalObject(raw({ b: 'c' }), 'a', inner => text(inner, 'b')),
    'c',
  )
  t.equal(
    optionalObject(raw(null), 'a', inner => text(inner, 'b')),
    undefined,
  )
  t.throws(() => optionalObject(raw({}), 'a', inner => text(inner, 'b')), failsWith('x.a.b is missing'))
})
