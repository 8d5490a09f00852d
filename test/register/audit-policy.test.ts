import t from 'tap'
import {
  type AuditPolicy,
  type AuditRule,
  findPolicyProblems,
  mergePolicy,
} from '../../shared/register/audit-policy.ts'
import { readAuditPolicy } from '../../shared/register/manifests.ts'

const ours = await readAuditPolicy('ccm')
const toPolicy = (rules: readonly AuditRule[], more: Partial<AuditPolicy> = {}): AuditPolicy => ({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  ...more,
  rules,
})

t.test('our rules come first, and the last one last', async t => {
  const kept: AuditRule[] = [
    { level: 'None', users: ['system:kube-proxy'] },
    { level: 'Metadata', verbs: ['get'], resources: [{ resources: ['nodes'] }] },
    { level: 'Metadata', verbs: ['get'], resources: [{ group: '', resources: ['services', 'nodes'] }] },
  ]
  const { policy, problems } = mergePolicy(ours, toPolicy(kept))
  t.strictSame(problems, [])
  t.match(policy.rules, [
    { level: 'Metadata', omitStages: ['RequestReceived'], resources: [{ resources: ['nodes', 'services'] }] },
    ...kept,
    { level: 'None' },
  ])
  t.equal(policy.rules.length, 5)
})

t.test('what is merged already stays as it is', async t => {
  const once = mergePolicy(ours, toPolicy([{ level: 'None', users: ['a'] }])).policy
  const twice = mergePolicy(ours, once)
  t.strictSame(twice, { policy: once, problems: [], wider: [] })
})

t.test('what the controller does stays in the log of others', async t => {
  const before = toPolicy([...ours.rules, { level: 'None', users: ['a'] }])
  const { policy } = mergePolicy(ours, before)
  t.notOk(
    policy.rules.some(({ users }) => users?.includes('ccm')),
    'also where it was merged before',
  )
})

const REFUSED: readonly [rule: AuditRule, problem: RegExp][] = [
  [{ level: 'Metadata' }, /every resource/],
  [{ level: 'Metadata', resources: [] }, /every resource/],
  [{ level: 'Request', resources: [{ group: '', resources: ['nodes'] }] }, /level Request/],
  [{ level: 'RequestResponse' }, /level RequestResponse/],
  [{ level: 'Metadata', resources: [{ group: '', resources: ['nodes', 'secrets'] }] }, /logs secrets$/],
  [{ level: 'Metadata', resources: [{ group: '', resources: ['nodes/status'] }] }, /logs nodes\/status$/],
  [{ level: 'Metadata', resources: [{ resources: ['services/status'] }] }, /logs services\/status$/],
  [{ level: 'Metadata', resources: [{ group: 'apps', resources: ['nodes'] }] }, /logs nodes\.apps$/],
  [{ level: 'Metadata', resources: [{ group: '' }] }, /logs \*$/],
  [{ level: 'Metadata', nonResourceURLs: ['/metrics'] }, /URLs/],
]

t.test('a policy that would send us more is refused', async t => {
  for (const [rule, problem] of REFUSED) {
    const { problems } = mergePolicy(ours, toPolicy([{ level: 'None', users: ['a'] }, rule]))
    t.equal(problems.length, 1, JSON.stringify(rule))
    t.match(problems[0], problem)
    t.match(problems[0], /^rule 2 /)
  }
})

t.test('a policy under which nothing rings is refused', async t => {
  const { problems } = mergePolicy(ours, toPolicy([], { omitStages: ['ResponseComplete'] }))
  t.match(problems, [/ResponseComplete/])
})

t.test('names of other things may be accepted, what requests hold may not', async t => {
  const names = { level: 'Metadata' }
  const accepted = mergePolicy(ours, toPolicy([names]), true)
  t.strictSame(accepted.problems, [])
  t.match(accepted.wider, [/^rule 1 logs every resource$/])
  const refused = mergePolicy(ours, toPolicy([names, { level: 'RequestResponse' }]), true)
  t.match(refused.problems, [/^rule 2 logs at level RequestResponse/])
})

t.test('what is no policy is refused with every reason', async t => {
  t.strictSame(findPolicyProblems(ours), [])
  const [nothing, text] = [null, 'None'].map(each => each as unknown as AuditRule)
  const rules = [nothing, { level: 'None' }, text, {}] as AuditRule[]
  t.strictSame(findPolicyProblems(toPolicy(rules, { apiVersion: 'audit.k8s.io/v1beta1' })), [
    'is of audit.k8s.io/v1beta1: an API server takes audit.k8s.io/v1 only',
    'has a rule 1 that is none: it needs a level',
    'has a rule 3 that is none: it needs a level',
    'has a rule 4 that is none: it needs a level',
  ])
  t.strictSame(findPolicyProblems({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy' } as AuditPolicy), [
    'has no rules',
  ])
})

t.test('a rule with fields of other types is named, not stumbled over', async t => {
  const odd: readonly object[] = [
    { resources: 'nodes' },
    { resources: [{ resources: 'nodes' }] },
    { resources: [{ group: 5 }] },
    { resources: [null] },
    { users: {} },
    { omitStages: [1] },
    { nonResourceURLs: '/' },
  ]
  const rules = odd.map(fields => ({ level: 'Metadata', ...fields })) as AuditRule[]
  t.strictSame(
    findPolicyProblems(toPolicy(rules)),
    odd.map((_, index) => `has a rule ${index + 1} with something other than lists of names in it`),
  )
  const version = { toString: 1 } as unknown as string
  t.match(findPolicyProblems(toPolicy([], { apiVersion: version })), [/^is of no version/])
})
