import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readAsked } from './audit-log.ts'
import { findUnused, readRights, toText } from './permissions.ts'

const MANIFEST = `
kind: ClusterRole
metadata: { name: everywhere }
rules:
  - { apiGroups: [""], resources: [nodes, nodes/status], verbs: [patch] }
  - { apiGroups: [networking.k8s.io], resources: [ipaddresses], verbs: [get] }
---
kind: Role
metadata: { name: here, namespace: kube-system }
rules:
  - { apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [ours], verbs: [get, create, patch] }
---
kind: RoleBinding
metadata: { name: here, namespace: kube-system }
`

const event = (verb: string, objectRef: object, more: object = {}): string =>
  JSON.stringify({ verb, objectRef, ...more })
const LEASES = { resource: 'leases', apiGroup: 'coordination.k8s.io', namespace: 'kube-system' }
const FORBIDDEN = { annotations: { 'authorization.k8s.io/decision': 'forbid' } }

const LOG = [
  event('patch', { resource: 'nodes', subresource: 'status', name: 'a' }),
  event('get', { resource: 'ipaddresses', apiGroup: 'networking.k8s.io', name: '203.0.113.1' }, FORBIDDEN),
  event('get', { ...LEASES, name: 'theirs' }),
  event('patch', { ...LEASES, name: 'ours' }, { responseStatus: { code: 201 } }),
  event('get', {}),
  '{"verb":"pat',
]

t.test('what a role gives and nobody uses', async t => {
  const folder = t.testdir({ 'one.log': LOG.join('\n'), 'other.log': '' })
  const manifest = join(t.testdirName, 'roles.yaml')
  await writeFile(manifest, MANIFEST)
  const unused = findUnused(await readRights(manifest), await readAsked(folder))
  t.strictSame(unused.map(toText), [
    'patch nodes',
    'get ipaddresses.networking.k8s.io',
    'get leases.coordination.k8s.io in kube-system',
  ])
})
