import { createAdmissionHandler } from '../../functions/admission.ts'
import { createAuditHandler } from '../../functions/audit.ts'
import { createFunctionHost, type FunctionHost } from '../../functions/function-host.ts'
import type { ApiGatewayEvent, FunctionContext, WebhookRequest } from '../../functions/http.ts'
import { createReconcile, createReconcileHandler } from '../../functions/reconcile.ts'
import { createResyncHandler } from '../../functions/resync.ts'
import type { App } from '../../shared/compose.ts'
import type { Host } from './hosts.ts'
import type { Body } from './process.ts'

/** Time limits as they are deployed, in milliseconds. */
const LIMITS = { admission: 10_000, audit: 10_000, reconcile: 60_000, resync: 55_000 } as const
const ACCEPTED = 202
const RECONCILE = 'reconcile'

/** Each function has a process of its own, warm from its first invocation on. */
export function openFunctions(given: Promise<Body>, intervalMs: number): Host {
  const opened = given.then(body => {
    const host = (): FunctionHost =>
      createFunctionHost({
        clock: body.clock,
        write: body.write,
        readSources: async () => body.sources,
        createApp: () => body.createApp(),
        createSend: () => payload => ring(body, payload),
      })
    const [reconcile, resync] = [host(), host()]
    return {
      body,
      handlers: {
        admission: createAdmissionHandler(host()),
        audit: createAuditHandler(host()),
        reconcile: createReconcileHandler(reconcile),
        resync: createResyncHandler(resync),
      },
      reconcile,
      resync,
    }
  })
  const stop = new AbortController()
  void runPasses()

  /** One that fails is not tried again: the next comes soon. */
  async function runPasses(): Promise<void> {
    const { body, handlers } = await opened
    while (!stop.signal.aborted) {
      void handlers.resync({}, toContext(body, LIMITS.resync)).catch(() => undefined)
      await body.clock.sleep(intervalMs, stop.signal).catch(() => {})
    }
  }

  return {
    async answer(route, request) {
      const { body, handlers } = await opened
      const answer = await handlers[route](toEvent(request), toContext(body, LIMITS[route]))
      return { status: answer.statusCode, headers: answer.headers, body: answer.body }
    },
    async reconcile(payload) {
      const { body, handlers } = await opened
      const event: unknown = JSON.parse(payload)
      return handlers.reconcile(event, toContext(body, LIMITS.reconcile)).then(
        () => true,
        () => false,
      )
    },
    rung: () => [],
    pass: async call => (await (await opened).resync.app()).controllers.resync(call),
    app: async () => (await (await opened).reconcile.app()) as App,
    async work(call, keys = []) {
      const { body, reconcile } = await opened
      const controllers = async () => (await reconcile.app()).controllers
      return createReconcile({ controllers, log: body.log, clock: body.clock })(keys, call)
    },
    end: async () => stop.abort('the functions are taken away'),
  }
}

/** An asynchronous invocation: the platform takes it over, and carries it out some time later. */
async function ring({ wires, name }: Body, payload: string): Promise<number> {
  const call = {
    from: name,
    to: 'reconcile',
    method: 'POST',
    path: `/${RECONCILE}`,
    query: '',
    body: payload,
    isWrite: false,
  } as const
  const { status } = await wires.send(call)
  return status === 200 ? ACCEPTED : status
}

function toContext({ clock }: Body, limitMs: number): FunctionContext {
  const end = clock.now() + limitMs
  return { getRemainingTimeInMillis: () => end - clock.now() }
}

const toEvent = ({ method, path, headers, body, query }: WebhookRequest): ApiGatewayEvent => ({
  rawPath: path,
  rawQueryString: new URLSearchParams(query as Record<string, string>).toString(),
  headers,
  body: body.toString(),
  requestContext: { http: { method } },
})
