import t from 'tap'
import { type AuditPolicy, type AuditRule, mergePolicy } from '../../shared/register/audit-policy.ts'
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
    { level: 'None', users: ['ccm'] },
    { level: 'Metadata', omitStages: ['RequestReceived'], resources: [{ resources: ['nodes', 'services'] }] },
    ...kept,
    { level: 'None' },
  ])
  t.equal(policy.rules.length, 6)
})

t.test('what is merged already stays as it is', async t => {
  const once = mergePolicy(ours, toPolicy([{ level: 'None', users: ['a'] }])).policy
  const twice = mergePolicy(ours, once)
  t.strictSame(twice, { policy: once, problems: [], wider: [] })
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
