import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { assets, forEachCluster } from '../support/cluster.ts'
import { assignedTo, createManifest, isHeld, isWaiting, nameOf, publishedFor } from '../support/services.ts'
import { type LoadBalancers, startLoadBalancers } from './_load-balancers.ts'
import { expectSound } from './_sound.ts'
import {
  expectAddress,
  expectEvent,
  expectServed,
  expectWaiting,
  soon,
  story,
  untilConfirmed,
} from './_stories.ts'

t.setTimeout(200_000)

const KUBECTL = ['create', 'service', 'loadbalancer', '--tcp=80', '-o', 'json']

/** As a user makes it: with kubectl where there is one. @returns the Service as the API server answered it */
async function createAsUser(lb: LoadBalancers, name: string, ...flags: string[]) {
  if (!assets) return (await lb.create(name)).service
  const { stdout, stderr, code } = await lb.cluster.kubectl([...KUBECTL, name, ...flags])
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Awaited<ReturnType<LoadBalancers['create']>>['service']
}

forEachCluster(t, 'a Service is created', {}, async (t, cluster) => {
  t.test('with free capacity, behind the webhook', async t => {
    const lb = await startLoadBalancers(t, cluster, { by: 'webhook', blocks: ['/29'] })

    t.test('its address is there at once, and the cloud is not asked', async t => {
      const asked = lb.requests()
      const stored = await createAsUser(lb, 'web')
      t.ok(isHeld(stored), 'the stored Service carries our finalizer')
      t.equal(assignedTo(stored).length, 1, 'and an address')
      t.strictSame(publishedFor(stored), assignedTo(stored), 'which its announcer is told')
      t.notOk(isWaiting(stored))
      await untilConfirmed(lb, 'web')
      t.match(await lb.claimsOf('web'), [{ address: assignedTo(stored)[0], serviceUid: stored.metadata.uid }])
      t.equal(
        (await lb.service('web'))?.metadata.resourceVersion,
        stored.metadata.resourceVersion,
        'confirming it writes the Service no more',
      )
      t.equal(lb.requests(), asked)
      await expectEvent(t, lb, 'web', { type: 'Normal', reason: 'EnsuredLoadBalancer' })
    })

    t.test('with BMC down it is the same', async t => {
      lb.bmc.faults.down()
      t.teardown(() => lb.bmc.faults.up())
      const asked = lb.requests()
      const stored = await createAsUser(lb, 'down')
      t.ok(isHeld(stored))
      t.equal(assignedTo(stored).length, 1)
      await untilConfirmed(lb, 'down')
      t.equal(lb.requests(), asked)
      lb.bmc.faults.up()
    })

    t.test('a dry run shows the same and leaves nothing', async t => {
      const path = '/api/v1/namespaces/default/services?dryRun=All'
      const { status } = await lb.api.call({ method: 'POST', path, body: createManifest('dry') })
      t.equal(status, 201)
      t.strictSame(await lb.claimsOf('dry'), [])
      t.equal(await lb.service('dry'), undefined)
    })

    t.test('a name that the API server makes gets its address a moment later', async t => {
      const { name: _, ...metadata } = createManifest('made').metadata
      const body = { ...createManifest('made'), metadata: { ...metadata, generateName: 'made-' } }
      const path = '/api/v1/namespaces/default/services'
      const { status, body: stored } = await lb.api.call({ method: 'POST', path, body })
      t.equal(status, 201)
      const name = stored.metadata?.name ?? ''
      t.match(name, /^made-.+/)
      t.ok(isHeld(await lb.service(name)), 'it is held from the start')
      await soon('it has an address', async () => assignedTo(await lb.service(name)).length > 0)
      await expectServed(t, lb, name)
    })

    t.test('what is no load balancer of ours is left alone', async t => {
      const plain = await lb.create('plain', { spec: { type: 'ClusterIP' } })
      const other = await lb.create('other', { spec: { loadBalancerClass: 'example.com/other' } })
      await lb.pass()
      for (const { status, service } of [plain, other]) {
        t.equal(status, 201)
        const now = await lb.service(nameOf(service))
        t.equal(now?.metadata.resourceVersion, service.metadata.resourceVersion)
        t.notOk(isHeld(now))
      }
    })

    t.test('and nothing is amiss at the end', async t => expectSound(t, lb))
  })

  t.test('without free capacity it is served soon after the assignment, by `serve` alone', async t => {
    const settings = { blockCreateMs: 300, assignMs: 1500 }
    const lb = await startLoadBalancers(t, cluster, { by: 'webhook', settings })
    const { service } = await lb.create('first')
    t.ok(isHeld(service), 'it is held at once')
    await expectWaiting(t, lb, 'first')
    await soon('its block is assigned', () => lb.blocks().some(({ status }) => status === 'assigned'))
    const assignedAt = Date.now()
    while (assignedTo(await lb.service('first')).length === 0 && Date.now() < assignedAt + 20_000)
      await sleep(50)
    t.ok(Date.now() - assignedAt <= 10_000, 'within 10 s of the assignment')
    await expectServed(t, lb, 'first')
    t.equal(lb.purchases(), 1)
    await expectEvent(t, lb, 'first', { type: 'Normal', reason: 'EnsuringLoadBalancer' })
    await expectEvent(t, lb, 'first', { type: 'Normal', reason: 'EnsuredLoadBalancer' })
    await expectSound(t, lb)
  })

  story(t, cluster, 'without any webhook, passes alone serve it', { by: 'nobody' }, async (t, lb) => {
    await lb.create('unseen')
    await lb.pass()
    await expectWaiting(t, lb, 'unseen')
    await lb.settle()
    await expectServed(t, lb, 'unseen')
    t.equal(lb.purchases(), 1)
  })

  story(t, cluster, 'nothing is published before its block is assigned', {}, async (t, lb) => {
    await lb.create('early')
    await expectWaiting(t, lb, 'early')
    const seen = new Set<string>()
    for (let step = 0; step < 10 && assignedTo(await lb.service('early')).length === 0; step++) {
      await lb.pass()
      const [status = 'none'] = lb.blocks().map(block => block.status)
      seen.add(status)
      if (status !== 'assigned') await expectWaiting(t, lb, 'early')
      await lb.cloudWorks()
    }
    t.ok(seen.has('assigning'), 'there was a time in which it was being assigned')
    await expectServed(t, lb, 'early')
  })

  const classes = { PNAP_LOAD_BALANCER_CLASSES: 'kube-vip.io/kube-vip-class' }
  story(t, cluster, 'of a class that is named', { environment: classes, blocks: ['/29'] }, async (t, lb) => {
    await lb.create('classy', { spec: { loadBalancerClass: 'kube-vip.io/kube-vip-class' } })
    await expectAddress(t, lb, 'classy')
  })

  story(t, cluster, 'in a location that its network does not have', { blocks: ['/29'] }, async (t, lb) => {
    await lb.create('far', { annotations: { 'phoenixnap.com/ip-location': 'ASH' } })
    await lb.settle()
    t.strictSame(assignedTo(await lb.service('far')), [], 'it gets no address elsewhere')
    await expectEvent(t, lb, 'far', {
      type: 'Warning',
      reason: 'SyncLoadBalancerFailed',
      message: /ASH.*PHX|PHX.*ASH/,
    })
    t.equal(lb.purchases(), 0)
  })

  story(t, cluster, 'an assignment that ends in an error is repaired', {}, async (t, lb) => {
    lb.bmc.faults.failAssignments(1)
    await lb.create('unlucky')
    await lb.settle()
    await expectServed(t, lb, 'unlucky')
    await expectEvent(t, lb, 'unlucky', { type: 'Warning', message: /error assigning/ })
    t.strictSame(
      lb.blocks().map(({ status }) => status),
      ['assigned'],
      'and one block is kept',
    )
  })

  story(t, cluster, 'a block in use that is found failed is repaired', { blocks: ['/29'] }, async (t, lb) => {
    await lb.create('steady')
    const address = await expectAddress(t, lb, 'steady')
    const [block] = lb.blocks()
    lb.backend.updateIpBlock(block?.id ?? '', { status: 'error assigning' })
    await lb.settle()
    t.equal(await expectAddress(t, lb, 'steady'), address, 'the address stays')
    t.equal(lb.blocks()[0]?.status, 'assigned')
    t.equal(lb.purchases(), 0)
    await expectEvent(t, lb, 'steady', { type: 'Warning', message: /error assigning/ })
  })
})
