import type { AdmissionRequest } from '../admission/admission.ts'
import type { AdmissionChain } from '../admission/chain.ts'
import { type Fields, fieldsOf, textOf, textsOf } from '../json.ts'
import { type Lifecycle, toObject } from '../lifecycle.ts'
import { type KubeObject, nameOf, namespaceOf } from '../objects.ts'
import type { Ownership } from '../ownership/ownership.ts'
import { type Resource, subjectOf } from '../resources.ts'
import { deleteOptions } from '../schema/groups.ts'
import {
  badRequest,
  conflict,
  invalid,
  invalidValue,
  notFound,
  staleVersion,
  unsupportedValue,
} from '../status.ts'
import { APPLY_TYPE, readConfiguration } from './apply.ts'
import { parseOptionalBody, readObject } from './body.ts'
import { readPatch, type Transform } from './patch.ts'
import type { Answer, ApiRequest } from './request.ts'

/** The verbs that change something. Each throws ApiError. */
export interface Writer {
  create(request: ApiRequest): Promise<Answer>
  update(request: ApiRequest): Promise<Answer>
  patch(request: ApiRequest): Promise<Answer>
  remove(request: ApiRequest): Promise<Answer>
  /** Removes one object on behalf of a collection's removal. */
  removeOne(request: ApiRequest, name: string, namespace: string): Promise<Answer>
}

/** Tries of a write that asked for no version when the object changes under it, as in the real server. */
const ATTEMPTS = 5

/** @throws ApiError 422 for a dryRun that is not All */
export function isDryRun(values: readonly string[], optionsKind: string): boolean {
  if (values.some(value => value !== 'All'))
    throw invalid({ group: 'meta.k8s.io', what: optionsKind }, '', [
      unsupportedValue('dryRun', values, ['All']),
    ])
  return values.length > 0
}

/** The options object that a review carries. */
function optionsOf({ http, dryRun }: ApiRequest, kind: string): Fields {
  const given = ['fieldManager', 'fieldValidation'].flatMap(name =>
    http.query.has(name) ? [[name, http.query.get(name)]] : [],
  )
  return {
    kind,
    apiVersion: 'meta.k8s.io/v1',
    ...(dryRun ? { dryRun: ['All'] } : {}),
    ...Object.fromEntries(given),
  }
}

type Review = Pick<AdmissionRequest, 'operation' | 'object' | 'oldObject'> & { name: string; options: string }

