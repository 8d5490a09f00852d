import t from 'tap'
import { ignoreBody, type Operation, scopeOf, toPath, toWhat } from '../../shared/bmc/operation.ts'

const operation = (rest: Partial<Operation<unknown>>): Operation<unknown> => ({
  method: 'GET',
  path: '/bmc/v1/servers',
  parse: ignoreBody,
  ...rest,
})

t.test('paths hold ids and queries, encoded', async t => {
  t.equal(toPath(operation({})), '/bmc/v1/servers')
  const full = operation({
    path: '/n/{network}/b/{block}',
    ids: { network: 'a/b', block: 'c?d' },
    query: [
      ['tag', 'a.b'],
      ['tag', 'c&d'],
    ],
  })
  t.equal(toPath(full), '/n/a%2Fb/b/c%3Fd?tag=a.b&tag=c%26d')
  t.equal(toWhat(full), 'GET /n/a%2Fb/b/c%3Fd')
})

t.test('an id that is no id is refused', async t => {
  for (const ids of [{}, { id: '' }, { id: '.' }, { id: '..' }, { id: 'a\ud800' }, { id: 'a'.repeat(257) }]) {
    const one = operation({ path: '/s/{id}', ids })
    for (const use of [toPath, toWhat]) t.throws(() => use(one), { code: 'BMC_BAD_REQUEST' })
  }
})

t.test('scopes follow the area and the method', async t => {
  const tags = '/tag-manager/v1/tags'
  t.strictSame(
    [
      {},
      { method: 'POST' },
      { path: tags },
      { path: tags, method: 'POST' },
      { path: '/ips/v1/x', method: 'DELETE' },
    ].map(rest => scopeOf(operation(rest as Partial<Operation<unknown>>))),
    ['bmc.read', 'bmc', 'tags.read', 'tags', 'bmc'],
  )
})

t.test('a body that does not matter may be anything', async t => {
  for (const body of [undefined, 'text', { a: 1 }]) t.equal(ignoreBody(body, 'body'), undefined)
})
