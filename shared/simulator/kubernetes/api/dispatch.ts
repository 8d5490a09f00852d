import type { Clock } from '../../../clock.ts'
import { type Access, authorize, refusalOf } from '../access/authorizer.ts'
import type { User } from '../objects.ts'
import { type ResourceTable, subjectOf } from '../resources.ts'
import { ApiError, forbidden, methodNotAllowed, notFound, resourceUnknown } from '../status.ts'
import type { ObjectStore } from '../store.ts'
import type { Reader } from './read.ts'
import { chooseForm } from './representation.ts'
import { type Answer, type ApiRequest, type HttpRequest, parseTarget, type Target } from './request.ts'
import { type EventEncoder, watch } from './watch.ts'
import { isDryRun, type Writer } from './write.ts'

/** Answers that are no stored resource: discovery, health, reviews. Undefined: not mine. */
export type SpecialHandler = (
  request: HttpRequest,
  user: User,
  target: Target | undefined,
) => Answer | undefined

export interface DispatchContext {
  readonly store: ObjectStore
  readonly table: ResourceTable
  readonly clock: Clock
  readonly reader: Reader
  readonly writer: Writer
  readonly special: readonly SpecialHandler[]
  readonly encodeEvents: (request: ApiRequest) => EventEncoder
  /** Turns an answer into the form that the client accepts. */
  readonly encode: (request: ApiRequest, answer: Answer) => Answer
}

/** What a request turned out to be, for the log and the audit. */
export interface Dispatched {
  readonly target: Target | undefined
  readonly warnings: readonly string[]
  /** @throws ApiError */
  readonly run: () => Promise<Answer>
}

/** Authorises the request and finds who answers it. */
export function dispatch(context: DispatchContext, http: HttpRequest, user: User): Dispatched {
  const parsed = parseTarget(context.table, http)
  const target = parsed?.verb === undefined ? undefined : parsed
  const warnings: string[] = []
  const run = async (): Promise<Answer> => {
    checkAccess(context, http, user, target)
    for (const handle of context.special) {
      const answer = handle(http, user, target)
      if (answer !== undefined) return answer
    }
    if (parsed === undefined || (target !== undefined && !isServed(context.table, target)))
      return { status: 404, body: '404 page not found\n', contentType: 'text/plain; charset=utf-8' }
    if (target === undefined) throw methodNotAllowed()
    return answerResource(context, http, user, target, warnings)
  }
  return { target, warnings, run }
}

/** In a group of custom resources, a resource or scope that no definition names is like a group that does not exist. */
function isServed(table: ResourceTable, { group, version, resource, namespace, verb }: Target): boolean {
  if (!table.serves(group, version)) return false
  if (!table.isCustom(group)) return true
  if (resource === undefined) return false
  const isPlaced = namespace !== ''
  return resource.namespaced === isPlaced || (resource.namespaced && ['list', 'watch'].includes(verb))
}

function checkAccess(
  context: DispatchContext,
  http: HttpRequest,
  user: User,
  target: Target | undefined,
): void {
  const access: Access = {
    verb: target?.verb ?? http.method.toLowerCase(),
    group: target?.group ?? '',
    resource: target?.plural ?? '',
    subresource: target?.subresource ?? '',
    namespace: target?.namespace ?? '',
    name: target?.name ?? '',
    path: http.path,
  }
  const list = (plural: string, namespace?: string) =>
    context.store.list(context.table.named(plural), namespace)
  const { allowed, reason } = authorize(user, access, list)
  if (allowed) return
  const why = refusalOf(user, access, reason)
  if (access.resource === '') throw new ApiError(403, 'Forbidden', `forbidden: ${why}`, {})
  throw forbidden({ group: access.group, what: access.resource }, access.name, why)
}

/** How the namespace controller takes its finalizer from a namespace. */
const isFinalize = ({ group, plural, subresource, verb }: Target): boolean =>
  group === '' && plural === 'namespaces' && subresource === 'finalize' && verb === 'update'

async function answerResource(
  context: DispatchContext,
  http: HttpRequest,
  user: User,
  target: Target,
  warnings: string[],
): Promise<Answer> {
  const { resource } = target
  const isStatus = target.subresource === 'status' && resource?.status === true && target.verb !== 'delete'
  const hasOther = target.subresource !== '' && !isStatus && !isFinalize(target)
  if (hasOther && resource?.custom) throw notFound(subjectOf(resource), target.name)
  if (resource === undefined || hasOther) throw resourceUnknown()
  if (target.verb === 'deletecollection' && !resource.removableAsCollection) throw methodNotAllowed()
  if (resource.namespaced && target.namespace === '' && !['list', 'watch'].includes(target.verb))
    throw methodNotAllowed()
  chooseForm(http)
  const isWrite = !['get', 'list', 'watch'].includes(target.verb)
  const kind = `${target.verb[0]?.toUpperCase() ?? ''}${target.verb.slice(1)}Options`
  const dryRun = isWrite && isDryRun(http.query.getAll('dryRun'), kind)
  const namespace = resource.namespaced ? target.namespace : ''
  const stored = resource.view === undefined ? resource : context.table.named(resource.view.of)
  const base = { ...target, resource: stored, shown: resource }
  const request: ApiRequest = { ...base, namespace, http, user, dryRun, warnings }
  return context.encode(request, await answerVerb(context, request))
}

function answerVerb(context: DispatchContext, request: ApiRequest): Answer | Promise<Answer> {
  const { reader, writer } = context
  switch (request.verb) {
    case 'get':
      return reader.get(request)
    case 'list':
      return reader.list(request)
    case 'watch':
      return watch(context.store, context.clock, request, context.encodeEvents(request))
    case 'create':
      return writer.create(request)
    case 'update':
      return writer.update(request)
    case 'patch':
      return writer.patch(request)
    case 'delete':
      return writer.remove(request)
    case 'deletecollection':
      return removeCollection(context, request)
  }
}

/** Answers the list of what was there. */
async function removeCollection({ reader, writer }: DispatchContext, request: ApiRequest): Promise<Answer> {
  const answer = reader.list(request)
  for (const object of reader.select(request))
    await writer.removeOne(request, object.metadata.name ?? '', object.metadata.namespace ?? '')
  return answer
}
