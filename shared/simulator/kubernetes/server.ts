import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { stringify } from 'yaml'
import { type Clock, systemClock } from '../../clock.ts'
import { type Log, silentLog } from '../../log.ts'
import type { ListObjects } from './access/authorizer.ts'
import { toToken } from './access/users.ts'
import { createAdmissionChain } from './admission/chain.ts'
import { namespaceLifecycle, nodeRestriction, taintNewNodes } from './admission/plugins.ts'
import { createDiscovery } from './api/discovery.ts'
import { createHttpServer, type HttpContext } from './api/http.ts'
import { createOpenApi } from './api/openapi.ts'
import { createReader } from './api/read.ts'
import { eventEncoder, represent } from './api/representation.ts'
import { createReviews } from './api/reviews.ts'
import { createWriter } from './api/write.ts'
import { type AuditSink, createAuditLog } from './audit/audit.ts'
import { createBackend, type KubeStore } from './backend.ts'
import { createFaults, type KubeFaults } from './faults.ts'
import { createLifecycle, type Lifecycle } from './lifecycle.ts'
import { createOwnership } from './ownership/ownership.ts'
import { type SendPosting, sendOverHttp } from './post.ts'
import { createRequestLog, type KubeRequestLog } from './request-log.ts'
import { type CustomResource, createResourceTable } from './resources.ts'
import { seedCluster, toServiceRanges } from './seed.ts'
import { type Change, createObjectStore } from './store.ts'

export interface KubernetesSimulator {
  readonly url: string
  /** kubeconfig (YAML) for a user: `admin` by default, or a name such as `system:node:node-a`. */
  kubeconfig(user?: string): string
  /** Bearer token of a user; the groups follow from the name. */
  tokenFor(user: string): string
  readonly store: KubeStore
  readonly requests: KubeRequestLog
  readonly faults: KubeFaults
  /** Starts or (undefined) ends the delivery of audit events. */
  setAudit(sink: AuditSink | undefined): void
  /** Bearer token for webhooks at `host:port`, as from --admission-control-config-file; undefined: none. */
  setWebhookToken(hostPort: string, token: string | undefined): void
  close(): Promise<void>
}

export interface KubernetesSimulatorOptions {
  readonly clock?: Clock
  /** A free port when absent or 0. */
  readonly port?: number
  readonly log?: Log
  /** PEM texts; `ca` goes into kubeconfigs. kubectl sends no token over plain HTTP, so it needs TLS. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string }
  /** Requests without credentials are admin's. */
  readonly anonymousAdmin?: boolean
  /** Serves Services of both families, IPv4 first; IPv4 alone by default. */
  readonly dualStack?: boolean
  /** Custom resources to serve, as CustomResourceDefinitions would. */
  readonly customResources?: readonly CustomResource[]
  /** A number in [0, 1), for cluster IPs, node ports and generated names. */
  readonly random?: () => number
  /** How webhooks and the audit sink are called; over HTTP by default. */
  readonly send?: SendPosting
}

/** The port of an API server behind https. */
const DEFAULT_PORT = 443

/** 48 random bits as a number in [0, 1): Math.random is no worse, but linters know this one is meant. */
const randomNumber = (): number => randomBytes(6).readUIntBE(0, 6) / 2 ** 48

/** A Kubernetes API server in memory: the resources that a cloud controller uses, behaving as the real one. */
export async function startKubernetesSimulator(
  options: KubernetesSimulatorOptions = {},
): Promise<KubernetesSimulator> {
  const { tls } = options
  const parts = assemble(options)
  const server = createHttpServer(parts.context, tls)
  await server.listen({ host: '127.0.0.1', port: options.port ?? 0 })
  const { port } = server.server.address() as AddressInfo
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  seedCluster(parts.lifecycle, port, toServiceRanges(options.dualStack))
  return toSimulator(parts, server, url, tls?.ca)
}

