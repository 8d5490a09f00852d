import t from 'tap'
import { answerOf, type Cases, create, read, refused, remove, runCases, testContract } from './contract.ts'

const ALL_MAPS = '/api/v1/configmaps'
const MAPS = '/api/v1/namespaces/default/configmaps'
const NODES = '/api/v1/nodes'
const EVENTS = '/api/v1/namespaces/default/events'
const map = (name: string, labels: object): object => ({ metadata: { name, labels } })

/** Objects that the cases look for; each case selects them by a label of its own. */
const query = (parameters: Record<string, string>): string => new URLSearchParams(parameters).toString()
const select = (labelSelector: string): string => `${MAPS}?${query({ labelSelector })}`

const SELECTORS: Cases = {
  'label selectors': [
    create(MAPS, map('sel-1', { set: 'sel', tier: 'a', gold: '' })),
    create(MAPS, map('sel-2', { set: 'sel', tier: 'b' })),
    create(MAPS, map('sel-3', { set: 'sel' })),
    read(select('set=sel')),
    read(select('set==sel,tier=a')),
    read(select('set=sel,tier!=a')),
    read(select('set=sel,tier in (a, b)')),
    read(select('set=sel,tier notin (a)')),
    read(select('set=sel,gold')),
    read(select('set=sel,!tier')),
    refused(read(select('set=(')), 400, 'BadRequest'),
    read(`${ALL_MAPS}?${query({ labelSelector: 'set=sel,gold' })}`),
  ],
  'field selectors': [
    create(NODES, { metadata: { name: 'field-1' }, spec: { unschedulable: true } }),
    create(NODES, { metadata: { name: 'field-2' } }),
    read(`${NODES}?${query({ fieldSelector: 'metadata.name=field-1' })}`),
    read(`${NODES}?${query({ fieldSelector: 'spec.unschedulable=true' })}`),
    read(`${NODES}?${query({ fieldSelector: 'metadata.name!=field-1,metadata.name!=field-2' })}`),
    refused(read(`${NODES}?${query({ fieldSelector: 'spec.providerID=x' })}`), 400, 'BadRequest'),
    read(`${MAPS}?${query({ fieldSelector: 'metadata.namespace=kube-system' })}`),
  ],
  'field selectors of events': [
    create(EVENTS, {
      metadata: { name: 'sel-event' },
      involvedObject: { kind: 'Node', name: 'field-1', uid: 'field-1', apiVersion: 'v1' },
      reason: 'Synced',
      type: 'Normal',
      message: 'Node synced successfully',
      source: { component: 'cloud-node-controller' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
    }),
    read(`${EVENTS}?${query({ fieldSelector: 'involvedObject.name=field-1,reason=Synced,type=Normal' })}`),
    // The API server writes events of Services of its own.
    read(`${EVENTS}?${query({ fieldSelector: 'involvedObject.name=field-1,involvedObject.kind=Service' })}`),
  ],
}

const PAGES: Cases = {
  'pages of a list': [
    ...[1, 2, 3, 4, 5].map(number => create(MAPS, map(`page-${number}`, { set: 'page' }))),
    read(`${MAPS}?${query({ labelSelector: 'set=page', limit: '2' })}`),
    answers => read(`${MAPS}?${query({ labelSelector: 'set=page', limit: '2', continue: nextOf(answers) })}`),
    answers => read(`${MAPS}?${query({ labelSelector: 'set=page', limit: '2', continue: nextOf(answers) })}`),
    refused(read(`${MAPS}?${query({ limit: '2', continue: 'broken' })}`), 400, 'BadRequest'),
  ],
  'a page is of the moment at which the list began': [
    ...[1, 2, 3].map(number => create(MAPS, map(`moment-${number}`, { set: 'moment' }))),
    read(`${MAPS}?${query({ labelSelector: 'set=moment', limit: '1' })}`),
    create(MAPS, map('moment-2b', { set: 'moment' })),
    remove(`${MAPS}/moment-3`),
    answers =>
      read(
        `${MAPS}?${query({ labelSelector: 'set=moment', limit: '5', continue: answerOf(answers, 3).body.metadata?.continue ?? '' })}`,
      ),
  ],
  'a list from the cache': [
    read(`${MAPS}?${query({ labelSelector: 'set=none', resourceVersion: '0' })}`),
    refused(read(`${MAPS}?${query({ resourceVersion: 'x' })}`), 400, 'BadRequest'),
  ],
}

const nextOf = (answers: Parameters<typeof answerOf>[0]): string =>
  answerOf(answers, -1).body.metadata?.continue ?? ''

/** Other forms of an answer, asked for by the Accept header. */
const FORMS: Cases = {
  'metadata only': [
    create(MAPS, { ...map('form', { set: 'form' }), data: { a: '1' } }),
    {
      call: `GET ${select('set=form')}`,
      headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
      status: 200,
    },
    {
      call: `GET ${MAPS}/form`,
      headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' },
      status: 200,
    },
  ],
  'nothing that is offered': [
    { call: `GET ${MAPS}/form`, headers: { accept: 'text/html' }, status: 406, reason: 'NotAcceptable' },
  ],
}

testContract(t, 'lists', {}, async (t, contract) => {
  for (const cases of [SELECTORS, PAGES, FORMS]) await runCases(t, contract, cases)
})