export function createWriter(lifecycle: Lifecycle, admission: AdmissionChain, ownership: Ownership): Writer {
  const { store } = lifecycle

  function admit(request: ApiRequest, { options, ...review }: Review): Promise<KubeObject | undefined> {
    const { resource, subresource, namespace, user, dryRun, warnings } = request
    const base = { resource, subresource, namespace, user, dryRun, warnings }
    return admission.admit({ ...base, ...review, options: optionsOf(request, options) })
  }

  function stored({ resource, namespace, name }: ApiRequest): KubeObject {
    const object = store.get(resource, namespace, name)
    if (object === undefined) throw notFound(subjectOf(resource), name)
    return object
  }

  function create(request: ApiRequest): Promise<Answer> {
    return admitNew(request, ownership.recordUpdate(request, readObject(request), undefined))
  }

  async function admitNew(request: ApiRequest, object: KubeObject): Promise<Answer> {
    const review = { operation: 'CREATE', object, oldObject: undefined } as const
    const admitted = await admit(request, { ...review, name: nameOf(object), options: 'CreateOptions' })
    return { status: 201, body: lifecycle.create(request.resource, admitted ?? object, request.dryRun) }
  }

  /** Reads, transforms, admits and stores, again when the object has changed meanwhile. */
  async function change(request: ApiRequest, options: string, transform: Transform): Promise<KubeObject> {
    const { resource, subresource, dryRun } = request
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const oldObject = stored(request)
      const object = transform(oldObject)
      checkVersion(resource, object, oldObject)
      const review = { operation: 'UPDATE', object, oldObject } as const
      const admitted = await admit(request, { ...review, name: request.name, options })
      if (stored(request) !== oldObject) continue
      return lifecycle.update(resource, admitted ?? object, oldObject, { subresource, dryRun })
    }
    throw staleVersion(subjectOf(resource), request.name)
  }

  async function update(request: ApiRequest): Promise<Answer> {
    const object = readObject(request)
    checkName(object.metadata, request.name)
    checkVersionGiven(request.resource, object)
    const body = await change(request, 'UpdateOptions', old => {
      checkUid(request.resource, object, old)
      return ownership.recordUpdate(request, structuredClone(object), old)
    })
    return { status: 200, body }
  }

  async function patch(request: ApiRequest): Promise<Answer> {
    if (request.http.contentType === APPLY_TYPE) return apply(request)
    const transform = readPatch(request)
    const owned: Transform = old => ownership.recordUpdate(request, transform(old), old)
    return { status: 200, body: await change(request, 'UpdateOptions', owned) }
  }

  /** Server-side apply: creates what does not exist. */
  async function apply(request: ApiRequest): Promise<Answer> {
    const { resource, namespace, name } = request
    const config = readConfiguration(request)
    if (store.get(resource, namespace, name) === undefined) {
      if (request.subresource !== '') throw notFound(subjectOf(resource), name)
      checkName(fieldsOf(config.metadata), name)
      return admitNew(request, ownership.recordApplied(request, toObject(resource, config).object, config))
    }
    const merge: Transform = live => toObject(resource, ownership.apply(request, config, live)).object
    return { status: 200, body: await change(request, 'UpdateOptions', merge) }
  }

  const remove = (request: ApiRequest): Promise<Answer> => removeReviewed(request, request.name)

  /** @param reviewName the name that the review carries: none when a collection is removed */
  async function removeReviewed(request: ApiRequest, reviewName: string): Promise<Answer> {
    const options = parseOptionalBody(request.http, deleteOptions)
    // A body takes the place of the options in the query.
    const hasBody = request.http.body.length > 0
    const dryRun = hasBody ? isDryRun(textsOf(options.dryRun), 'DeleteOptions') : request.dryRun
    const oldObject = stored(request)
    checkPreconditions(request.resource, oldObject, fieldsOf(options.preconditions))
    const review = { operation: 'DELETE', object: undefined, oldObject } as const
    await admit({ ...request, dryRun }, { ...review, name: reviewName, options: 'DeleteOptions' })
    const current = stored(request)
    checkPreconditions(request.resource, current, fieldsOf(options.preconditions))
    const { object, gone } = lifecycle.remove(request.resource, current, dryRun)
    const isStatus = gone && !request.resource.returnsDeleted
    return { status: 200, body: isStatus ? deletedStatus(request.resource, object) : object }
  }

  const removeOne = (request: ApiRequest, name: string, namespace: string): Promise<Answer> =>
    removeReviewed({ ...request, name, namespace }, '')

  return { create, update, patch, remove, removeOne }
}

function checkName(metadata: { name?: unknown }, name: string): void {
  const given = textOf(metadata.name)
  if (given === '')
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    )
  if (given !== name)
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`)
}

/** @throws ApiError 422 for a custom resource, which is never replaced blindly */
function checkVersionGiven(resource: Resource, object: KubeObject): void {
  if (!resource.custom || object.metadata.resourceVersion !== undefined) return
  const why = 'must be specified for an update'
  throw invalid(subjectOf(resource), nameOf(object), [invalidValue('metadata.resourceVersion', 0, why)])
}

/** @throws ApiError 409 when the client asked for another version than the stored one */
function checkVersion(resource: Resource, object: KubeObject, old: KubeObject): void {
  const { resourceVersion } = object.metadata
  if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
    throw staleVersion(subjectOf(resource), nameOf(old))
}

function checkUid(resource: Resource, object: KubeObject, old: KubeObject): void {
  const { uid } = object.metadata
  if (uid === undefined || uid === old.metadata.uid) return
  const key = ['', 'registry', resource.resource, namespaceOf(old), nameOf(old)].filter(
    (part, index) => index === 0 || part !== '',
  )
  throw conflict(
    subjectOf(resource),
    nameOf(old),
    `StorageError: invalid object, Code: 4, Key: ${key.join('/')}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid ?? ''}`,
  )
}

/** The details of this conflict name the kind, not the resource. */
function checkPreconditions(resource: Resource, object: KubeObject, preconditions: Fields): void {
  const subject = { group: resource.group, what: resource.kind }
  const { uid, resourceVersion } = object.metadata
  if (preconditions.uid !== undefined && preconditions.uid !== uid)
    throw conflict(
      subject,
      nameOf(object),
      `the UID in the precondition (${textOf(preconditions.uid)}) does not match the UID in record (${uid ?? ''}). The object might have been deleted and then recreated`,
    )
  if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion)
    throw conflict(
      subject,
      nameOf(object),
      `the ResourceVersion in the precondition (${textOf(preconditions.resourceVersion)}) does not match the ResourceVersion in record (${resourceVersion ?? ''}). The object might have been modified`,
    )
}

function deletedStatus({ group, resource }: Resource, object: KubeObject): unknown {
  const details = {
    name: nameOf(object),
    ...(group === '' ? {} : { group }),
    kind: resource,
    uid: object.metadata.uid,
  }
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
}
