import type { Kube } from './client.ts'

/** The user as which the API server knows us. @throws CcmError KUBE_* */
export async function readSelf(kube: Kube, signal?: AbortSignal): Promise<string> {
  const { body } = await kube.request<{ readonly status?: { readonly userInfo?: { username?: string } } }>({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    signal,
  })
  return body.status?.userInfo?.username ?? ''
}

/** Groups that an API server gives to a user of that name. */
export function toGroups(user: string): string[] {
  const namespace = /^system:serviceaccount:([^:]+):[^:]+$/.exec(user)?.[1]
  const own = namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
  return [...own, 'system:authenticated']
}
