import { ASSIGNED_IPS, FINALIZER, WAITING } from '../../kubernetes/names.ts'
import type { KubeService } from '../../kubernetes/types.ts'

type MaybeService = KubeService | undefined

const annotationOf = (service: MaybeService, key: string): string | undefined =>
  service?.metadata.annotations?.[key]

/** Addresses of a list with commas, as both the controller and kube-vip write them. */
const toList = (text = ''): string[] =>
  text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')

/** kube-vip serves everything that it is not told to ignore; https://kube-vip.io/docs/usage/kubernetes-services/. */
export const isIgnored = (service: MaybeService): boolean =>
  annotationOf(service, 'kube-vip.io/ignore') === 'true'

/** Addresses that kube-vip is to announce: its annotation wins over the field. */
export const announcedOf = (service: MaybeService): string[] =>
  toList(annotationOf(service, 'kube-vip.io/loadbalancerIPs') ?? service?.spec?.loadBalancerIP)

/** Addresses that the controller chose. */
export const assignedOf = (service: MaybeService): string[] => toList(annotationOf(service, ASSIGNED_IPS))

/** What kubectl shows as EXTERNAL-IP. */
export const externalOf = (service: MaybeService): string[] =>
  service?.status?.loadBalancer?.ingress?.flatMap(({ ip }) => (ip ? [ip] : [])) ?? []

export const isLoadBalancer = (service: KubeService): boolean => service.spec?.type === 'LoadBalancer'

/** Its announced addresses are those that were chosen for it, and they are in its status. */
export function isServed(service: MaybeService): boolean {
  const addresses = assignedOf(service)
  return (
    addresses.length > 0 &&
    !isIgnored(service) &&
    addresses.join() === announcedOf(service).join() &&
    addresses.join() === externalOf(service).join()
  )
}

/** It has none, is told so, and kube-vip is told to pass it over. */
export const isWaiting = (service: MaybeService): boolean =>
  annotationOf(service, WAITING) !== undefined && isIgnored(service) && assignedOf(service).length === 0

/** Whether its deletion waits until its address was released. */
export const isHeld = (service: MaybeService): boolean =>
  service?.metadata.finalizers?.includes(FINALIZER) ?? false
