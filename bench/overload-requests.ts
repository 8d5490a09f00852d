import { toReview } from './admission.ts'
import { nodeName, toRequest } from './stage.ts'

/** The API server's own time for one webhook call in this storm; the registered webhook has 10 s. */
export const TIMEOUT_MS = 2000
/** Events of one batch, as many as the API server sends by default. */
const EVENTS = 400
const SERVERS = 1000

const ADMISSION = `/admission?timeout=${TIMEOUT_MS / 1000}s`

export const HEALTH = Buffer.from('GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n')

/** Refused for what it is, on a connection that stays. */
export const OPENING = toRequest(ADMISSION, '{}')

/** Reviews of joining nodes. */
export const toNodeReviews = (): readonly Buffer[] =>
  Array.from({ length: SERVERS }, (_, index) => toRequest(ADMISSION, toReview(nodeName(index))))

/** Reviews of Services that want an address. */
export const toServiceReviews = (): readonly Buffer[] =>
  Array.from({ length: SERVERS }, (_, index) => toRequest(ADMISSION, toServiceReview(index)))

const toServiceReview = (index: number): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: `705ab4f5-6393-11e8-b7cc-service-${index}`,
      kind: { group: '', version: 'v1', kind: 'Service' },
      resource: { group: '', version: 'v1', resource: 'services' },
      operation: 'CREATE',
      name: `web-${index}`,
      namespace: `shop-${index % 50}`,
      userInfo: { username: 'a-user', groups: ['system:authenticated'] },
      object: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: `web-${index}`, namespace: `shop-${index % 50}` },
        spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }], selector: { app: 'web' } },
      },
      oldObject: null,
      dryRun: false,
      options: { apiVersion: 'meta.k8s.io/v1', kind: 'CreateOptions' },
    },
  })

/** Audit batches at level Metadata, some 270 KB each, of heartbeats and changes of nodes. */
export function toBatches(): readonly Buffer[] {
  return Array.from({ length: 8 }, (_, batch) =>
    toRequest(
      '/audit',
      JSON.stringify({
        kind: 'EventList',
        apiVersion: 'audit.k8s.io/v1',
        metadata: {},
        items: Array.from({ length: EVENTS }, (_, index) => toEvent((batch * EVENTS + index) % SERVERS)),
      }),
    ),
  )
}

const toEvent = (index: number): object => ({
  level: 'Metadata',
  auditID: `1f3c9c2a-6393-11e8-b7cc-${String(index).padStart(12, '0')}`,
  stage: 'ResponseComplete',
  requestURI: `/api/v1/nodes/${nodeName(index)}/status?timeout=10s`,
  verb: 'patch',
  user: { username: `system:node:${nodeName(index)}`, groups: ['system:nodes', 'system:authenticated'] },
  sourceIPs: ['10.0.0.1'],
  userAgent: 'kubelet/v1.36.1 (linux/amd64) kubernetes/0000000',
  objectRef: { resource: 'nodes', name: nodeName(index), apiVersion: 'v1' },
  responseStatus: { metadata: {}, code: 200 },
  requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  stageTimestamp: '2026-01-01T00:00:00.000000Z',
  annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
})
