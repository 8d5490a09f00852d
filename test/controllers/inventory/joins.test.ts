import t from 'tap'
import { createJoins } from '../../../shared/controllers/inventory/joins.ts'

const machine = (name: string): { systemUUID: string; machineID: string } => ({
  systemUUID: name,
  machineID: name,
})

t.test('tells another machine from the one that was answered for', async t => {
  const joins = createJoins()
  t.notOk(joins.isOther('server-1', machine('a')), 'nobody was answered for yet')
  joins.note('server-1', machine('a'))
  t.notOk(joins.isOther('server-1', machine('a')), 'a restarted kubelet is the same machine')
  t.ok(joins.isOther('server-1', machine('b')))
  t.notOk(joins.isOther('server-2', machine('b')), 'another server')
  joins.note('server-1', machine('b'))
  t.notOk(joins.isOther('server-1', machine('b')), 'the last one counts')
})

t.test('forgets the oldest of very many', async t => {
  const joins = createJoins()
  for (let index = 0; index <= 10_000; index++) joins.note(`server-${index}`, machine('a'))
  t.notOk(joins.isOther('server-0', machine('b')))
  t.ok(joins.isOther('server-1', machine('b')))
  joins.note('server-1', machine('a'))
  joins.note('server-x', machine('a'))
  t.notOk(joins.isOther('server-2', machine('b')))
  t.ok(joins.isOther('server-1', machine('b')), 'one that came again is no old one')
})
