import { setTimeout as sleep } from 'node:timers/promises'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { applyObject } from '../../shared/register/apply.ts'
import { readRbac } from '../../shared/register/manifests.ts'
import { CONTROLLER } from './users.ts'

const REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
const POLL_MS = 20
/** One right of each shipped role. */
const RIGHTS = [
  { verb: 'list', resource: 'nodes' },
  { verb: 'create', resource: 'configmaps', namespace: 'kube-system' },
] as const

/** Gives the controller's user the shipped roles, and nothing else; @returns when they are in force */
export async function installRole(admin: Kube): Promise<void> {
  for (const object of await readRbac(CONTROLLER)) await applyObject(admin, object, false)
  // An API server hears of roles some moments after it stored them.
  for (const right of RIGHTS) while (!(await isAllowed(admin, right))) await sleep(POLL_MS)
}

async function isAllowed(admin: Kube, resourceAttributes: (typeof RIGHTS)[number]): Promise<boolean> {
  const { body } = await admin.request<{ readonly status: { readonly allowed: boolean } }>({
    method: 'POST',
    path: REVIEWS,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: CONTROLLER, resourceAttributes },
    },
  })
  return body.status.allowed
}
