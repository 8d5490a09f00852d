import { LOG_LEVELS } from './log.ts'
import {
  duration,
  integer,
  listenAddress,
  listenAddressOrNone,
  namespacedName,
  oneOf,
  servicePort,
  text,
  url,
  webhookUrl,
} from './setting-parsers.ts'
import type { Setting } from './settings.ts'

/** What a host (server, function, command) is told: where it listens, how it reaches the cluster, how it logs. */
export const HOST_SETTINGS = {
  listen: {
    env: 'PNAP_LISTEN',
    parse: listenAddress,
    fallback: '0.0.0.0:8443',
    doc: 'Address and port on which serve listens.',
  },
  metricsListen: {
    env: 'PNAP_METRICS_LISTEN',
    parse: listenAddressOrNone,
    fallback: '',
    doc: 'Address and port on which serve tells its metrics to Prometheus, in plain HTTP under /metrics, such as 10.0.0.5:9402: whoever reaches it may read; empty tells nobody.',
  },
  tlsCert: {
    env: 'PNAP_TLS_CERT',
    parse: text,
    fallback: undefined,
    doc: 'PEM file of the certificate of serve; read again when it changes.',
  },
  tlsKey: {
    env: 'PNAP_TLS_KEY',
    parse: text,
    fallback: undefined,
    doc: 'PEM file of the private key of serve; read again when it changes.',
  },
  tlsClientCa: {
    env: 'PNAP_TLS_CLIENT_CA',
    parse: text,
    fallback: undefined,
    doc: 'PEM file of the authority whose client certificates serve demands from webhook callers.',
  },
  webhookService: {
    env: 'PNAP_WEBHOOK_SERVICE',
    parse: servicePort,
    fallback: '',
    doc: 'Service by which the API server calls the webhook, as NAMESPACE/NAME[:PORT] (port 443 by default): serve then keeps the webhook configuration itself; empty leaves that to register.',
  },
  webhookUrl: {
    env: 'PNAP_WEBHOOK_URL',
    parse: webhookUrl,
    fallback: '',
    doc: 'The same with a URL (https://host:port) in the place of the Service, for serve outside the cluster.',
  },
  webhookCa: {
    env: 'PNAP_WEBHOOK_CA',
    parse: text,
    fallback: undefined,
    doc: 'PEM file of the authority that the API server shall trust when it calls the webhook that serve registers; read again when it changes, and not needed with the certificate that serve makes itself.',
  },
  servingSecret: {
    env: 'PNAP_SERVING_SECRET',
    parse: namespacedName,
    fallback: '',
    doc: 'Secret, as NAMESPACE/NAME, in which serve keeps what it makes itself: the webhook token where none is given, and a certificate that renews itself where no files of one are given.',
  },
  maxBodyBytes: {
    env: 'PNAP_MAX_BODY_BYTES',
    parse: integer(65_536, 67_108_864),
    fallback: '6291456',
    doc: 'Largest webhook request that is read, in bytes (a function never gets more than 6 MiB).',
  },
  maxReviews: {
    env: 'PNAP_MAX_REVIEWS',
    parse: integer(1, 100_000),
    fallback: '64',
    doc: 'Admission reviews that serve works on at once, three quarters of them for Services at the most; a joining node goes first.',
  },
  maxWaitingReviews: {
    env: 'PNAP_MAX_WAITING_REVIEWS',
    parse: integer(0, 1_000_000),
    fallback: '512',
    doc: 'Reviews of each kind that wait for that; one that would wait for longer than half of its time is let through untouched, and resync does the work.',
  },
  maxAuditBatches: {
    env: 'PNAP_MAX_AUDIT_BATCHES',
    parse: integer(1, 10_000),
    fallback: '2',
    doc: 'Audit batches that serve reads at once, and four times as many wait; the API server delivers again what is refused.',
  },
  maxEventLoopLag: {
    env: 'PNAP_MAX_EVENT_LOOP_LAG',
    parse: duration('10ms', '1h'),
    fallback: '250ms',
    doc: 'How late serve may be (its event loop) before it refuses audit batches and reconciles slowly; at five times as much, reviews of Services are let through untouched.',
  },
  shutdownGrace: {
    env: 'PNAP_SHUTDOWN_GRACE',
    parse: duration('0s', '8760h'),
    fallback: '20s',
    doc: 'Time that work under way is given when serve is told to end.',
  },
  reconcileFunction: {
    env: 'PNAP_RECONCILE_FUNCTION',
    parse: text,
    fallback: undefined,
    doc: 'Name of the function that the audit and admission functions invoke.',
  },
  logLevel: {
    env: 'PNAP_LOG_LEVEL',
    parse: oneOf(...LOG_LEVELS),
    fallback: 'info',
    doc: 'Least level that is logged.',
  },
  kubeconfig: {
    env: 'KUBECONFIG',
    parse: text,
    fallback: undefined,
    doc: 'Kubeconfig of the cluster; without it KUBE_API_SERVER, else the service account of the pod.',
  },
  kubeContext: {
    env: 'KUBE_CONTEXT',
    parse: text,
    fallback: undefined,
    doc: 'Context of that kubeconfig; by default its current one.',
  },
  kubeApiServer: {
    env: 'KUBE_API_SERVER',
    field: 'kubeApiServer',
    parse: url,
    fallback: undefined,
    doc: 'URL of the API server, for hosts without a kubeconfig.',
  },
  kubeCaData: {
    env: 'KUBE_CA_DATA',
    field: 'kubeCaData',
    parse: text,
    fallback: undefined,
    doc: 'Certificate authority of that API server, as PEM or base64 of PEM.',
  },
  kubeToken: {
    env: 'KUBE_TOKEN',
    field: 'kubeToken',
    secret: true,
    parse: text,
    fallback: undefined,
    doc: 'Service account token for that API server.',
  },
} as const satisfies Record<string, Setting<unknown>>
