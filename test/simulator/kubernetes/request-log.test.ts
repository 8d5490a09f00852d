import t from 'tap'
import { createRequestLog, type LoggedRequest } from '../../../shared/simulator/kubernetes/request-log.ts'

const request = (changes: Partial<LoggedRequest>): LoggedRequest => ({
  at: 0,
  user: 'ann',
  verb: 'get',
  resource: 'nodes',
  status: 200,
  path: '/api/v1/nodes',
  userAgent: '',
  ...changes,
})

t.test('counts by any field, and knows writes', async t => {
  const log = createRequestLog()
  log.add(request({}))
  log.add(request({ verb: 'patch', name: 'a', subresource: 'status' }))
  log.add(request({ verb: 'create', user: 'bob', status: 409 }))
  t.equal(log.count(), 3)
  t.equal(log.count({ verb: 'patch', subresource: 'status' }), 1)
  t.equal(log.count({ subresource: '' }), 2, 'an absent field is an empty one')
  t.equal(log.count({ status: 409, user: 'bob' }), 1)
  t.same(
    log.writes().map(({ verb }) => verb),
    ['patch', 'create'],
  )
  t.same(
    log.writes('ann').map(({ verb }) => verb),
    ['patch'],
  )
  log.clear()
  t.same(log.list(), [])
})
