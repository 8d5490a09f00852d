import t from 'tap'
import { startWebhookServer } from '../../support/webhook-server.ts'
import { create, patch, refused, remove, replace, testContract } from './contract.ts'
import { allow, type HookCase, patchWith, runHookCase } from './hooks.ts'

const SERVICES = '/api/v1/namespaces/default/services'
const FINALIZER = 'phoenixnap.com/load-balancer'
const ASSIGNED = { 'phoenixnap.com/assigned-ips': '203.0.113.9' }
const service = (slug: string, spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: slug, labels: { hook: slug }, ...metadata },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
})
const change = (slug: string, body: object) => patch('merge', `${SERVICES}/${slug}`, body)

/** Which reviews leave the API server: those of load balancers, before or after. */
const BALANCERS = {
  name: 'balancers',
  expression:
    "(object != null && object.spec.type == 'LoadBalancer') || (oldObject != null && oldObject.spec.type == 'LoadBalancer')",
}

const CASES: Record<string, HookCase> = {
  'the reviews of a load balancer': {
    slug: 'balancer',
    hooks: [{ answer: allow }],
    steps: [
      create(SERVICES, service('balancer')),
      change('balancer', { metadata: { finalizers: [FINALIZER], annotations: ASSIGNED } }),
      change('balancer/status', { status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } } }),
      replace(`${SERVICES}/balancer`, service('balancer')),
      change('balancer', { metadata: { finalizers: [FINALIZER] } }),
      remove(`${SERVICES}/balancer`),
      change('balancer', { metadata: { finalizers: null } }),
    ],
  },
  'a type that changes is reviewed with both': {
    slug: 'type',
    hooks: [{ config: { matchConditions: [BALANCERS] }, answer: allow }],
    steps: [
      create(SERVICES, service('type', { type: 'ClusterIP' })),
      change('type', { metadata: { annotations: { a: 'b' } } }),
      change('type', { spec: { type: 'LoadBalancer' } }),
      change('type', { spec: { type: 'NodePort' } }),
      change('type', { metadata: { annotations: { a: 'c' } } }),
      remove(`${SERVICES}/type`),
    ],
  },
  'a service that is applied by the server': {
    slug: 'applied',
    hooks: [{ answer: patchWith([{ op: 'add', path: '/metadata/finalizers', value: [FINALIZER] }]) }],
    steps: [
      {
        ...patch('apply', `${SERVICES}/applied?fieldManager=us`, service('applied')),
        status: 201,
      },
      patch('apply', `${SERVICES}/applied?fieldManager=us`, service('applied', { ports: [{ port: 81 }] })),
    ],
  },
  'what a replacement drops is restored by the webhook': {
    slug: 'restored',
    hooks: [
      {
        answer: ({ operation }) =>
          operation === 'DELETE'
            ? { response: { allowed: true } }
            : {
                response: {
                  allowed: true,
                  patchType: 'JSONPatch',
                  patch: Buffer.from(
                    JSON.stringify([
                      { op: 'add', path: '/metadata/finalizers', value: [FINALIZER] },
                      { op: 'add', path: '/metadata/annotations', value: ASSIGNED },
                    ]),
                  ).toString('base64'),
                },
              },
      },
    ],
    steps: [
      create(SERVICES, service('restored')),
      replace(`${SERVICES}/restored`, service('restored', { ports: [{ port: 81 }] })),
      remove(`${SERVICES}/restored`),
      change('restored', { metadata: { finalizers: ['example.com/a'] } }),
    ],
  },
  'a dry run, a refusal and a collection': {
    slug: 'rest',
    hooks: [{ config: { sideEffects: 'NoneOnDryRun' }, answer: allow }],
    steps: [
      create(`${SERVICES}?dryRun=All`, service('rest')),
      refused(create(SERVICES, service('rest', { ipFamilyPolicy: 'RequireDualStack' })), 422, 'Invalid'),
      create(SERVICES, { ...service('rest'), metadata: { generateName: 'rest-', labels: { hook: 'rest' } } }),
      remove(`${SERVICES}?labelSelector=hook%3Drest`),
    ],
  },
}

const server = await startWebhookServer(t)
testContract(t, 'service-reviews', {}, async (t, contract) => {
  for (const [name, each] of Object.entries(CASES))
    await t.test(name, t => runHookCase(t, contract, server, name, each))
})
