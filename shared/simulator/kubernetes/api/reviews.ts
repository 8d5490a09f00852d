import type { Clock } from '../../../clock.ts'
import { type Access, authorize, type ListObjects } from '../access/authorizer.ts'
import { fromToken, toToken, toUser } from '../access/users.ts'
import { type Fields, fieldsOf, isFields, listOf, textOf, valueAt } from '../json.ts'
import { timestamp } from '../lifecycle.ts'
import type { KubeObject, User } from '../objects.ts'
import * as groups from '../schema/groups.ts'
import { type ObjectSchema, rootSchema } from '../schema/schema.ts'
import { notFound } from '../status.ts'
import { parseBody } from './body.ts'
import type { SpecialHandler } from './dispatch.ts'
import type { Answer, HttpRequest, Target } from './request.ts'

const AUTHORIZATION = 'authorization.k8s.io/v1'
const AUTHENTICATION = 'authentication.k8s.io/v1'

export interface ReviewContext {
  readonly clock: Clock
  readonly list: ListObjects
  readonly findServiceAccount: (namespace: string, name: string) => KubeObject | undefined
}

type Review = (context: ReviewContext, body: Fields, user: User, target: Target) => Answer

/** Resources that are answered and never stored: who am I, may I, a token please. */
const REVIEWS: Readonly<Record<string, { readonly schema: ObjectSchema; readonly review: Review }>> = {
  'authorization.k8s.io/selfsubjectaccessreviews': {
    schema: rootSchema('SelfSubjectAccessReview', groups.selfSubjectAccessReview),
    review: (context, body, user) => accessReview(context, 'SelfSubjectAccessReview', body, user),
  },
  'authorization.k8s.io/subjectaccessreviews': {
    schema: rootSchema('SubjectAccessReview', groups.subjectAccessReview),
    review: (context, body) => {
      const { user, groups } = fieldsOf(body.spec)
      const subject: User = { username: textOf(user), uid: '', groups: listOf(groups).map(String) }
      return accessReview(context, 'SubjectAccessReview', body, subject)
    },
  },
  'authentication.k8s.io/selfsubjectreviews': {
    schema: rootSchema('SelfSubjectReview', groups.selfSubjectReview),
    review: selfReview,
  },
  'authentication.k8s.io/tokenreviews': {
    schema: rootSchema('TokenReview', groups.tokenReview),
    review: tokenReview,
  },
  '/serviceaccounts/token': {
    schema: rootSchema('TokenRequest', groups.tokenRequest),
    review: tokenRequest,
  },
}

export function createReviews(context: ReviewContext): SpecialHandler {
  return (http: HttpRequest, user: User, target: Target | undefined): Answer | undefined => {
    if (target === undefined || target.verb !== 'create') return undefined
    const subresource = target.subresource === '' ? '' : `/${target.subresource}`
    const found = REVIEWS[`${target.group}/${target.plural}${subresource}`]
    return found?.review(context, parseBody(http, found.schema), user, target)
  }
}

function accessReview(context: ReviewContext, kind: string, body: Fields, user: User): Answer {
  const { allowed, reason } = authorize(user, accessOf(fieldsOf(body.spec)), context.list)
  const status = { allowed, ...(reason === '' ? {} : { reason }) }
  const metadata = fieldsOf(body.metadata)
  return { status: 201, body: { kind, apiVersion: AUTHORIZATION, metadata, spec: body.spec, status } }
}

function accessOf(spec: Fields): Access {
  const { verb, group, resource, subresource, namespace, name } = fieldsOf(spec.resourceAttributes)
  const path = fieldsOf(spec.nonResourceAttributes)
  return {
    verb: textOf(verb) || textOf(path.verb),
    group: textOf(group),
    resource: textOf(resource),
    subresource: textOf(subresource),
    namespace: textOf(namespace),
    name: textOf(name),
    path: textOf(path.path),
  }
}

function selfReview({ clock }: ReviewContext, _body: Fields, user: User): Answer {
  const metadata = { creationTimestamp: timestamp(clock.now()) }
  return {
    status: 201,
    body: { kind: 'SelfSubjectReview', apiVersion: AUTHENTICATION, metadata, status: { userInfo: user } },
  }
}

function tokenReview(_context: ReviewContext, body: Fields): Answer {
  const user = fromToken(textOf(valueAt(body, 'spec', 'token')))
  const status =
    user === undefined ? { user: {}, error: 'invalid bearer token' } : { authenticated: true, user }
  return {
    status: 201,
    body: { kind: 'TokenReview', apiVersion: AUTHENTICATION, metadata: {}, spec: body.spec, status },
  }
}

function tokenRequest(context: ReviewContext, body: Fields, _user: User, target: Target): Answer {
  const account = context.findServiceAccount(target.namespace, target.name)
  if (account === undefined) throw notFound({ group: '', what: 'serviceaccounts' }, target.name)
  const spec = isFields(body.spec) ? body.spec : {}
  const seconds = typeof spec.expirationSeconds === 'number' ? spec.expirationSeconds : 3600
  const { username } = toUser(`system:serviceaccount:${target.namespace}:${target.name}`)
  const expirationTimestamp = timestamp(context.clock.now() + seconds * 1000)
  return {
    status: 201,
    body: {
      kind: 'TokenRequest',
      apiVersion: AUTHENTICATION,
      metadata: { name: target.name, namespace: target.namespace },
      spec: { ...spec, expirationSeconds: seconds },
      status: { token: toToken(username), expirationTimestamp },
    },
  }
}
