import t, { type Test } from 'tap'
import { startWebhookServer } from '../../support/webhook-server.ts'
import {
  as,
  type Contract,
  create,
  patch,
  read,
  refused,
  remove,
  runSteps,
  testContract,
} from './contract.ts'
import { createNormaliser } from './normalise.ts'

const NODES = '/api/v1/nodes'
const SERVICES = '/api/v1/namespaces/default/services'
const MAPS = '/api/v1/namespaces/default/configmaps'
const IGNORED = 'system:serviceaccount:kube-system:ignored'
const LAST = 'audit-last'
const LIMIT_MS = 30_000

const POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', users: [IGNORED, 'system:apiserver'] },
    {
      level: 'Metadata',
      verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'],
      resources: [{ group: '', resources: ['nodes', 'services'] }],
    },
  ],
}

interface AuditEvent {
  readonly requestReceivedTimestamp: string
  readonly objectRef?: { readonly name?: string }
  readonly verb: string
  readonly [field: string]: unknown
}

const service = (name: object): object => ({
  metadata: { ...name, labels: { audit: 'yes' } },
  spec: { ports: [{ port: 80 }] },
})

const STEPS = [
  create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'ignored' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: IGNORED }],
  }),
  create(NODES, { metadata: { name: 'audited' } }),
  as(IGNORED, patch('merge', `${NODES}/audited`, { metadata: { labels: { a: 'b' } } })),
  read(`${NODES}/audited`),
  create(MAPS, { metadata: { name: 'audited' } }),
  patch('merge', `${NODES}/audited`, { metadata: { labels: { a: 'c' } } }),
  patch('merge', `${NODES}/audited/status`, { status: { phase: 'Running' } }),
  refused(create(NODES, { metadata: { name: 'audited' } }), 409, 'AlreadyExists'),
  refused(create(NODES, { metadata: { name: 'Upper' } }), 422, 'Invalid'),
  as('somebody', refused(remove(`${NODES}/audited`), 403, 'Forbidden')),
  create(`${NODES}?dryRun=All`, { metadata: { name: 'dry' } }),
  create(SERVICES, service({ generateName: 'made-' })),
  create(SERVICES, service({ name: 'named' })),
  remove(`${SERVICES}?labelSelector=audit%3Dyes`),
  remove(`${NODES}/audited`),
  create(NODES, { metadata: { name: LAST } }),
]

const server = await startWebhookServer(t)
const audit = { url: `${server.url}/audit`, ca: server.ca, token: 'audit-token', policy: POLICY }
testContract(t, 'audit', { audit }, async (t, contract) => {
  const came = listen()
  await runSteps(t, contract, STEPS)
  const events = await came
  t.ok(events.every(({ headers }) => headers === 'Bearer audit-token'))
  record(
    t,
    contract,
    events.flatMap(({ items }) => items),
  )
})

interface Batch {
  readonly headers: string | undefined
  readonly items: readonly AuditEvent[]
}

/** The batches up to the one that holds the last step's event. */
function listen(): Promise<Batch[]> {
  const batches: Batch[] = []
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${batches.length} batches, and no end`)), LIMIT_MS)
    server.on('/audit', ({ headers, body }) => {
      const { items } = body as { items: AuditEvent[] }
      batches.push({ headers: headers.authorization, items })
      if (items.some(({ objectRef }) => objectRef?.name === LAST)) {
        clearTimeout(timer)
        resolve(batches)
      }
      return { status: 200, text: '' }
    })
  })
}

function record(t: Test, contract: Contract, events: readonly AuditEvent[]): void {
  const normalise = createNormaliser()
  const sorted = events.toSorted((a, b) => (a.requestReceivedTimestamp < b.requestReceivedTimestamp ? -1 : 1))
  contract.recording.check(
    t,
    'events',
    sorted.map(event => normalise(withoutCircumstances(event))),
  )
}

/** Without what tells about the machine, and with the status in short. */
function withoutCircumstances(event: AuditEvent): object {
  const { auditID, sourceIPs, userAgent, annotations, responseStatus, ...rest } = event
  const { code } = responseStatus as { code: number }
  return {
    ...rest,
    code,
    has: Object.entries({ auditID, sourceIPs, userAgent, annotations }).flatMap(([key, value]) =>
      value ? [key] : [],
    ),
  }
}
