import t from 'tap'
import { forEachCluster } from '../support/cluster.ts'
import { createJoinScene, nodesOf, register } from './_joins.ts'

t.setTimeout(300_000)

forEachCluster(t, 'a node of Cluster API', {}, async (t, cluster) => {
  const environment = { PNAP_PROVIDER_ID_FORMAT: 'cluster-api' }
  const scene = await createJoinScene(t, cluster, { hostnames: ['machine-a'], environment })
  const { admin, api, bmc } = scene
  const server = bmc.backend.servers().find(({ hostname }) => hostname === 'machine-a')
  const providerID = `bmc://servers/${server?.id}`

  t.test('joins with the provider ID by which its Machine looks for it', async t => {
    t.strictSame(await register(api, ['machine-a']), [201])
    t.match(await nodesOf(admin, 'machine'), [{ spec: { providerID } }])
  })

  t.test("takes Cluster API's own write of it, and is left as it is by a pass", async t => {
    const body = { spec: { providerID } }
    const path = '/api/v1/nodes/machine-a'
    await admin.request({ method: 'PATCH', path, patch: 'merge', body })
    const before = await nodesOf(admin, 'machine')
    t.match(await scene.world.resync(), { failures: [], changes: [] })
    t.strictSame(await nodesOf(admin, 'machine'), before)
  })
})
