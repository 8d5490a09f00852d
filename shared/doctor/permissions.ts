import { mapLimit } from '../controllers/map-limit.ts'
import { hasCode } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import { NAME } from '../kubernetes/names.ts'
import { toGroups } from '../kubernetes/self.ts'
import { readRbac } from '../register/manifests.ts'
import type { Facts } from './facts.ts'

/** One thing that the shipped roles allow, as an access review asks for it. */
export interface Right {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  readonly name?: string
  readonly namespace?: string
}

interface Rule {
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs?: readonly string[]
}

const PARALLEL = 8

/** Every right of the shipped roles, one by one. */
export async function readRights(
  user: string,
  name: 'rbac' | 'rbac-self' = 'rbac',
): Promise<readonly Right[]> {
  const objects = await readRbac(user, name)
  return objects
    .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
    .flatMap(({ metadata, ...object }) => {
      const rules = (object['rules'] ?? []) as readonly Rule[]
      const { namespace } = metadata
      return rules.flatMap(toRights).map(right => (namespace === undefined ? right : { ...right, namespace }))
    })
}

const toRights = ({ apiGroups = [], resources = [], resourceNames, verbs = [] }: Rule): Right[] =>
  apiGroups.flatMap(group =>
    resources.flatMap(path => {
      const [resource = '', subresource] = path.split('/')
      const place = { group, resource, ...(subresource === undefined ? {} : { subresource }) }
      const names: readonly (string | undefined)[] = resourceNames ?? [undefined]
      return verbs.flatMap(verb =>
        names.map(name => ({ verb, ...place, ...(name === undefined ? {} : { name }) })),
      )
    }),
  )

export interface ReviewSubject {
  readonly user: string
  /** Whom we act as: about ourselves everybody may ask, about others only administrators. */
  readonly self: string
  readonly signal: AbortSignal
}

/** Those that the user does not have, as `patch nodes/status`. @throws CcmError KUBE_* */
export async function findDenied(
  kube: Kube,
  rights: readonly Right[],
  { user, self, signal }: ReviewSubject,
): Promise<readonly string[]> {
  const kind = user === self ? 'SelfSubjectAccessReview' : 'SubjectAccessReview'
  const subject = user === self ? {} : { user, groups: toGroups(user) }
  const answers = await mapLimit(rights, PARALLEL, async resourceAttributes => {
    const { body } = await kube.request<{ readonly status?: { readonly allowed?: boolean } }>({
      method: 'POST',
      path: `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
      body: { apiVersion: 'authorization.k8s.io/v1', kind, spec: { ...subject, resourceAttributes } },
      signal,
    })
    return body.status?.allowed === true
  })
  return rights.filter((_, index) => !answers[index]).map(toTitle)
}

/** How it is known that serve registers its webhook itself; undefined where nothing says so. */
export async function findSelfRegistration(facts: Facts): Promise<'known' | 'possible' | undefined> {
  const { webhookService, webhookUrl } = facts.config()
  if (webhookService || webhookUrl) return 'known'
  const path = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${NAME}-self`
  if (await readIfAllowed(() => facts.kube().request({ path, signal: facts.signal }))) return 'known'
  // Somebody with a certificate of their own registers such a one as well: register --webhook-service.
  const found = await readIfAllowed(facts.webhooks)
  return found?.webhooks?.some(({ clientConfig }) => clientConfig.service) ? 'possible' : undefined
}

async function readIfAllowed<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND', 'KUBE_FORBIDDEN')) return undefined
    throw error
  }
}

function toTitle({ verb, group, resource, subresource, name, namespace }: Right): string {
  const what = [resource, ...(subresource === undefined ? [] : [subresource])].join('/')
  const which = name === undefined ? '' : ` ${name}`
  const where = namespace === undefined ? '' : ` in ${namespace}`
  return `${verb} ${what}${group === '' ? '' : `.${group}`}${which}${where}`
}
