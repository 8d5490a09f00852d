import { familyOf } from '../../ip-address.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { itemsOf, pickFrom } from '../../kubernetes/shape.ts'

interface KubernetesService {
  readonly spec?: { readonly ipFamilies?: readonly string[] }
}

interface ServiceCIDR {
  readonly spec?: { readonly cidrs?: readonly string[] }
}

const CIDRS = '/apis/networking.k8s.io/v1/servicecidrs'
const KUBERNETES = '/api/v1/namespaces/default/services/kubernetes'

/**
 * IP families of the cluster's Services, primary first: those of the Service `default/kubernetes`, then those of the
 * Service CIDRs. An admission review of a new Service does not tell them.
 */
export async function readFamilies(kube: Kube, signal?: AbortSignal): Promise<readonly string[]> {
  const [service, cidrs] = await Promise.all([
    kube.request<KubernetesService>({ path: KUBERNETES, signal }),
    kube.request({ path: CIDRS, query: { limit: 50 }, signal }),
  ])
  const ofCidrs = itemsOf(CIDRS, cidrs.body).flatMap(cidr => pickFrom(CIDRS, cidr as ServiceCIDR, toFamilies))
  const ofService = pickFrom(KUBERNETES, service.body, ({ spec }) => [...(spec?.ipFamilies ?? [])])
  return [...new Set([...ofService, ...ofCidrs])]
}

const toFamilies = ({ spec }: ServiceCIDR): readonly string[] => (spec?.cidrs ?? []).map(familyOf)
