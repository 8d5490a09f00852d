import type { Kube } from '../../shared/kubernetes/client.ts'
import { applyObject } from '../../shared/register/apply.ts'
import { readRbac } from '../../shared/register/manifests.ts'
import { CONTROLLER } from './users.ts'

/** Gives the controller's user the shipped role, and nothing else. */
export async function installRole(admin: Kube): Promise<void> {
  for (const object of await readRbac(CONTROLLER)) await applyObject(admin, object, false)
}
