import type { Test } from 'tap'
import { createAdmission, createAdmissionHandler } from '../../functions/admission.ts'
import { createAudit, createAuditHandler } from '../../functions/audit.ts'
import { createAuthenticate } from '../../functions/auth.ts'
import { createFunctionHost } from '../../functions/function-host.ts'
import { createFunctionInvoker } from '../../functions/invoker.ts'
import { createServer } from '../../functions/server.ts'
import type {
  Controllers,
  NodeAdmission,
  ReconcileKey,
  ResyncReport,
  ServiceAdmission,
  ServiceReview,
  WorkCall,
} from '../../shared/controllers/contract.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { createLog } from '../../shared/log.ts'
import { createTurnableClock, type TurnableClock } from '../../shared/simulator/clock.ts'
import { admissionPathSecret } from '../../shared/webhook-secret.ts'

export const TOKEN = 'current-webhook-token'
export const PREVIOUS = 'previous-webhook-token'
export const MAX_BODY_BYTES = 65_536
export const PATH_SECRET = admissionPathSecret(TOKEN)
export const PREVIOUS_PATH_SECRET = admissionPathSecret(PREVIOUS)

/** What happened behind the webhooks, and how the fakes behave. */
export interface Backstage {
  readonly clock: TurnableClock
  readonly admitted: { readonly node: KubeNode; readonly call: WorkCall }[]
  readonly reviewed: { readonly review: ServiceReview; readonly call: WorkCall }[]
  readonly invoked: ReconcileKey[][]
  readonly lines: Record<string, unknown>[]
  closed: number
  admit: (node: KubeNode, call: WorkCall) => Promise<NodeAdmission>
  admitService: (review: ServiceReview, call: WorkCall) => Promise<ServiceAdmission>
  invoke: (payload: string) => Promise<number>
  /** Controllers cannot be had at all while this is set. */
  broken: Error | undefined
}

export interface Call {
  readonly method?: string
  readonly path: string
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** What the function has left; the server has no such limit. */
  readonly remainingMs?: number
  readonly encoded?: boolean
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: unknown
}

/** One host under test: the same webhooks as functions, or behind the server. */
export interface Host {
  readonly name: string
  readonly backstage: Backstage
  readonly call: (call: Call) => Promise<Answer>
}

export const LABEL_PATCH = [{ op: 'add', path: '/metadata/labels/phoenixnap.com~1a', value: 'ü' }] as const

export function createBackstage(): Backstage {
  const clock = createTurnableClock()
  return {
    clock,
    admitted: [],
    reviewed: [],
    invoked: [],
    lines: [],
    closed: 0,
    admit: async () => ({ patch: LABEL_PATCH, why: 'found by hostname', warnings: [] }),
    admitService: async () => ({ patch: LABEL_PATCH, why: 'an address was free', warnings: [], ring: [] }),
    invoke: async () => 202,
    broken: undefined,
  }
}

/** Controllers that remember what they were asked. */
export function toControllers(backstage: Backstage): Controllers {
  return {
    async admitNode(node, call) {
      backstage.admitted.push({ node, call })
      return backstage.admit(node, call)
    },
    async admitService(review, call) {
      backstage.reviewed.push({ review, call })
      return backstage.admitService(review, call)
    },
    reconcile: async keys => keys.map(key => ({ key, result: 'unchanged', why: 'as it should be' })),
    resync: async () => EMPTY_REPORT,
  }
}

export const EMPTY_REPORT: ResyncReport = {
  state: 'complete',
  nodes: 0,
  instances: 0,
  services: 0,
  changes: [],
  held: [],
  failures: [],
  durationMs: 1,
  requests: {},
}

async function getControllers(backstage: Backstage): Promise<Controllers> {
  if (backstage.broken) throw backstage.broken
  return toControllers(backstage)
}

async function send(backstage: Backstage, payload: string): Promise<number> {
  const status = await backstage.invoke(payload)
  backstage.invoked.push((JSON.parse(payload) as { keys: ReconcileKey[] }).keys)
  return status
}

const SETTINGS = {
  PNAP_CLIENT_ID: 'client-1',
  PNAP_CLIENT_SECRET: 'secret-1',
  PNAP_WEBHOOK_TOKEN: TOKEN,
  PNAP_WEBHOOK_TOKEN_PREVIOUS: PREVIOUS,
  PNAP_RECONCILE_FUNCTION: 'reconcile',
  PNAP_MAX_BODY_BYTES: String(MAX_BODY_BYTES),
  PNAP_LOG_LEVEL: 'debug',
}

