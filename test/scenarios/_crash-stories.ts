import { addressIn, createManifest, KUBE_VIP_IPS } from '../support/services.ts'
import type { CrashStory } from './_crash.ts'
import type { LoadBalancers } from './_load-balancers.ts'
import { expectAddress, expectGone, expectServed, GRACE_MS, REST_MS } from './_stories.ts'
import { leaveBlock, leaveService, upstreamAddress } from './_upstream.ts'

const WEB = createManifest('web')
const CLAIM = /^POST .*\/ipaddresses$/
const CHANGE_CLAIM = /^PATCH .*\/ipaddresses\//
const CHANGE_SERVICE = /^PATCH .*\/services\/web$/

async function serve(lb: LoadBalancers): Promise<void> {
  await lb.create('web')
  await lb.settle()
}

export const CREATED: CrashStory = {
  name: 'a Service is created, and a block bought for it',
  tell: async ({ user, work }) => {
    await user.create(WEB)
    await work()
  },
  verify: async (t, lb) => {
    await expectServed(t, lb, 'web')
    t.equal(lb.blocks().length, 1, 'one block')
    t.equal(lb.purchases(), 1, 'bought once')
  },
  passes: [/^createIpBlock$/, /^assignIpBlock$/, CLAIM, CHANGE_CLAIM, CHANGE_SERVICE],
}

export const DELETED: CrashStory = {
  name: 'a Service is deleted, and its block given back',
  options: { blocks: ['/29'] },
  prepare: serve,
  tell: async ({ lb, user, work }) => {
    await user.remove('web')
    await work()
    await lb.timePasses(REST_MS)
    await work()
    await lb.timePasses(GRACE_MS)
    await work()
  },
  verify: async (t, lb) => {
    await expectGone(t, lb, 'web')
    await lb.settle()
    t.strictSame(lb.blocks(), [], 'the block is given back')
    t.strictSame([...(await lb.claims()), ...(await lb.gates())], [], 'no claim and no gate is left')
    t.equal(lb.purchases(), 0)
  },
  passes: [
    CHANGE_CLAIM,
    CHANGE_SERVICE,
    /^DELETE .*\/ipaddresses\//,
    /^putIpBlockTags$/,
    /^unassignIpBlock$/,
    /^deleteIpBlock$/,
  ],
}

export const TURNED: CrashStory = {
  name: 'a Service changes its type, and changes it back',
  options: { blocks: ['/29'] },
  prepare: serve,
  tell: async ({ user, work }) => {
    await user.change('web', { spec: { type: 'ClusterIP' } })
    await work()
    await user.change('web', { spec: { type: 'LoadBalancer' } })
    await work()
  },
  verify: async (t, lb) => {
    const address = await expectAddress(t, lb, 'web')
    t.match(await lb.claims(), [{ address, state: 'active' }], 'it has the address that it had')
    t.equal((await lb.claims()).length, 1, 'and no other')
    t.equal(lb.purchases(), 0)
  },
  passes: [CHANGE_CLAIM, CHANGE_SERVICE],
}

/** The last of a /29 that a Service can have. */
const LAST = 6
const lastAddress = (lb: LoadBalancers): string => addressIn(lb.blocks()[0]?.cidr ?? '', LAST)

export const MOVED: CrashStory = {
  name: 'a Service asks for another address',
  isNamedByUser: true,
  options: { blocks: ['/29'] },
  prepare: async lb => {
    const first = addressIn(lb.blocks()[0]?.cidr ?? '', 2)
    await lb.way.create(createManifest('web', { annotations: { [KUBE_VIP_IPS]: first } }))
    await lb.settle()
  },
  tell: async ({ lb, user, work }) => {
    await user.change('web', { metadata: { annotations: { [KUBE_VIP_IPS]: lastAddress(lb) } } })
    await work()
  },
  verify: async (t, lb) => {
    t.equal(await expectAddress(t, lb, 'web'), lastAddress(lb))
    const states = (await lb.claims()).map(({ address, state }) => [address, state])
    t.strictSame(
      states.filter(([, state]) => state === 'active'),
      [[lastAddress(lb), 'active']],
    )
    t.strictSame(
      states.filter(([, state]) => state === 'unconfirmed'),
      [],
    )
  },
  passes: [CLAIM, CHANGE_CLAIM],
}

export const ADOPTED: CrashStory = {
  name: 'a Service that the Go program left is adopted',
  tell: async ({ lb, work }) => {
    const block = leaveBlock(lb, 'web')
    await leaveService(lb, 'web', { address: upstreamAddress(block) })
    await work()
  },
  verify: async (t, lb) => {
    const [block] = lb.blocks()
    t.equal(await expectAddress(t, lb, 'web'), block && upstreamAddress(block), 'with its address')
    t.equal((await lb.service('web'))?.spec?.loadBalancerIP, block && upstreamAddress(block))
    t.equal(lb.purchases(), 0)
    t.equal(lb.blocks().length, 1)
  },
  passes: [CLAIM, CHANGE_SERVICE],
}
