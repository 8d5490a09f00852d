import t from 'tap'
import { lookAtStatus } from '../../functions/status-look.ts'
import { startTestCluster } from '../support/cluster.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import { startLoadBalancers } from './_load-balancers.ts'

t.test('what waits is shown with its reason, under the rights of the handlers', async t => {
  const cluster = await startTestCluster(t)
  const lb = await startLoadBalancers(t, cluster, { blocks: ['/29'], environment: { PNAP_MAX_BLOCKS: '1' } })
  const look = () => lookAtStatus(lb.world.app, { deadline: lb.clock.now() + 60_000 })
  for (const name of ['one', 'two', 'three', 'four', 'five', 'six']) await lb.create(name)
  await lb.settle()
  lb.backend.addServer({ hostname: 'node-a' })
  for (const name of ['node-a', 'node-b'])
    await lb.admin.request({ method: 'POST', path: '/api/v1/nodes', body: createFakeNode(name) })
  const before = await look()
  t.strictSame(before.reasons, [
    '2 nodes wait to be initialised',
    '1 Service waits for an address',
    '1 decision is held back',
  ])
  t.match(before.nodes.rows, [
    { name: 'node-a', state: 'waiting', why: /^the next pass initialises it: server \w+ found by hostname$/ },
    { name: 'node-b', state: 'waiting', code: 'CCM_INSTANCE_NOT_FOUND' },
  ])
  t.strictSame(before.services.counts, { waiting: 1, leaving: 0, left: 0, served: 5 })
  t.strictSame(before.addresses.blocks[0]?.counts, { network: 1, gateway: 1, used: 5, broadcast: 1 })
  t.match(before.goProgram, { state: 'unknown' }, 'which the shipped role may not look for')
  const [waiting] = before.services.rows
  t.match(waiting, { state: 'waiting', why: 'IPv4: no address is free' })

  const served = before.services.rows.find(({ state }) => state === 'served')
  await lb.remove((served?.name ?? '').replace('default/', ''))
  await lb.settle()
  const after = await look()
  t.match(after.reasons, ['1 node waits to be initialised', '1 Service waits for an address'])
  t.strictSame(after.addresses.claims, { active: 4, unconfirmed: 0, released: 1, retained: 0 })
  const resting = after.addresses.blocks[0]?.runs.find(({ kind }) => kind === 'resting')
  t.match(resting, { service: served?.name, first: served?.addresses[0] })
  for (const { metadata } of await lb.services()) await lb.remove(metadata.name)
  for (const name of ['node-a', 'node-b'])
    await lb.admin.request({ method: 'DELETE', path: `/api/v1/nodes/${name}` })
})
