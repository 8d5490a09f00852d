import { randomBytes } from 'node:crypto'
import t from 'tap'
import { readInventory, writeInventory } from '../../../shared/controllers/inventory/store.ts'
import { CONTROLLER, forEachCluster } from '../../support/cluster.ts'
import { installRole } from '../../support/install.ts'
import { makeInstance, makeInventory } from '../_make.ts'

const PATH = '/api/v1/namespaces/kube-system/configmaps'
const NAME = 'cloud-provider-phoenixnap'
/** Does not pack: more than one ConfigMap holds. */
const LARGE_BYTES = 900_000

forEachCluster(t, 'an inventory grows and shrinks under the shipped role', {}, async (t, cluster) => {
  const admin = await cluster.kube()
  await installRole(admin)
  const kube = await cluster.kube(CONTROLLER)
  const names = async (): Promise<string[]> => {
    const { body } = await admin.request<{ items: { metadata: { name: string } }[] }>({ path: PATH })
    return body.items.map(({ metadata }) => metadata.name).filter(name => name.startsWith(NAME))
  }

  const hostname = randomBytes(LARGE_BYTES).toString('base64')
  const large = makeInventory([makeInstance('large', { hostname })])
  await writeInventory(kube, large)
  t.strictSame(await names(), [NAME, `${NAME}-1`])
  t.strictSame(await readInventory(kube), large)

  const small = makeInventory([makeInstance('small')])
  await writeInventory(kube, small)
  t.strictSame(await names(), [NAME], 'a part that is needed no more is removed')
  t.strictSame(await readInventory(kube), small)
})
