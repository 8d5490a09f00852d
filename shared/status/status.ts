import type { Cloud } from '../cloud-provider/contract.ts'
import { createFinder } from '../controllers/resync/nodes.ts'
import type { Survey } from '../controllers/resync/survey.ts'
import { CcmError } from '../errors.ts'
import { toAddressesStatus } from './addresses.ts'
import type { GoProgramStatus, Status } from './contract.ts'
import { fromNoted, toBmcStatus, toPassStatus } from './health.ts'
import { toNodesStatus } from './nodes.ts'
import { judge } from './reasons.ts'
import { toServicesStatus } from './services.ts'

export interface StatusInput {
  readonly survey: Survey
  readonly cloud: Pick<Cloud, 'providerIDOwner'>
  readonly goProgram: GoProgramStatus
  readonly version: string
  readonly resyncIntervalMs: number
}

/** What people are shown, from what a survey saw. Pure: every decision in it is the one that a pass would make. */
export function toStatus({ survey, ...input }: StatusInput): Status {
  const { observed, balancers, knowledge, decider, lease, deletion, changes } = survey
  const toOwner = input.cloud.providerIDOwner
  const nodes = toNodesStatus({ survey, toOwner, find: createFinder(observed, input) })
  const deletions = deletion?.held.filter(({ quiet }) => !quiet) ?? []
  const told = {
    at: lease.now,
    cluster: balancers instanceof CcmError ? undefined : balancers.clusterName,
    version: input.version,
    pass: toPassStatus(survey, input.resyncIntervalMs),
    bmc: toBmcStatus(survey),
    goProgram: input.goProgram,
    nodes,
    services: toServicesStatus({ survey, decider }),
    addresses: toAddressesStatus({ knowledge, releaseQuarantineMs: decider.settings.releaseQuarantineMs }),
    held: [...survey.held, ...deletions.map(({ node, why }) => `node ${node.metadata.name}: ${why}`)],
    failures: fromNoted(survey.failures),
    pending: changes.map(({ kind, name, action, why }) => ({ kind, name, action, why })),
  }
  return { ...told, ...judge(told) }
}
