import t from 'tap'
import { createFakeNode } from '../../support/fake-kubelet.ts'
import { startWebhookServer } from '../../support/webhook-server.ts'
import { as, create, patch, read, refused, remove, replace, type Step, testContract } from './contract.ts'
import { allow, type HookCase, patchWith, runHookCase, toPatchResponse } from './hooks.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const NODES = '/api/v1/nodes'
const SERVICES = '/api/v1/namespaces/default/services'
const UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized'
const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

const map = (slug: string, name = slug, more: object = {}): object => ({
  metadata: { name, labels: { hook: slug }, ...more },
  data: { a: '1' },
})
const service = (slug: string, name = slug, more: object = {}): object => ({
  metadata: { name, labels: { hook: slug }, ...more },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
})
const node = (slug: string, name = slug): object => createFakeNode(name, { labels: { hook: slug } })
const kubelet = (name: string, step: Step): Step => as(`system:node:${name}`, step)
const label = (value: string): object => ({ op: 'add', path: '/metadata/labels/by', value })

const OPERATIONS: Record<string, HookCase> = {
  'the reviews of a life': {
    slug: 'life',
    hooks: [{ config: { timeoutSeconds: 7 }, answer: allow }],
    steps: [
      create(MAPS, map('life')),
      patch('merge', `${MAPS}/life`, { data: { a: '2' } }),
      replace(`${MAPS}/life`, map('life', 'life', { finalizers: ['example.com/a'] })),
      remove(`${MAPS}/life`),
      patch('json', `${MAPS}/life`, [{ op: 'remove', path: '/metadata/finalizers' }]),
      refused(read(`${MAPS}/life`), 404, 'NotFound'),
    ],
  },
  'a patch is stored with the object': {
    slug: 'patched',
    hooks: [
      {
        answer: patchWith([
          label('hook'),
          { op: 'add', path: '/metadata/finalizers', value: ['example.com/a'] },
          { op: 'replace', path: '/data/a', value: '9' },
        ]),
      },
    ],
    steps: [
      create(MAPS, map('patched')),
      read(`${MAPS}/patched`),
      patch('merge', `${MAPS}/patched`, { data: { a: '2' } }),
    ],
  },
  'a patch without operations': {
    slug: 'empty',
    hooks: [{ answer: patchWith([]) }],
    steps: [create(MAPS, map('empty'))],
  },
  'a patch type without a patch': {
    slug: 'untyped',
    hooks: [{ answer: () => ({ response: { allowed: true, patchType: 'JSONPatch' } }) }],
    steps: [refused(create(MAPS, map('untyped')), 500, 'InternalError')],
  },
  'a patch without a patch type': {
    slug: 'typeless',
    hooks: [{ answer: () => ({ response: { allowed: true, patch: 'W10=' } }) }],
    steps: [refused(create(MAPS, map('typeless')), 500, 'InternalError')],
  },
  'a name that is made has none yet': {
    slug: 'made',
    hooks: [{ answer: patchWith([label('hook')]) }],
    steps: [create(MAPS, { metadata: { generateName: 'made-', labels: { hook: 'made' } } })],
  },
  'a dry run is told': {
    slug: 'dry',
    hooks: [
      { answer: patchWith([label('hook')]) },
      { config: { sideEffects: 'NoneOnDryRun' }, answer: allow },
    ],
    steps: [create(`${MAPS}?dryRun=All`, map('dry'))],
  },
  'a name that is taken: the webhook is called first': {
    slug: 'taken',
    hooks: [{ answer: allow }],
    steps: [create(MAPS, map('taken')), refused(create(MAPS, map('taken')), 409, 'AlreadyExists')],
  },
  'an object that is invalid: the webhook is called first, too': {
    slug: 'invalid',
    hooks: [{ answer: allow }],
    steps: [refused(create(MAPS, map('invalid', 'Upper')), 422, 'Invalid')],
  },
  'a patch on DELETE fails even where failures are ignored': {
    slug: 'delete',
    hooks: [
      {
        config: { failurePolicy: 'Ignore' },
        answer: request => ({
          response: request.operation === 'DELETE' ? toPatchResponse([label('hook')]) : { allowed: true },
        }),
      },
    ],
    steps: [
      create(MAPS, map('delete')),
      refused(remove(`${MAPS}/delete`), 500, 'InternalError'),
      read(`${MAPS}/delete`),
    ],
  },
}

const OBJECTS: Record<string, HookCase> = {
  'a kubelet registers, and the stored node is initialised': {
    slug: 'joining',
    hooks: [
      {
        config: {
          reinvocationPolicy: 'IfNeeded',
          matchConditions: [
            {
              name: 'uninitialized',
              expression: `object.spec.taints.exists(t, t.key == '${UNINITIALIZED}')`,
            },
          ],
        },
        answer: patchWith([
          { op: 'add', path: '/spec/providerID', value: 'phoenixnap://1' },
          { op: 'add', path: '/metadata/labels/topology.kubernetes.io~1region', value: 'PHX' },
          { op: 'replace', path: '/status/addresses', value: [{ type: 'InternalIP', address: '10.0.0.1' }] },
          { op: 'replace', path: '/spec/taints', value: [NOT_READY] },
        ]),
      },
    ],
    steps: [
      kubelet('joining', create(NODES, node('joining'))),
      kubelet(
        'joined',
        create(
          NODES,
          createFakeNode('joined', {
            labels: { hook: 'joining' },
            external: false,
            taints: [{ key: 'x', effect: 'NoSchedule' }],
          }),
        ),
      ),
      kubelet('joining', patch('strategic', `${NODES}/joining/status`, { status: { phase: 'Running' } })),
    ],
  },
  'a label that the kubelet must not set is refused to the webhook as well': {
    slug: 'forbidden',
    hooks: [{ answer: patchWith([{ op: 'add', path: '/metadata/labels/kubernetes.io~1x', value: 'y' }]) }],
    steps: [
      kubelet('forbidden', refused(create(NODES, node('forbidden')), 403, 'Forbidden')),
      create(NODES, node('forbidden', 'by-admin')),
    ],
  },
  'what a service looks like before it is stored, and after': {
    slug: 'service',
    hooks: [
      {
        answer: request => ({
          response:
            request.operation === 'CREATE'
              ? toPatchResponse([
                  { op: 'add', path: '/metadata/finalizers', value: ['phoenixnap.com/load-balancer'] },
                  {
                    op: 'add',
                    path: '/metadata/annotations',
                    value: { 'kube-vip.io/loadbalancerIPs': '203.0.113.9' },
                  },
                  { op: 'add', path: '/spec/loadBalancerIP', value: '203.0.113.9' },
                  {
                    op: 'add',
                    path: '/status',
                    value: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } },
                  },
                ])
              : { allowed: true },
        }),
      },
    ],
    steps: [
      create(SERVICES, service('service')),
      patch('merge', `${SERVICES}/service/status`, {
        status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } },
      }),
      replace(`${SERVICES}/service`, service('service')),
      remove(`${SERVICES}/service`),
    ],
  },
}

const server = await startWebhookServer(t)
const options = { webhookTokens: [{ hostPort: server.hostPort, token: 'webhook-token' }] }
testContract(t, 'webhooks', options, async (t, contract) => {
  for (const cases of [OPERATIONS, OBJECTS])
    for (const [name, each] of Object.entries(cases))
      await t.test(name, t => runHookCase(t, contract, server, name, each))
})
