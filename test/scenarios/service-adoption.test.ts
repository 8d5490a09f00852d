import t, { type Test } from 'tap'
import { CLEANUP_FINALIZER, FINALIZER } from '../../shared/kubernetes/names.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import { forEachCluster } from '../support/cluster.ts'
import {
  addressIn,
  announcedFor,
  assignedTo,
  createManifest,
  ingressOf,
  KUBE_VIP_IPS,
  tagOf,
} from '../support/services.ts'
import type { LoadBalancers } from './_load-balancers.ts'
import { sendPlainly } from './_reviews.ts'
import { expectAddress, expectEvent, expectGone, expectServed, GRACE_MS, REST_MS, story } from './_stories.ts'
import { leaveBlock, leaveService, upstreamAddress, writeStatus } from './_upstream.ts'

t.setTimeout(200_000)

const names = ['web', 'api', 'team-a/web'] as const

/** Services as upstream serves them. @returns their blocks, by name */
async function leaveServed(lb: LoadBalancers): Promise<Record<string, IpBlock>> {
  const blocks: Record<string, IpBlock> = {}
  for (const name of names) {
    const block = leaveBlock(lb, name)
    await leaveService(lb, name, { address: upstreamAddress(block) })
    blocks[name] = block
  }
  return blocks
}

async function expectAdopted(t: Test, lb: LoadBalancers, name: string, address: string): Promise<void> {
  const service = await lb.service(name)
  t.ok(service?.metadata.finalizers?.includes(FINALIZER), `${name} is held by us`)
  t.equal(service?.spec?.loadBalancerIP, address, 'its pin stays')
  t.strictSame(assignedTo(service), [address], 'its address is ours now')
  t.match(await lb.claimsOf(name), [{ address, state: 'active', serviceUid: service?.metadata.uid }])
}

const leaked = async (lb: LoadBalancers): Promise<void> => {
  leaveBlock(lb, 'gone')
  leaveBlock(lb, 'gone-too', { status: 'unassigned' })
  leaveBlock(lb, 'marked', { marked: true })
  leaveBlock(lb, 'marked-too', { marked: true, status: 'unassigned' })
}

const without = (lb: LoadBalancers) => leaveService(lb, 'lost', { address: '198.51.100.7' })

/** As MetalLB serves from a pool of the operator's own. */
const elsewhere = async (lb: LoadBalancers): Promise<void> => {
  const annotations = { 'metallb.io/ip-allocated-from-pool': 'operator' }
  await sendPlainly(lb.api).create(createManifest('metal', { annotations }))
  await writeStatus(lb, 'metal', '192.0.2.10')
  // For an announcer of another name, its annotation asks nothing of us.
  if (!lb.environment['PNAP_LOAD_BALANCER']?.startsWith('kube-vip')) return
  await sendPlainly(lb.api).create(createManifest('vip', { annotations: { [KUBE_VIP_IPS]: '192.0.2.11' } }))
}

