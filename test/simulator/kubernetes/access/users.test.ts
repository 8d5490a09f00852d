import t from 'tap'
import {
  fromToken,
  nodeNameOf,
  toToken,
  toUser,
} from '../../../../shared/simulator/kubernetes/access/users.ts'

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  admin: ['system:masters', 'system:authenticated'],
  somebody: ['system:authenticated'],
  'system:node:node-a': ['system:nodes', 'system:authenticated'],
  'system:serviceaccount:kube-system:ccm': [
    'system:serviceaccounts',
    'system:serviceaccounts:kube-system',
    'system:authenticated',
  ],
}

for (const [name, groups] of Object.entries(GROUPS))
  t.test(`${name} has its groups and a token of its own`, async t => {
    t.same(toUser(name).groups, groups)
    t.same(fromToken(toToken(name)), toUser(name))
  })

t.test('other tokens are nobody', async t => {
  for (const token of ['', 'x', 'sim-', `${toToken('admin')}!`]) t.equal(fromToken(token), undefined, token)
})

t.test('only a kubelet has a node', async t => {
  t.equal(nodeNameOf(toUser('system:node:node-a')), 'node-a')
  t.equal(nodeNameOf(toUser('admin')), undefined)
  t.equal(nodeNameOf({ username: 'system:node:node-a', uid: '', groups: [] }), undefined)
})
