import { UNINITIALIZED_TAINT } from '../../kubernetes/names.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import type { NodeView } from './watch.ts'

type MaybeNode = KubeNode | undefined

export const hasTaint = (node: MaybeNode, key: string): boolean =>
  node?.spec?.taints?.some(taint => taint.key === key) ?? false

export const isUninitialized = (node: MaybeNode): boolean => hasTaint(node, UNINITIALIZED_TAINT)

/** Status of the Ready condition: `True`, `False` or `Unknown`. */
export const readyOf = (node: MaybeNode): string =>
  node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown'

export const isReady = (node: MaybeNode): boolean => readyOf(node) === 'True'

/** First address of a type; empty without one. */
export const addressOf = (node: MaybeNode, type: string): string =>
  node?.status?.addresses?.find(address => address.type === type)?.address ?? ''

export const REGION = 'topology.kubernetes.io/region'
export const INSTANCE_TYPE = 'node.kubernetes.io/instance-type'

/** Everything is there that a cloud controller has to give to a node. */
export function isInitialised(node: MaybeNode): boolean {
  const { labels = {} } = node?.metadata ?? {}
  return (
    !isUninitialized(node) &&
    (node?.spec?.providerID ?? '').startsWith('phoenixnap://') &&
    labels[REGION] !== undefined &&
    labels[INSTANCE_TYPE] !== undefined &&
    addressOf(node, 'InternalIP') !== ''
  )
}

/** Whether any version of the node that a client saw carried the uninitialized taint. */
export const wasSeenUninitialized = ({ sightings }: Pick<NodeView, 'sightings'>, name: string): boolean =>
  sightings.some(({ object }) => object.metadata.name === name && isUninitialized(object))
