import type { Instance } from '../../cloud-provider/contract.ts'
import type { ErrorCode } from '../../errors.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import type { NodeEvent } from './actions.ts'
import type { Finding } from './match.ts'

/** Findings that say something of a node of ours. */
export type OurFinding = Exclude<Finding, { state: 'foreign' }>

/** Why a node stays uninitialised: for the log, and for the user as an event. */
export interface Refusal {
  readonly code: ErrorCode
  readonly why: string
  /** Absent when it is no fault of the node and passes by itself. */
  readonly event?: NodeEvent
}

interface Mismatch {
  readonly provided: readonly string[]
  readonly actual: readonly string[]
}

const warning = (reason: string, message: string): NodeEvent => ({
  type: 'Warning',
  reason,
  message,
  component: 'cloud-node-controller',
})

const refusal = (code: ErrorCode, reason: string, message: string): Refusal => ({
  code,
  why: message,
  event: warning(reason, message),
})

/** The instance was not found, or not for certain. */
export function refuseMissing(node: KubeNode, finding: Exclude<OurFinding, { state: 'found' }>): Refusal {
  const { name } = node.metadata
  switch (finding.state) {
    case 'absent':
      return refusal(
        'CCM_INSTANCE_NOT_FOUND',
        'InstanceNotFound',
        finding.by === 'hostname'
          ? `No BMC server of this account has the hostname ${name} (compared without case): the node stays uninitialised until one has.`
          : `No BMC server of this account has the id in the provider ID ${node.spec?.providerID ?? ''}: the node stays uninitialised.`,
      )
    case 'ambiguous':
      return refusal(
        'CCM_INSTANCE_AMBIGUOUS',
        'InstanceAmbiguous',
        `BMC servers ${finding.ids.join(', ')} all have the hostname ${name}, and no address of the node tells which it is: rename one, or start the kubelet with --node-ip or --provider-id.`,
      )
    case 'taken':
      return refusal(
        'CCM_PROVIDER_ID_TAKEN',
        'ProviderIDTaken',
        `BMC server ${finding.id} with the hostname ${name} already backs node ${finding.holder}: the node stays uninitialised until that node is gone.`,
      )
    case 'unknown':
      return { code: finding.code, why: finding.message }
  }
}

/** None of the instance's addresses can be read: passes by itself, or is for the cloud to mend. */
export const refuseUnreadable = ({ id }: Instance): Refusal => ({
  code: 'BMC_RESPONSE_INVALID',
  why: `the addresses of BMC server ${id} cannot be read`,
})

/** `--node-ip` names an address that the instance does not have. */
export function refuseMismatch(mismatch: Mismatch): Refusal {
  const event = mismatchEvent(mismatch)
  return { code: 'CCM_NODE_IP_MISMATCH', why: event.message, event }
}

/** Names both sides; the Go controllers keep silent here. */
export function mismatchEvent({ provided, actual }: Mismatch): NodeEvent {
  const given = `The kubelet was given --node-ip ${provided.join(',')}`
  return warning(
    'NodeIPMismatch',
    actual.length === 0
      ? `${given} but the BMC server has no address: wait until it has that one, or give the kubelet none.`
      : `${given} but the BMC server has ${actual.join(', ')}: give it one of these, or none.`,
  )
}

/** Region and type of a node that somebody else initialised are not touched: volumes may be bound to them. */
export function labelsKeptEvent(node: KubeNode, kept: readonly string[]): NodeEvent {
  const values = kept.toSorted().map(name => `${name}=${node.metadata.labels?.[name] ?? ''}`)
  return warning(
    'LabelsKept',
    `Labels differ from the BMC server and are kept, because another controller initialised this node: ${values.join(', ')}.`,
  )
}
