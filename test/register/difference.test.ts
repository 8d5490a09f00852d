import t from 'tap'
import { toDifference } from '../../shared/register/difference.ts'

t.test('it tells which lines came and went', async t => {
  t.strictSame(toDifference('a\nb\nc\n', 'x\na\nc\ny\n'), ['+ x', '  a', '- b', '  c', '+ y'])
  t.strictSame(toDifference('a\n', 'a\n'), ['  a'])
  t.strictSame(toDifference('a', 'b'), ['+ b', '- a'])
})

t.test('long texts cost no table of all their pairs of lines', async t => {
  const lines = Array.from({ length: 100_000 }, (_, index) => `line ${index}`).join('\n')
  const difference = toDifference(lines, `new\n${lines}`)
  t.equal(difference.filter(line => !line.startsWith('- ')).length, 100_001)
  t.ok(difference.includes('+ new'))
})
