import { hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import type { Lease } from '../../kubernetes/types.ts'
import { type Check, type Finding, fail, ok, toCount, toNames, unknown, warn } from '../contract.ts'
import type { Facts } from '../facts.ts'
import { findManagers, isGoProgram, isOtherManager, MANAGER_LEASE, toLeader } from '../managers.ts'
import { findDenied, findSelfRegistration, readRights } from '../permissions.ts'

/** IPAddress objects are stable since. */
const LEAST_MINOR = 33

export const CLUSTER_CHECKS: readonly Check[] = [
  {
    code: 'cluster-version',
    doc: 'The API server answers and is Kubernetes 1.33 or newer.',
    action: 'Upgrade the cluster, or correct KUBECONFIG or KUBE_API_SERVER.',
    run: async ({ kube, signal }) => judgeVersion(kube, signal),
  },
  {
    code: 'cluster-user',
    doc: 'The API server knows whom the handlers act as: the user that --user names.',
    action: 'Run doctor as an administrator or as the handlers, and name their user with --user.',
    async run({ self, user }) {
      const name = await self()
      return name === user
        ? ok(`this is the handlers' user ${user}`)
        : ok(`this is ${name}; the handlers are ${user}`)
    },
  },
  {
    code: 'permissions',
    doc: 'The user of the handlers has every right of the shipped roles (infra/rbac.yaml; infra/rbac-self.yaml as well where serve registers its webhook itself).',
    action: 'Apply the shipped roles again: cloud-provider-phoenixnap register.',
    run: async facts => judgePermissions(facts),
  },
  {
    code: 'go-program',
    doc: 'The Go program that this one takes the place of does not run.',
    action:
      'Stop it: kubectl delete what the line names. Two managers of one cluster undo what the other one does. See docs/guides/migrate-from-the-go-program.md.',
    needed: true,
    async run({ workloads }) {
      const { running, idle } = findManagers(await workloads(), isGoProgram)
      if (running.length > 0) return fail(`the Go program still runs: ${toNames(running)}`)
      return idle.length > 0
        ? warn(`the Go program could be started again: ${toNames(idle)}`)
        : ok('none is there')
    },
  },
  {
    code: 'other-managers',
    doc: 'No other cloud controller manager runs.',
    action: 'Stop the manager that the line names: it takes our nodes for gone, and deletes them.',
    async run({ workloads, kube, signal }) {
      const { running } = findManagers(await workloads(), isOtherManager)
      const leader = await findLeader(kube(), signal)
      if (running.length > 0) return fail(`another cloud controller manager runs: ${toNames(running)}`)
      if (leader === undefined) return ok('none is there')
      return fail(`${leader} holds the Lease kube-system/cloud-controller-manager`)
    },
  },
  {
    code: 'audit-rings',
    doc: 'The API server sends audit events of nodes and Services to POST /audit. The API does not tell; this line says how to see it.',
    action:
      'Change a label of a node by hand and look for "rung" in the log of the audit handler; without audit webhook, the next pass finds every change.',
    async run() {
      return unknown('an API server does not tell where it sends its audit events')
    },
  },
]

async function judgePermissions(facts: Facts): Promise<Finding> {
  const { kube, user, signal } = facts
  const subject = { user, self: await facts.self(), signal }
  const rights = await readRights(user)
  const denied = await findDenied(kube(), rights, subject)
  if (denied.length > 0) return fail(`${user} may not: ${toNames(denied)}`)
  const registration = await findSelfRegistration(facts)
  const more = registration ? await readRights(user, 'rbac-self') : []
  const missing = await findDenied(kube(), more, subject)
  const fact = `${user} may not: ${toNames(missing)}`
  if (missing.length === 0) return ok(`${user} has all ${toCount(rights.length + more.length, 'right')}`)
  return registration === 'known' ? fail(fact, SELF_ROLE) : warn(fact, MAYBE_SELF)
}

const SELF_ROLE =
  'Apply infra/rbac-self.yaml (the chart does): serve registers its webhook itself and keeps its certificate in a Secret.'
const MAYBE_SELF =
  'Where serve registers its webhook itself (PNAP_WEBHOOK_SERVICE), apply infra/rbac-self.yaml; where you registered it (register --webhook-service), this is as it should be.'

/** That the cluster cannot be asked is the finding of this check, and an unknown of all others. */
async function judgeVersion(kube: () => Kube, signal: AbortSignal): Promise<Finding> {
  try {
    const { server } = kube()
    const { body } = await kube().request<Version>({ path: '/version', signal })
    const { major, minor, gitVersion } = body
    const isOld = Number(major) < 1 || (major === '1' && Number.parseInt(minor, 10) < LEAST_MINOR)
    return isOld
      ? fail(`Kubernetes ${gitVersion} at ${server} is too old`)
      : ok(`Kubernetes ${gitVersion} at ${server}`)
  } catch (error) {
    if (!hasCode(error) || error.code === 'CCM_CONFIG_INVALID') throw error
    return fail(`${error.code}: ${error.message}`, error.action)
  }
}

interface Version {
  readonly major: string
  readonly minor: string
  readonly gitVersion: string
}

/** Who leads by the Lease of the Go framework; undefined where nobody does. */
export async function findLeader(kube: Kube, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { body, date } = await kube.request<Lease>({ path: MANAGER_LEASE, signal })
    return toLeader(body, date)
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}
