import t from 'tap'
import { inTurns } from '../../bench/rounds.ts'

t.test('all are measured in turns, and each knows its rounds', async t => {
  const done: string[] = []
  const measure = (name: string) => async () => {
    done.push(name)
    return `${name}${done.length}`
  }
  const taken = await inTurns(2, { a: measure('a'), b: measure('b') })
  t.strictSame(done, ['a', 'b', 'a', 'b'])
  t.strictSame(taken, { a: ['a1', 'a3'], b: ['b2', 'b4'] })
})