const writeTo = (backstage: Backstage) => (line: string) => void backstage.lines.push(JSON.parse(line))

/** The two webhooks as Lambda functions behind an HTTP API. */
export function createFunctions(env: Record<string, string> = SETTINGS): Host {
  const backstage = createBackstage()
  const host = createFunctionHost({
    clock: backstage.clock,
    readSources: async () => ({ env }),
    createApp: async () => ({
      controllers: await getControllers(backstage),
      closeIdle: () => {
        backstage.closed += 1
      },
    }),
    createSend: () => payload => send(backstage, payload),
    write: writeTo(backstage),
  })
  const [admission, audit] = [createAdmissionHandler(host), createAuditHandler(host)]
  return {
    name: 'functions',
    backstage,
    async call(call) {
      const { method = 'POST', path, query = '', headers = {}, body = '', encoded = false } = call
      const handler = path.startsWith('/audit') ? audit : admission
      const event = {
        rawPath: path,
        rawQueryString: query,
        headers,
        body: encoded ? Buffer.from(body).toString('base64') : body,
        isBase64Encoded: encoded,
        requestContext: { http: { method }, timeEpoch: backstage.clock.now() },
      }
      const context = { getRemainingTimeInMillis: () => call.remainingMs ?? 30_000 }
      const answer = await handler(event, context)
      return { status: answer.statusCode, headers: answer.headers, body: JSON.parse(answer.body) }
    },
  }
}

/** The two webhooks behind the server. */
export async function createServed(t: Test): Promise<Host> {
  const backstage = createBackstage()
  const { clock } = backstage
  const parts = {
    clock,
    log: await createLog({ level: 'debug', write: writeTo(backstage) }),
    authenticate: createAuthenticate({ tokens: () => [TOKEN, PREVIOUS] }),
    maxBodyBytes: MAX_BODY_BYTES,
  }
  const invoker = createFunctionInvoker(payload => send(backstage, payload))
  const server = createServer({
    admission: createAdmission({
      ...parts,
      controllers: () => getControllers(backstage),
      invoker: async () => invoker,
    }),
    audit: createAudit({ ...parts, invoker }),
    ready: () => true,
    clock,
    maxBodyBytes: MAX_BODY_BYTES,
  })
  t.teardown(() => server.close())
  return {
    name: 'server',
    backstage,
    async call({ method = 'POST', path, query = '', headers = {}, body = '' }) {
      const answer = await server.inject({
        method: method as 'POST',
        url: query === '' ? path : `${path}?${query}`,
        headers,
        payload: body,
      })
      return { status: answer.statusCode, headers: answer.headers, body: answer.json() }
    },
  }
}

/** Lets the event loop turn until something has happened. */
export async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise(resolve => setImmediate(resolve))
}

/** Runs one suite against every host. */
export function onEveryHost(t: Test, name: string, suite: (t: Test, host: Host) => Promise<void>): void {
  t.test(`${name} (functions)`, t => suite(t, createFunctions()))
  t.test(`${name} (server)`, async t => suite(t, await createServed(t)))
}

export const bearer = (token: string): Readonly<Record<string, string>> => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
})

/** An AdmissionReview of the Service `shop/web`: created unless changed as given. */
export const serviceReview = (request: Record<string, unknown> = {}): string =>
  review({
    kind: { group: '', version: 'v1', kind: 'Service' },
    resource: { group: '', version: 'v1', resource: 'services' },
    namespace: 'shop',
    name: 'web',
    object: SERVICE,
    ...request,
  })

export const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { type: 'LoadBalancer' },
} as const

/** An AdmissionReview of a Node CREATE, changed as given. */
export const review = (
  request: Record<string, unknown> = {},
  envelope: Record<string, unknown> = {},
): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'review-1',
      kind: { group: '', version: 'v1', kind: 'Node' },
      resource: { group: '', version: 'v1', resource: 'nodes' },
      operation: 'CREATE',
      name: 'node-a',
      dryRun: false,
      object: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' }, spec: {} },
      ...request,
    },
    ...envelope,
  })