forEachCluster(t, 'what the Go program left', {}, async (t, cluster) => {
  let blocks: Record<string, IpBlock> = {}
  const served = async (lb: LoadBalancers): Promise<void> => void (blocks = await leaveServed(lb))

  for (const allocation of ['packed', 'dedicated']) {
    const environment = { PNAP_IP_ALLOCATION: allocation }
    story(
      t,
      cluster,
      `is adopted as it is (${allocation})`,
      { before: served, environment },
      async (t, lb) => {
        await lb.settle()
        for (const name of names) {
          const block = blocks[name] as IpBlock
          const address = upstreamAddress(block)
          await expectAdopted(t, lb, name, address)
          t.strictSame(ingressOf(await lb.service(name)), [address], 'kube-vip has nothing to change')
          t.strictSame(announcedFor(await lb.service(name)), [address])
          t.strictSame(lb.backend.ipBlock(block.id), block, 'nor has anything in the cloud changed')
        }
        t.equal(lb.purchases(), 0)
        await lb.remove('api')
        await lb.settle()
        await expectGone(t, lb, 'api')
        await lb.timePasses(REST_MS)
        await lb.settle()
        await lb.timePasses(GRACE_MS)
        await lb.settle()
        t.notOk(
          lb.blocks().some(({ id }) => id === blocks['api']?.id),
          'its block is given back, and only that',
        )
        t.equal(lb.blocks().length, 2)
      },
    )
  }

  story(t, cluster, 'has room for others, once nothing else is free', { before: served }, async (t, lb) => {
    await lb.create('guest')
    await lb.settle()
    const address = await expectAddress(t, lb, 'guest')
    t.ok(Object.values(blocks).every(block => upstreamAddress(block) !== address))
    t.equal(lb.purchases(), 0, 'spare addresses of its blocks are used')
  })

  const HALF = {
    'bought, and no more': { status: 'unassigned' },
    'bought and assigned': { status: 'assigned' },
    'bought, and not to be assigned': { status: 'error assigning' },
  } as const
  for (const [what, left] of Object.entries(HALF)) {
    let block: IpBlock | undefined
    const before = async (lb: LoadBalancers): Promise<void> => {
      block = leaveBlock(lb, 'half', left)
      await leaveService(lb, 'half')
    }
    story(t, cluster, `is finished: a block ${what}`, { before }, async (t, lb) => {
      await lb.settle()
      await expectServed(t, lb, 'half')
      t.equal(lb.purchases(), 0)
      t.strictSame(
        lb.blocks().map(({ id, status }) => `${id} ${status}`),
        [`${block?.id} assigned`],
      )
    })

    const published = async (lb: LoadBalancers): Promise<void> => {
      block = leaveBlock(lb, 'told', left)
      await leaveService(lb, 'told', { address: upstreamAddress(block) })
    }
    story(
      t,
      cluster,
      `is finished: a block ${what}, its address told to everybody`,
      { before: published },
      async (t, lb) => {
        await lb.settle()
        await expectAdopted(t, lb, 'told', upstreamAddress(block as IpBlock))
        t.equal(lb.backend.ipBlock(block?.id ?? '').status, 'assigned')
        t.equal(lb.purchases(), 0)
      },
    )
  }

  story(t, cluster, 'is given back where nobody uses it', { before: leaked }, async (t, lb) => {
    await lb.settle()
    t.notOk(
      lb.blocks().some(block => tagOf(block, 'delete') === 'true'),
      'what was marked goes at once',
    )
    await lb.timePasses(GRACE_MS)
    await lb.settle()
    t.strictSame(lb.blocks(), [], 'the rest after its grace')
  })

  let marked: IpBlock | undefined
  const usedAndMarked = async (lb: LoadBalancers): Promise<void> => {
    marked = leaveBlock(lb, 'torn', { marked: true })
    await leaveService(lb, 'torn', { address: upstreamAddress(marked) })
  }
  story(
    t,
    cluster,
    'is kept where somebody uses it although it is marked',
    { before: usedAndMarked },
    async (t, lb) => {
      await lb.settle()
      await lb.timePasses(GRACE_MS)
      await lb.settle()
      await expectAdopted(t, lb, 'torn', upstreamAddress(marked as IpBlock))
      t.equal(lb.backend.ipBlock(marked?.id ?? '').status, 'assigned')
    },
  )

  story(t, cluster, 'is left alone where its block has gone', { before: without }, async (t, lb) => {
    const version = (await lb.service('lost'))?.metadata.resourceVersion
    await lb.settle()
    const service = await lb.service('lost')
    t.equal(service?.metadata.resourceVersion, version, 'nothing of it is changed')
    t.strictSame(ingressOf(service), ['198.51.100.7'])
    t.strictSame(service?.metadata.finalizers, [CLEANUP_FINALIZER])
    await expectEvent(t, lb, 'lost', { message: /198\.51\.100\.7/ })
    t.equal((await lb.events('lost')).length, 1)
    t.equal(lb.purchases(), 0)
    await lb.admin.request({
      method: 'PATCH',
      path: '/api/v1/namespaces/default/services/lost',
      patch: 'merge',
      body: { metadata: { finalizers: null } },
    })
  })

  let dying: IpBlock | undefined
  const deleted = async (lb: LoadBalancers): Promise<void> => {
    dying = leaveBlock(lb, 'dying')
    await leaveService(lb, 'dying', { address: upstreamAddress(dying) })
    await sendPlainly(lb.api).remove('dying')
  }
  story(
    t,
    cluster,
    'is cleaned up where its Service is being deleted',
    { before: deleted },
    async (t, lb) => {
      await lb.settle()
      await expectGone(t, lb, 'dying')
      await lb.timePasses(REST_MS)
      await lb.settle()
      await lb.timePasses(GRACE_MS)
      await lb.settle()
      t.strictSame(lb.blocks(), [])
    },
  )
})

forEachCluster(t, 'hands off what somebody else serves', {}, async (t, cluster) => {
  for (const announcer of ['kube-vip', 'direct']) {
    const options = { before: elsewhere, announcer, blocks: ['/29'] }
    story(t, cluster, `until we are told otherwise (${announcer})`, options, async (t, lb) => {
      for (const { metadata } of await lb.services()) {
        const { name } = metadata
        const before = await lb.service(name)
        await lb.settle()
        await lb.change(name, { metadata: { labels: { touched: 'yes' } } })
        await lb.settle()
        const service = await lb.service(name)
        t.strictSame(toOthers(service), toOthers(before), 'it is as it was')
        t.equal((await lb.events(name)).length, 1, 'there is one event')
        t.strictSame(await lb.claimsOf(name), [])
      }
      await lb.change('metal', { metadata: { annotations: { 'phoenixnap.com/manage': 'true' } } })
      await lb.settle()
      const [address = ''] = assignedTo(await lb.service('metal'))
      t.ok(lb.blocks().some(({ cidr }) => [2, 3, 4, 5, 6].some(place => addressIn(cidr, place) === address)))
    })
  }
})

/** Of a Service what others than its user could change. */
const toOthers = (service: KubeService | undefined) => ({
  annotations: service?.metadata.annotations,
  finalizers: service?.metadata.finalizers,
  spec: service?.spec,
  status: service?.status,
})
