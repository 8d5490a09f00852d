import { createAdmission } from '../../functions/admission.ts'
import { createAudit } from '../../functions/audit.ts'
import { createAuthenticate } from '../../functions/auth.ts'
import { callWebhook, type WebhookRequest, type WebhookResponse } from '../../functions/http.ts'
import type { Invoker } from '../../functions/invoker.ts'
import { createQueue } from '../../functions/queue.ts'
import { createReconcile } from '../../functions/reconcile.ts'
import { createResync } from '../../functions/resync.ts'
import { runSchedule } from '../../functions/schedule.ts'
import type { WebhookParts } from '../../functions/webhook.ts'
import type { App } from '../../shared/compose.ts'
import type {
  ReconcileKey,
  ReconcileOutcome,
  ResyncReport,
  WorkCall,
} from '../../shared/controllers/contract.ts'
import type { ProcessOptions } from './contract.ts'
import { openFunctions } from './functions.ts'
import type { Body } from './process.ts'

/** What a process does when it is called from outside. */
export interface Host {
  answer(route: 'admission' | 'audit', request: WebhookRequest): Promise<WebhookResponse>
  /** An asynchronous invocation; true when it need not be tried again. */
  reconcile(payload: string): Promise<boolean>
  readonly rung: () => readonly ReconcileKey[]
  pass(call: WorkCall & { readonly dryRun?: boolean }): Promise<ResyncReport>
  work(call: WorkCall, keys?: readonly ReconcileKey[]): Promise<readonly ReconcileOutcome[]>
  readonly app: () => Promise<App>
  end(): Promise<void>
}

export const DEFAULT_INTERVAL_MS = 60_000
const SHUTDOWN_MS = 10_000

export function openHost(
  kind: NonNullable<ProcessOptions['host']>,
  body: () => Promise<Body>,
  { resyncIntervalMs = DEFAULT_INTERVAL_MS }: ProcessOptions,
): Host {
  switch (kind) {
    case 'serve':
      return openServe(body(), resyncIntervalMs)
    case 'functions':
      return openFunctions(body(), resyncIntervalMs)
    case 'none':
      return openBare(body())
    default:
      return kind satisfies never
  }
}

interface Begun {
  readonly app: App
  readonly body: Body
}

async function begin(body: Promise<Body>): Promise<Begun> {
  return { body: await body, app: await (await body).createApp() }
}

export const toWebhookParts = ({ clock, log, config }: Body): WebhookParts => ({
  log,
  clock,
  maxBodyBytes: config.maxBodyBytes,
  authenticate: createAuthenticate({ tokens: () => [config.webhookToken ?? ''] }),
})

function openWebhooks({ app, body }: Begun, invoker: Invoker): Pick<Host, 'answer'> {
  const parts = toWebhookParts(body)
  const webhooks = {
    admission: createAdmission({
      ...parts,
      controllers: async () => app.controllers,
      invoker: async () => invoker,
    }),
    audit: createAudit({ ...parts, invoker }),
  }
  return { answer: (route, request) => callWebhook(webhooks[route], request) }
}

/** As `functions/serving.ts` puts them together, without a server. */
function openServe(given: Promise<Body>, intervalMs: number): Host {
  const stop = new AbortController()
  const abort = new AbortController()
  const opened = begin(given).then(begun => {
    const { app, body } = begun
    const { clock, log, random } = body
    const controllers = async () => app.controllers
    const reconcile = createReconcile({ controllers, log, clock })
    const queue = createQueue({ reconcile, clock, log, random: () => random.next() })
    const resync = createResync({ controllers, log, clock })
    void runSchedule({ resync, intervalMs, clock, log, stop: stop.signal, abort: abort.signal })
    return { ...begun, queue, webhooks: openWebhooks(begun, queue) }
  })
  return {
    answer: async (route, request) => (await opened).webhooks.answer(route, request),
    // Functions beside it have a queue of their own.
    reconcile: async () => false,
    rung: () => [],
    pass: async call => (await opened).app.controllers.resync(call),
    app: async () => (await opened).app,
    work: async (call, keys = []) => reconcileNow(await opened, keys, call),
    async end() {
      stop.abort('the process ends')
      const { queue, app } = await opened
      await queue.drain(SHUTDOWN_MS)
      abort.abort('the process ends')
      app.close()
    },
  }
}

/** Controllers and webhooks; what is rung stays until somebody asks for the work. */
function openBare(given: Promise<Body>): Host {
  const rung: ReconcileKey[] = []
  const invoker: Invoker = { invoke: async keys => void rung.push(...keys) }
  const opened = begin(given).then(begun => ({ ...begun, webhooks: openWebhooks(begun, invoker) }))
  return {
    answer: async (route, request) => (await opened).webhooks.answer(route, request),
    reconcile: async () => false,
    rung: () => rung,
    pass: async call => (await opened).app.controllers.resync(call),
    app: async () => (await opened).app,
    work: async (call, keys = rung.splice(0)) => reconcileNow(await opened, keys, call),
    end: async () => (await opened).app.close(),
  }
}

function reconcileNow(
  { app, body }: Begun,
  keys: readonly ReconcileKey[],
  call: WorkCall,
): Promise<readonly ReconcileOutcome[]> {
  const controllers = async () => app.controllers
  return createReconcile({ controllers, log: body.log, clock: body.clock })(keys, call)
}
