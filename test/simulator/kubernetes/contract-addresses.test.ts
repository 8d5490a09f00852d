import t from 'tap'
import type { ApiAnswer } from '../../support/api.ts'
import {
  answerOf,
  as,
  type Cases,
  create,
  patch,
  read,
  refused,
  remove,
  replace,
  runCases,
  type Step,
  testContract,
  uidOf,
  versionOf,
} from './contract.ts'

const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses'
const ROLES = '/apis/rbac.authorization.k8s.io/v1'
const MANAGED = 'ipaddress.kubernetes.io/managed-by'
const FAMILY = 'ipaddress.kubernetes.io/ip-family'
const PARENT = { group: '', resource: 'services', namespace: 'default', name: 'web' }
const claim = (name: string, metadata: object = {}, parentRef: object = PARENT): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IPAddress',
  metadata: { name, labels: { [MANAGED]: 'phoenixnap.com', [FAMILY]: 'IPv4' }, ...metadata },
  spec: { parentRef },
})
const state = (value: string | null): object => ({ 'phoenixnap.com/state': value })
const at = (name: string): string => `${ADDRESSES}/${name}`
const withVersion = (resourceVersion: string, more: object = {}): object => ({
  metadata: { resourceVersion, ...more },
})
const by = (label: string): Step => read(`${ADDRESSES}?labelSelector=${encodeURIComponent(label)}`)

const tokenOf = (answers: readonly ApiAnswer[]): string =>
  encodeURIComponent(answerOf(answers, -1).body.metadata?.continue ?? '')

const WRITES: Cases = {
  'labels and annotations change by merge patches': [
    create(ADDRESSES, claim('198.51.100.1', { annotations: state('unconfirmed') })),
    patch('merge', at('198.51.100.1'), {
      metadata: { annotations: { ...state('active'), 'phoenixnap.com/since': '2026-01-01T00:00:00Z' } },
    }),
    patch('merge', at('198.51.100.1'), {
      metadata: { annotations: state(null), labels: { 'app.kubernetes.io/managed-by': 'x' } },
    }),
    patch('merge', at('198.51.100.1'), { metadata: { annotations: null, labels: null } }),
    refused(patch('merge', at('198.51.100.1'), { metadata: { labels: { 'a b': 'c' } } }), 422, 'Invalid'),
    refused(
      patch('merge', at('198.51.100.1'), { metadata: { annotations: { 'a b': 'c' } } }),
      422,
      'Invalid',
    ),
    refused(patch('merge', at('198.51.100.99'), { metadata: {} }), 404, 'NotFound'),
  ],
  'a merge patch holds for one version only': [
    create(ADDRESSES, claim('198.51.100.2')),
    answers =>
      patch(
        'merge',
        at('198.51.100.2'),
        withVersion(versionOf(answers, 0), { annotations: state('active') }),
      ),
    answers =>
      refused(
        patch(
          'merge',
          at('198.51.100.2'),
          withVersion(versionOf(answers, 0), { annotations: state('released') }),
        ),
        409,
        'Conflict',
      ),
    answers =>
      refused(patch('merge', at('198.51.100.2'), withVersion(versionOf(answers, 0))), 409, 'Conflict'),
    answers =>
      patch(
        'merge',
        at('198.51.100.2'),
        withVersion(versionOf(answers, 1), { annotations: state('active') }),
      ),
    answers =>
      refused(
        patch('merge', at('198.51.100.2'), { metadata: { uid: uidOf(answers, 0).replace(/^../, 'zz') } }),
        422,
        'Invalid',
      ),
    answers => patch('merge', at('198.51.100.2'), { metadata: { uid: uidOf(answers, 0) } }),
  ],
  'a PUT replaces all but the parent': [
    create(ADDRESSES, claim('198.51.100.3', { annotations: state('active') })),
    replace(at('198.51.100.3'), claim('198.51.100.3')),
    answers =>
      replace(
        at('198.51.100.3'),
        claim('198.51.100.3', { annotations: state('released'), resourceVersion: versionOf(answers, 1) }),
      ),
    answers =>
      refused(
        replace(at('198.51.100.3'), claim('198.51.100.3', { resourceVersion: versionOf(answers, 0) })),
        409,
        'Conflict',
      ),
    answers =>
      refused(
        replace(
          at('198.51.100.3'),
          claim('198.51.100.3', { resourceVersion: versionOf(answers, 2) }, { ...PARENT, name: 'other' }),
        ),
        422,
        'Invalid',
      ),
  ],
  'the parent can be changed in no way': [
    create(ADDRESSES, claim('198.51.100.4')),
    refused(patch('merge', at('198.51.100.4'), { spec: null }), 422, 'Invalid'),
    refused(patch('merge', at('198.51.100.4'), { spec: { parentRef: { namespace: 'x' } } }), 422, 'Invalid'),
    refused(patch('json', at('198.51.100.4'), [{ op: 'remove', path: '/spec/parentRef' }]), 422, 'Invalid'),
    patch('merge', at('198.51.100.4'), { spec: { parentRef: PARENT } }),
  ],
  'a DELETE holds for one object and one version': [
    create(ADDRESSES, claim('198.51.100.5')),
    answers =>
      refused(
        remove(at('198.51.100.5'), { preconditions: { uid: uidOf(answers, 0).replace(/^../, 'zz') } }),
        409,
        'Conflict',
      ),
    refused(remove(at('198.51.100.5'), { preconditions: { resourceVersion: '1' } }), 409, 'Conflict'),
    remove(`${at('198.51.100.5')}?dryRun=All`),
    remove(at('198.51.100.5'), { dryRun: ['All'] }),
    answers =>
      remove(at('198.51.100.5'), {
        preconditions: { uid: uidOf(answers, 0), resourceVersion: versionOf(answers, 0) },
      }),
    answers =>
      refused(remove(at('198.51.100.5'), { preconditions: { uid: uidOf(answers, 0) } }), 404, 'NotFound'),
    create(ADDRESSES, claim('198.51.100.5')),
    answers =>
      refused(remove(at('198.51.100.5'), { preconditions: { uid: uidOf(answers, 0) } }), 409, 'Conflict'),
  ],
  'options in the body of a DELETE are the only ones': [
    create(ADDRESSES, claim('198.51.100.10')),
    answers =>
      remove(`${at('198.51.100.10')}?dryRun=All`, {
        preconditions: { uid: uidOf(answers, 0), resourceVersion: versionOf(answers, 0) },
      }),
    refused(read(at('198.51.100.10')), 404, 'NotFound'),
  ],
  'a claim with a finalizer waits for it': [
    create(ADDRESSES, claim('198.51.100.6', { finalizers: ['phoenixnap.com/claim'] })),
    remove(at('198.51.100.6')),
    refused(create(ADDRESSES, claim('198.51.100.6')), 409, 'AlreadyExists'),
    patch('merge', at('198.51.100.6'), { metadata: { finalizers: null } }),
    refused(read(at('198.51.100.6')), 404, 'NotFound'),
  ],
  'IPv6 names are canonical, in the URL as well': [
    create(ADDRESSES, claim('2001:db8::10', { labels: { [MANAGED]: 'x', [FAMILY]: 'IPv6' } })),
    read(at('2001%3Adb8%3A%3A10')),
    refused(read(at('2001:db8:0::10')), 404, 'NotFound'),
    refused(create(ADDRESSES, claim('::ffff:198.51.100.7')), 422, 'Invalid'),
    refused(create(ADDRESSES, claim('2001:db8::10%25eth0')), 422, 'Invalid'),
    refused(create(ADDRESSES, claim('2001:db8:0:0:0:0:0:11')), 422, 'Invalid'),
    create(ADDRESSES, claim('2001:db8:0:1:1:1:1:1')),
    create(ADDRESSES, claim('::1')),
    patch('merge', at('2001:db8::10'), { metadata: { annotations: state('active') } }),
    remove(at('2001:db8::10')),
  ],
  'a dry run claims nothing': [
    create(`${ADDRESSES}?dryRun=All`, claim('198.51.100.8')),
    refused(read(at('198.51.100.8')), 404, 'NotFound'),
  ],
  'the server applies': [
    {
      ...patch('apply', `${at('198.51.100.9')}?fieldManager=x&force=true`, claim('198.51.100.9')),
      status: 201,
    },
    patch('apply', `${at('198.51.100.9')}?fieldManager=x&force=true`, claim('198.51.100.9')),
  ],
}

