import { capital, toAlarms } from './alarms.ts'
import type { DeployOptions } from './options.ts'
import { type FunctionRights, toRole } from './roles.ts'

/**
 * A day: resync has long done what was given up here, so that a message is for reading, not for repeating, and the alarm
 * ends by itself.
 */
const RETENTION_S = 86_400

/** What CloudFormation is to make beside the functions and the HTTP API. What an option does not ask for is not there. */
export function toResources(functions: readonly FunctionRights[], options: DeployOptions): object {
  const reconcile = functions.find(({ name }) => name === 'reconcile')?.functionName ?? ''
  const roles = functions.map(one => [`${capital(one.name)}Role`, toRole(one, reconcile, options)])
  return {
    ...(Object.fromEntries(roles) as object),
    // Events of reconcile hold names of nodes and Services: the queue encrypts them with a key of its own, without cost.
    FailureQueue: {
      Type: 'AWS::SQS::Queue',
      Properties: { SqsManagedSseEnabled: true, MessageRetentionPeriod: RETENTION_S },
    },
    ...toAlarms(functions, options),
  }
}
