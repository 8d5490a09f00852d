import t from 'tap'
import { toDifference } from '../../shared/register/difference.ts'

t.test('it tells which lines came and went', async t => {
  t.strictSame(toDifference('a\nb\nc\n', 'x\na\nc\ny\n'), ['+ x', '  a', '- b', '  c', '+ y'])
  t.strictSame(toDifference('a\n', 'a\n'), ['  a'])
  t.strictSame(toDifference('a', 'b'), ['+ b', '- a'])
})