const LISTS: Cases = {
  'claims are listed by labels and in pages': [
    create(ADDRESSES, claim('192.0.2.10', { labels: { set: 'pages', [FAMILY]: 'IPv4' } })),
    create(ADDRESSES, claim('192.0.2.9', { labels: { set: 'pages', [FAMILY]: 'IPv4' } })),
    create(ADDRESSES, claim('2001:db8::9', { labels: { set: 'pages', [FAMILY]: 'IPv6' } })),
    by('set=pages'),
    by(`set=pages,${FAMILY}=IPv6`),
    by('set=pages,!none'),
    read(`${ADDRESSES}?labelSelector=set%3Dpages&limit=2`),
    answers => read(`${ADDRESSES}?labelSelector=set%3Dpages&limit=2&continue=${tokenOf(answers)}`),
    read(`${ADDRESSES}?labelSelector=set%3Dpages&limit=3`),
    answers => read(`${ADDRESSES}?labelSelector=set%3Dpages&limit=3&continue=${tokenOf(answers)}`),
    read(`${ADDRESSES}?labelSelector=set%3Dpages&fieldSelector=metadata.name%3D192.0.2.9`),
    refused(read(`${ADDRESSES}?fieldSelector=spec.parentRef.name%3Dweb`), 400, 'BadRequest'),
    remove(`${ADDRESSES}?labelSelector=set%3Dpages`),
    by('set=pages'),
  ],
}

const RIGHTS: Cases = {
  'claims need rights': [
    as('claimer', refused(create(ADDRESSES, claim('192.0.2.30')), 403, 'Forbidden')),
    as('claimer', refused(read(ADDRESSES), 403, 'Forbidden')),
    create(`${ROLES}/clusterroles`, {
      metadata: { name: 'claimer' },
      rules: [
        {
          apiGroups: ['networking.k8s.io'],
          resources: ['ipaddresses'],
          verbs: ['create', 'get', 'list', 'patch'],
        },
      ],
    }),
    create(`${ROLES}/clusterrolebindings`, {
      metadata: { name: 'claimer' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'claimer' },
      subjects: [{ kind: 'User', name: 'claimer' }],
    }),
    as('claimer', create(ADDRESSES, claim('192.0.2.30'))),
    as('claimer', read(at('192.0.2.30'))),
    as('claimer', patch('merge', at('192.0.2.30'), { metadata: { annotations: state('active') } })),
    as('claimer', refused(remove(at('192.0.2.30')), 403, 'Forbidden')),
    as('claimer', refused(replace(at('192.0.2.30'), claim('192.0.2.30')), 403, 'Forbidden')),
    as('claimer', refused(remove(ADDRESSES), 403, 'Forbidden')),
  ],
}

testContract(t, 'addresses', {}, async (t, contract) => {
  for (const cases of [WRITES, LISTS, RIGHTS]) await runCases(t, contract, cases)
})
