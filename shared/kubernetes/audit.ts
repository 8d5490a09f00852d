import { CcmError } from '../errors.ts'
import { isObjectName, SERVICE_ACCOUNT_USER } from './names.ts'
import { readEnvelope, toRecord, toText } from './review.ts'

const API_VERSION = 'audit.k8s.io/v1'
const WRITE_VERBS = ['create', 'update', 'patch', 'delete', 'deletecollection']
/** Core resources that ring, and the kind that each is. */
const KINDS: ReadonlyMap<string, AuditKey['kind']> = new Map([
  ['nodes', 'Node'],
  ['services', 'Service'],
])
/** The API server's default batch: such a batch is read key by key, a larger one as the whole kind. */
const MAX_NAMES = 400

/** The object that an event rings for; without a name all of its kind, in its namespace if there is one. */
export interface AuditKey {
  readonly kind: 'Node' | 'Service'
  /** Of a Service; one without it is its whole kind. */
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}

/** What a batch says. The counts are for the log: nothing of an event's content is. */
export interface AuditReading {
  /** Distinct; a kind or a namespace that rings as a whole has no narrower keys beside. */
  readonly keys: readonly AuditKey[]
  readonly events: number
  /** Events that need no work: reads, our own writes, failed requests, other resources. */
  readonly skipped: number
  /** Events that could not be understood. */
  readonly malformed: number
  /** Id of the first event that rings, as it was sent: by it the batch is known, also when it comes again. */
  readonly auditID?: string | undefined
}

export interface AuditOptions {
  /** User names whose writes do not ring; our service account by default. */
  readonly ownUsers?: readonly string[]
}

/** Events that are looked at in one go: some 5 ms. */
const EVENTS_AT_ONCE = 1000

/**
 * Keys of the objects that a batch of audit events tells about. Batches come late, twice and out of order, so that
 * nothing but the key is taken from an event.
 *
 * @param text an audit.k8s.io/v1 EventList
 * @throws CcmError WEBHOOK_BODY_INVALID, WEBHOOK_VERSION_UNSUPPORTED
 */
export function readAuditEvents(text: string, options: AuditOptions = {}): AuditReading {
  const reading = takeApart(text, options)
  for (;;) {
    const { done, value } = reading.next()
    if (done) return value
  }
}

/**
 * The same for a process that has other things to do as well.
 *
 * @param breathe waited for between some events and the next ones
 */
export async function readAuditEventsInTurns(
  text: string,
  options: AuditOptions,
  breathe: () => Promise<void>,
): Promise<AuditReading> {
  const reading = takeApart(text, options)
  for (;;) {
    const { done, value } = reading.next()
    if (done) return value
    await breathe()
  }
}

/** Yields between some events and the next ones. */
function* takeApart(text: string, options: AuditOptions): Generator<undefined, AuditReading> {
  // A batch without events is encoded as null by Go.
  const items = readEnvelope(text, 'EventList', API_VERSION)['items'] ?? []
  if (!Array.isArray(items)) throw new CcmError('WEBHOOK_BODY_INVALID', 'items of the EventList is no list')
  const ownUsers = options.ownUsers ?? [SERVICE_ACCOUNT_USER]
  const keys = new Map<string, AuditKey>()
  const counts = { skipped: 0, malformed: 0 }
  let auditID: string | undefined
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % EVENTS_AT_ONCE === 0) yield
    const reading = readEvent(item, ownUsers)
    if (typeof reading === 'object') {
      keys.set(toId(reading), reading)
      auditID ??= toText(toRecord(item)['auditID'])
    } else counts[reading] += 1
  }
  return {
    keys: distinct([...keys.values()]),
    events: items.length,
    ...counts,
    ...(auditID ? { auditID } : {}),
  }
}

function readEvent(item: unknown, ownUsers: readonly string[]): AuditKey | 'skipped' | 'malformed' {
  const event = toRecord(item)
  const verb = toText(event['verb'])
  const stage = toText(event['stage'])
  if (verb === '' || stage === '') return 'malformed'
  // Requests without an object, as GET /version, have no reference.
  const object = toRecord(event['objectRef'])
  const kind = KINDS.get(toText(object['resource']))
  const isWrite = stage === 'ResponseComplete' && WRITE_VERBS.includes(verb)
  if (!isWrite || !kind || toText(object['apiGroup']) !== '' || toText(object['subresource']) !== '')
    return 'skipped'
  const code = toRecord(event['responseStatus'])['code']
  if (typeof code === 'number' && code >= 400) return 'skipped'
  if (ownUsers.includes(toText(toRecord(event['user'])['username']))) return 'skipped'
  const [namespace, name] = [toText(object['namespace']), toText(object['name'])]
  // Of what is no name nothing can be stored; a key of it would be as long as the batch.
  if ([namespace, name].some(text => text !== '' && !isObjectName(text))) return 'malformed'
  return toKey(kind, namespace, verb === 'deletecollection' ? '' : name)
}

function toKey(kind: AuditKey['kind'], namespace: string, name: string): AuditKey {
  if (kind === 'Node') return name === '' ? { kind } : { kind, name }
  if (namespace === '') return { kind }
  return name === '' ? { kind, namespace } : { kind, namespace, name }
}

function distinct(keys: readonly AuditKey[]): readonly AuditKey[] {
  return [...new Set(keys.map(({ kind }) => kind))].flatMap(kind => {
    const known = new Map(keys.filter(key => key.kind === kind).map(key => [toId(key), key]))
    if (known.has(kind)) return [{ kind }]
    const left = [...known.values()].filter(key => !hasWholeNamespace(known, key))
    return left.length > MAX_NAMES ? [{ kind }] : left
  })
}

const hasWholeNamespace = (
  known: ReadonlyMap<string, AuditKey>,
  { kind, namespace, name }: AuditKey,
): boolean => name !== undefined && namespace !== undefined && known.has(toId({ kind, namespace }))

/** No name and no namespace holds a slash. */
const toId = ({ kind, namespace, name }: AuditKey): string =>
  [kind, namespace, name].filter(part => part !== undefined).join('/')