/** The same without a socket: requests are handed over within the process. */
export interface EmbeddedKubernetes extends KubernetesSimulator {
  readonly inject: FastifyInstance['inject']
  /** Each version as it is stored; nobody may change it. */
  onChange(listener: (change: Change) => void): () => void
}

/** @param url where clients believe it to be */
export function embedKubernetesSimulator(
  url: string,
  options: KubernetesSimulatorOptions = {},
): EmbeddedKubernetes {
  const parts = assemble(options)
  const server = createHttpServer(parts.context, undefined)
  seedCluster(parts.lifecycle, Number(new URL(url).port) || DEFAULT_PORT, toServiceRanges(options.dualStack))
  return {
    ...toSimulator(parts, server, url, undefined),
    inject: server.inject.bind(server),
    onChange: listener => parts.lifecycle.store.onChange(listener),
  }
}

function toSimulator(
  { lifecycle, context, webhookTokens, closing }: Parts,
  server: FastifyInstance,
  url: string,
  ca: string | undefined,
): KubernetesSimulator {
  return {
    url,
    kubeconfig: (user = 'admin') => kubeconfigOf(url, ca, user),
    tokenFor: toToken,
    store: createBackend(lifecycle),
    requests: context.requests,
    faults: context.faults,
    setAudit: sink => context.audit.setSink(sink),
    setWebhookToken(hostPort, token) {
      if (token === undefined) webhookTokens.delete(hostPort)
      else webhookTokens.set(hostPort, token)
    },
    async close() {
      closing.abort()
      context.audit.close()
      await server.close()
    },
  }
}

interface Parts {
  readonly lifecycle: Lifecycle
  readonly context: HttpContext
  readonly webhookTokens: Map<string, string>
  readonly closing: AbortController
}

/** Everything but the socket. */
function assemble(options: KubernetesSimulatorOptions): Parts {
  const { clock = systemClock, log = silentLog, random = randomNumber, send = sendOverHttp } = options
  const table = createResourceTable(options.customResources)
  const store = createObjectStore()
  const lifecycle = createLifecycle(store, table, clock, random)
  const webhookTokens = new Map<string, string>()
  const closing = new AbortController()
  const list: ListObjects = (plural, namespace) => store.list(table.named(plural), namespace)
  const find = (plural: string, namespace: string, name: string) =>
    store.get(table.named(plural), namespace, name)
  const findNamespace = (name: string) => find('namespaces', '', name)
  const admission = createAdmissionChain({
    clock,
    log,
    send,
    closing: closing.signal,
    tokenFor: hostPort => webhookTokens.get(hostPort),
    plugins: [namespaceLifecycle(findNamespace), nodeRestriction, taintNewNodes],
    configurations: () => list('mutatingwebhookconfigurations'),
    findNamespace,
  })
  const ownership = createOwnership(() => clock.now())
  const reviews = createReviews({
    clock,
    list,
    findServiceAccount: (namespace, name) => find('serviceaccounts', namespace, name),
  })
  const context: HttpContext = {
    store,
    table,
    clock,
    log,
    faults: createFaults(),
    requests: createRequestLog(),
    audit: createAuditLog(clock, log, send),
    anonymousAdmin: options.anonymousAdmin ?? false,
    closing: closing.signal,
    reader: createReader(store),
    writer: createWriter(lifecycle, admission, ownership),
    special: [reviews, createDiscovery(table), createOpenApi(table)],
    encodeEvents: request => eventEncoder(request, clock),
    encode: (request, answer) => represent(request, answer, clock),
  }
  return { lifecycle, context, webhookTokens, closing }
}

function kubeconfigOf(server: string, ca: string | undefined, user: string): string {
  const authority =
    ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') }
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'simulator', cluster: { server, ...authority } }],
    users: [{ name: user, user: { token: toToken(user) } }],
    contexts: [{ name: 'simulator', context: { cluster: 'simulator', user } }],
    'current-context': 'simulator',
  })
}
