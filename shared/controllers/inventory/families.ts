import { familyOf } from '../../ip-address.ts'
import type { Kube } from '../../kubernetes/client.ts'

interface KubernetesService {
  readonly spec?: { readonly ipFamilies?: readonly string[] }
}

interface ServiceCIDRs {
  readonly items?: readonly { readonly spec?: { readonly cidrs?: readonly string[] } }[]
}

/**
 * IP families of the cluster's Services, primary first: those of the Service `default/kubernetes`, then those of the
 * Service CIDRs. An admission review of a new Service does not tell them.
 */
export async function readFamilies(kube: Kube, signal?: AbortSignal): Promise<readonly string[]> {
  const [service, cidrs] = await Promise.all([
    kube.request<KubernetesService>({ path: '/api/v1/namespaces/default/services/kubernetes', signal }),
    kube.request<ServiceCIDRs>({
      path: '/apis/networking.k8s.io/v1/servicecidrs',
      query: { limit: 50 },
      signal,
    }),
  ])
  const ofCidrs = (cidrs.body.items ?? []).flatMap(({ spec }) => spec?.cidrs ?? []).map(familyOf)
  return [...new Set([...(service.body.spec?.ipFamilies ?? []), ...ofCidrs])]
}
