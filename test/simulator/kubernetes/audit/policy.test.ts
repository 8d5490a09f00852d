import t from 'tap'
import { toUser } from '../../../../shared/simulator/kubernetes/access/users.ts'
import type { Target } from '../../../../shared/simulator/kubernetes/api/request.ts'
import { type Audited, isAudited, type Stage } from '../../../../shared/simulator/kubernetes/audit/policy.ts'

const POLICY = {
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', users: ['ccm'] },
    { level: 'None', userGroups: ['system:nodes'], verbs: ['get'] },
    {
      level: 'Metadata',
      verbs: ['create', 'patch', 'get'],
      omitStages: ['ResponseStarted'],
      resources: [{ group: '', resources: ['nodes', 'services'], resourceNames: [] }],
    },
    { level: 'RequestResponse', namespaces: ['ns'], resources: [{ group: '', resources: ['*/status'] }] },
    { level: 'Metadata', nonResourceURLs: ['/healthz*'] },
  ],
}

const target = (changes: Partial<Target> = {}): Target => ({
  verb: 'create',
  group: '',
  version: 'v1',
  plural: 'nodes',
  resource: undefined,
  subresource: '',
  namespace: '',
  name: 'a',
  ...changes,
})
const audited = (user: string, about: Target | undefined, path = '/'): Audited => ({
  user: toUser(user),
  verb: about?.verb ?? 'get',
  path,
  target: about,
})

const CASES: readonly (readonly [what: string, audited: Audited, stage: Stage, expected: boolean])[] = [
  ['a listed resource', audited('a', target()), 'ResponseComplete', true],
  ['another stage of it', audited('a', target()), 'ResponseStarted', false],
  ['another verb', audited('a', target({ verb: 'delete' })), 'ResponseComplete', false],
  ['another group', audited('a', target({ group: 'x.io' })), 'ResponseComplete', false],
  [
    'a subresource that is not listed',
    audited('a', target({ subresource: 'status' })),
    'ResponseComplete',
    false,
  ],
  [
    'a subresource by pattern in its namespace',
    audited('a', target({ plural: 'services', subresource: 'status', namespace: 'ns', verb: 'update' })),
    'ResponseComplete',
    true,
  ],
  ['a user with a rule of none', audited('ccm', target()), 'ResponseComplete', false],
  [
    'a group with a rule of none',
    audited('system:node:a', target({ verb: 'get' })),
    'ResponseComplete',
    false,
  ],
  ['a path', audited('a', undefined, '/healthz/ping'), 'ResponseComplete', true],
  ['another path', audited('a', undefined, '/version'), 'ResponseComplete', false],
]

for (const [what, about, stage, expected] of CASES)
  t.test(`${what}: ${expected}`, async t => {
    t.equal(isAudited(POLICY, about, stage), expected)
  })

t.test('without a policy everything is written', async t => {
  t.equal(isAudited(undefined, audited('a', undefined, '/x'), 'ResponseStarted'), true)
})
