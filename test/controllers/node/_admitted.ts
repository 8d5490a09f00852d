import { applyPatch, type Operation } from 'rfc6902'
import { mergeFields } from '../../../shared/controllers/node/actions.ts'
import { toJsonPatch } from '../../../shared/controllers/node/apply.ts'
import { decideNode } from '../../../shared/controllers/node/plan.ts'
import type { KubeNode } from '../../../shared/kubernetes/types.ts'
import { toOwner } from '../../../shared/phoenixnap/provider-id.ts'
import { FOUND } from './_plan.ts'

/** A node as it is stored after its review, when its server was found. @throws where the patch does not apply */
export function admitted(node: KubeNode): KubeNode {
  const { owner } = toOwner(node.spec?.providerID)
  const { actions } = decideNode(node, FOUND, owner, 'admission')
  const copy = structuredClone(node)
  const patch = structuredClone(toJsonPatch(node, mergeFields(actions))) as Operation[]
  const failed = applyPatch(copy, patch).find(Boolean)
  if (failed) throw failed
  return copy
}
