import type { IPFamily } from '../../cloud-provider/load-balancer.ts'
import { familyOf } from '../../ip-address.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import type { WantedFamilies } from '../address/allocation.ts'

/** The other side of an admission review, which decides what the API server is going to make of the families. */
export interface InReview {
  /** Undefined on CREATE. */
  readonly old: KubeService | undefined
}

/**
 * IP families that a Service is to be served with. Those of a stored one are its spec.ipFamilies. In a review the API
 * server has yet to set them, by spec.ipFamilyPolicy and the cluster's families, unless the Service has them already
 * and the policy stays as it was.
 *
 * With RequireDualStack it waits for both. With PreferDualStack the second one is welcome: it is served with the first,
 * and gets the other when there is one.
 *
 * @param cluster families of the cluster, primary first; empty when unknown
 * @returns undefined when they cannot be told
 */
export function wantedFamilies(
  service: KubeService,
  cluster: readonly string[],
  review?: InReview,
): WantedFamilies | undefined {
  const given = readFamilies(service) ?? (review?.old && readFamilies(review.old))
  const policy = policyOf(service) ?? (review?.old && policyOf(review.old))
  const all = review && !isSettled(service, review.old) ? derive(policy, given, cluster) : given
  if (!all) return undefined
  // Without a policy the API server takes two families for RequireDualStack.
  const isStrict = policy === 'RequireDualStack' || policy === undefined
  return { all, required: isStrict ? all : all.slice(0, 1) }
}

const policyOf = ({ spec }: KubeService): string | undefined => spec?.ipFamilyPolicy

const isFamily = (text: string): text is IPFamily => text === 'IPv4' || text === 'IPv6'

/** A given cluster IP tells its family. */
function readFamilies({ spec }: KubeService): readonly IPFamily[] | undefined {
  const families = (spec?.ipFamilies ?? []).filter(isFamily)
  if (families.length > 0) return families
  const addresses = [...(spec?.clusterIPs ?? []), spec?.clusterIP ?? ''].filter(
    ip => ip !== '' && ip !== 'None',
  )
  const ofAddresses = addresses.map(familyOf)
  return ofAddresses.length === 0 ? undefined : [...new Set(ofAddresses)]
}

/** Nothing about the families changes: what the API server made of them stays. */
function isSettled(service: KubeService, old: KubeService | undefined): boolean {
  if (!old?.spec?.ipFamilies?.length) return false
  const policy = policyOf(service)
  const families = service.spec?.ipFamilies
  return (
    (policy === undefined || policy === policyOf(old)) &&
    (families === undefined || families.join() === old.spec.ipFamilies.join())
  )
}

function derive(
  policy: string | undefined,
  given: readonly IPFamily[] | undefined,
  cluster: readonly string[],
): readonly IPFamily[] | undefined {
  const families = given ?? cluster.filter(isFamily).slice(0, 1)
  const [first] = families
  if (first === undefined) return undefined
  const other: IPFamily = first === 'IPv4' ? 'IPv6' : 'IPv4'
  if (policy === 'RequireDualStack') return [first, other]
  if (policy === 'SingleStack') return [first]
  if (policy !== 'PreferDualStack') return families
  return cluster.includes(other) || families.includes(other) ? [first, other] : [first]
}
