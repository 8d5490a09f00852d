import t from 'tap'
import {
  answerOf,
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
} from './contract.ts'

const NAMESPACES = '/api/v1/namespaces'
const FINALIZER = 'phoenixnap.com/load-balancer'
const namespace = (name: string, metadata: object = {}): object => ({ metadata: { name, ...metadata } })
const services = (name: string): string => `${NAMESPACES}/${name}/services`
const balancer = (name: string, metadata: object = {}): object => ({
  metadata: { name, ...metadata },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
})
const finalize = (name: string, finalizers: readonly string[], own?: readonly string[]): Step =>
  replace(`${NAMESPACES}/${name}/finalize`, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, finalizers: own },
    spec: { finalizers },
  })

const CASES: Cases = {
  'a namespace is made, labelled and read': [
    create(NAMESPACES, namespace('made', { labels: { a: 'b' } })),
    refused(create(NAMESPACES, namespace('made')), 409, 'AlreadyExists'),
    patch('merge', `${NAMESPACES}/made`, {
      metadata: { labels: { a: null, c: 'd' }, annotations: { e: 'f' } },
    }),
    patch('merge', `${NAMESPACES}/made`, { spec: { finalizers: [] }, status: { phase: 'Other' } }),
    read(`${NAMESPACES}?fieldSelector=metadata.name%3Dmade`),
    refused(create(NAMESPACES, namespace('Upper')), 422, 'Invalid'),
    refused(read(`${NAMESPACES}/none`), 404, 'NotFound'),
    refused(create(services('none'), balancer('x')), 404, 'NotFound'),
    read(services('none')),
  ],
  'those of the cluster stay': [
    refused(remove(`${NAMESPACES}/kube-system`), 403, 'Forbidden'),
    refused(remove(`${NAMESPACES}/default`), 403, 'Forbidden'),
    refused(remove(NAMESPACES), 405, 'MethodNotAllowed'),
  ],
  'without its controller a namespace ends for ever, and what is in it lives': [
    create(NAMESPACES, namespace('ending')),
    create(services('ending'), balancer('held', { finalizers: [FINALIZER] })),
    create(services('ending'), balancer('free')),
    remove(`${NAMESPACES}/ending`),
    read(`${NAMESPACES}/ending`),
    refused(create(services('ending'), balancer('late')), 403, 'Forbidden'),
    refused(
      create(`${NAMESPACES}/ending/events`, {
        metadata: { name: 'late' },
        involvedObject: { kind: 'Service', name: 'held', namespace: 'ending' },
      }),
      403,
      'Forbidden',
    ),
    refused(create(NAMESPACES, namespace('ending')), 409, 'AlreadyExists'),
    read(services('ending')),
    patch('merge', `${services('ending')}/free`, { metadata: { annotations: { a: 'b' } } }),
    patch('merge', `${services('ending')}/free`, { spec: { type: 'ClusterIP' } }),
    remove(`${services('ending')}/free`),
    remove(`${services('ending')}/held`),
    read(`${services('ending')}/held`),
    patch('merge', `${services('ending')}/held`, { metadata: { finalizers: null } }),
    refused(read(`${services('ending')}/held`), 404, 'NotFound'),
    read(`${NAMESPACES}/ending`),
  ],
  'a second DELETE changes nothing': [
    create(NAMESPACES, namespace('twice')),
    remove(`${NAMESPACES}/twice`),
    remove(`${NAMESPACES}/twice`),
    patch('merge', `${NAMESPACES}/twice`, { metadata: { labels: { a: 'b' } } }),
  ],
  'the controller says the end by the finalize door': [
    create(NAMESPACES, namespace('ended')),
    create(services('ended'), balancer('left')),
    remove(`${NAMESPACES}/ended`),
    finalize('ended', []),
    refused(read(`${NAMESPACES}/ended`), 404, 'NotFound'),
    refused(create(services('ended'), balancer('late')), 404, 'NotFound'),
    read(`${services('ended')}/left`),
    remove(`${services('ended')}/left`),
    create(NAMESPACES, namespace('ended')),
  ],
  'finalizers of the metadata hold a namespace as well': [
    create(NAMESPACES, namespace('held', { finalizers: ['example.com/held'] })),
    remove(`${NAMESPACES}/held`),
    finalize('held', [], ['example.com/held']),
    read(`${NAMESPACES}/held`),
    patch('merge', `${NAMESPACES}/held`, { metadata: { finalizers: null } }),
    refused(read(`${NAMESPACES}/held`), 404, 'NotFound'),
  ],
  'the finalize door of a living namespace': [
    create(NAMESPACES, namespace('living')),
    finalize('living', ['kubernetes', 'example.com/more']),
    finalize('living', []),
    remove(`${NAMESPACES}/living`),
    read(`${NAMESPACES}/living`),
    remove(`${NAMESPACES}/living`),
    refused(read(`${NAMESPACES}/living`), 404, 'NotFound'),
  ],
  'the status has a door': [
    create(NAMESPACES, namespace('status')),
    answers =>
      patch('merge', `${NAMESPACES}/status/status`, {
        metadata: { uid: answerOf(answers, 0).body.metadata?.uid },
        status: {
          conditions: [
            {
              type: 'NamespaceContentRemaining',
              status: 'True',
              lastTransitionTime: '2026-01-01T00:00:00Z',
              reason: 'SomeResourcesRemain',
              message: 'x',
            },
          ],
        },
      }),
  ],
}

testContract(t, 'namespaces', {}, async (t, contract) => {
  await runCases(t, contract, CASES)
  await t.test('kube-system has a uid, which names the cluster', async t => {
    const { body } = await contract.api().call({ method: 'GET', path: `${NAMESPACES}/kube-system` })
    t.match(body.metadata?.uid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  })
})
