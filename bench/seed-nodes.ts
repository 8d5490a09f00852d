import { applyPatch, type Operation } from 'rfc6902'
import { mergeFields } from '../shared/controllers/node/actions.ts'
import { toJsonPatch } from '../shared/controllers/node/apply.ts'
import { decideNode } from '../shared/controllers/node/plan.ts'
import { silentLog } from '../shared/log.ts'
import { toInstance } from '../shared/phoenixnap/instances.ts'
import { createFakeNode } from '../test/support/fake-kubelet.ts'
import type { Stage } from './stage.ts'

/** Half of what a kubelet tells of at the most (its nodeStatusMaxImages); with managed fields they are most of a node's size. */
const IMAGES = Array.from({ length: 25 }, (_, index) => {
  const name = `registry.example.com/team/application-${index}`
  return {
    names: [`${name}@sha256:${'0123456789abcdef'.repeat(4)}`, `${name}:v1.${index}.0`],
    sizeBytes: 123_456_789,
  }
})

/** Puts into the cluster a node on each server, as it is after a review: nothing is left to do on it. */
export function seedNodes({ kubernetes, bmc }: Pick<Stage, 'kubernetes' | 'bmc'>): void {
  for (const server of bmc.backend.servers()) {
    const node = structuredClone(createFakeNode(server.hostname))
    const instance = toInstance(server, silentLog)
    const { actions } = decideNode(node, { state: 'found', instance, by: 'hostname' }, 'none', 'admission')
    const failed = applyPatch(node, toJsonPatch(node, mergeFields(actions)) as Operation[]).find(Boolean)
    if (failed) throw failed
    kubernetes.store.create({ ...node, status: { ...node.status, images: IMAGES } })
  }
}
