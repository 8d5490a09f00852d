import t from 'tap'
import { pad, toCount, toRows, toWidth, toWrapped } from '../../../functions/terminal/wrap.ts'

t.test('what follows stands below the text', async t => {
  t.strictSame(toWrapped('  + a  ', 'one two three four five six seven', 34), [
    '  + a  one two three four five six',
    '       seven',
  ])
  t.strictSame(toWrapped('a: ', 'one two', undefined), ['a: one two'])
  t.strictSame(toWrapped('  ', '', 40), [''])
})

t.test('what is there to be copied is not broken', async t => {
  const url = `https://${'a'.repeat(60)}.example.com`
  t.strictSame(toWrapped('see ', `${url} now`, 40), ['see ' + url, '    now'])
})

t.test('behind a long name the text begins on a line of its own', async t => {
  const head = `  - ${'n'.repeat(30)}  `
  t.strictSame(toWrapped(head, 'it is gone for good and all', 40), [
    head.trimEnd(),
    '    it is gone for good and all',
  ])
})

t.test('colours take no room', async t => {
  const red = '\u001b[31mred\u001b[39m'
  t.equal(toWidth(red), 3)
  t.equal(pad(red, 5), `${red}  `)
  t.strictSame(toWrapped('', `${red} ${red}`, 7), [`${red} ${red}`])
})

t.test('rows stand side by side, or one below the other', async t => {
  t.strictSame(
    toRows(
      [
        ['a', 'first'],
        ['bcd', 'second'],
      ],
      80,
    ),
    ['  a    first', '  bcd  second'],
  )
  t.strictSame(toRows([['--a-flag-with-a-long-name V', 'first']], 80), [
    '  --a-flag-with-a-long-name V',
    '      first',
  ])
})

t.test('numbers are for people', async t => {
  t.strictSame(
    [toCount(1, 'node'), toCount(10_000, 'node'), toCount(0, 'address', 'addresses')],
    ['1 node', '10,000 nodes', '0 addresses'],
  )
})
