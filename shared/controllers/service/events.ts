import { MANAGE } from '../../kubernetes/names.ts'
import type { Problem } from '../address/problem.ts'

/** What a user reads in `kubectl describe service`. */
export interface ServiceEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  /** Stable: the same text is written once. */
  readonly message: string
  /** Source as the Go controllers name it. */
  readonly component: 'service-controller'
}

const component = 'service-controller'
const normal = (reason: string, message: string): ServiceEvent => ({
  type: 'Normal',
  reason,
  message,
  component,
})
const warning = (reason: string, message: string): ServiceEvent => ({
  type: 'Warning',
  reason,
  message,
  component,
})

/** Reasons and texts as those of the service controller of k8s.io/cloud-provider, which dashboards look for. */
export const ensuringEvent = (): ServiceEvent => normal('EnsuringLoadBalancer', 'Ensuring load balancer')
export const ensuredEvent = (): ServiceEvent => normal('EnsuredLoadBalancer', 'Ensured load balancer')
export const deletingEvent = (): ServiceEvent => normal('DeletingLoadBalancer', 'Deleting load balancer')
export const deletedEvent = (): ServiceEvent => normal('DeletedLoadBalancer', 'Deleted load balancer')

/** Which addresses a Service has been given; the service controller writes it with `->` as well. */
export const addressesEvent = (before: readonly string[], after: readonly string[]): ServiceEvent =>
  normal('LoadBalancerIP', `${before.join(',')} -> ${after.join(',')}`)

/** It is not served as its user wishes. @param problem of the Service itself or of the cloud */
export const syncFailedEvent = ({ code, message }: Problem): ServiceEvent =>
  warning('SyncLoadBalancerFailed', `Error syncing load balancer: ${code}: ${message}`)

/** It is served, but what changed could not be carried over. */
export const updateFailedEvent = ({ code, message }: Problem): ServiceEvent =>
  warning('UpdateLoadBalancerFailed', `Error updating load balancer: ${code}: ${message}`)

/** A Service of somebody else's. A request outside our blocks may also be a mistake of its user. */
export function handsOffEvent(address: string, isServed: boolean): ServiceEvent {
  const shown = address.slice(0, 100)
  const manage = `annotate it with ${MANAGE}=true`
  return isServed
    ? normal(
        'LoadBalancerNotManaged',
        `The Service has ${shown}, which lies in no IP block of this cluster, so another controller serves it; ${manage} to have it served from here.`,
      )
    : warning(
        'LoadBalancerNotManaged',
        `The Service asks for ${shown}, which lies in no IP block of this cluster, so it is left to another controller; ask for no address, or ${manage}.`,
      )
}
