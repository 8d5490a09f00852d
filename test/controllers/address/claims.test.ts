import t from 'tap'
import { readBook } from '../../../shared/controllers/address/book.ts'
import {
  claimAddress,
  confirmClaim,
  freeClaim,
  redateClaim,
  releaseClaim,
  retainClaim,
} from '../../../shared/controllers/address/claims.ts'
import { closeGate, openGate, reopenGate } from '../../../shared/controllers/address/gates.ts'
import type { Kube } from '../../../shared/kubernetes/client.ts'
import { forEachCluster } from '../../support/cluster.ts'
import { startCluster } from '../_stage.ts'
import { expectGate, makeClaim, makeNumbered, NOW, toRequest } from './_blocks.ts'
import { forEachKill, Killed, killAfter } from './_schedule.ts'

const WHEN = { now: NOW }
const LATER = { now: NOW + 60_000 }
const REST = { restMs: 600_000, why: 'its Service was deleted' }

/** Requests that write, through the same client. */
function countWrites(kube: Kube): Kube & { readonly writes: readonly string[] } {
  const writes: string[] = []
  return {
    ...kube,
    writes,
    request(call) {
      if (call.method && call.method !== 'GET') writes.push(call.method)
      return kube.request(call)
    },
  }
}

forEachCluster(t, 'claims', { everyKind: true }, async (t, cluster) => {
  const kube = countWrites(await cluster.kube())
  let n = 0
  const openBlock = async () => {
    const numbered = makeNumbered(1000 + n++)
    await openGate(kube, numbered.block, WHEN)
    return numbered
  }
  const stored = async (address: string) =>
    (await readBook(kube)).claims.find(claim => claim.address === address)

  t.test('ten Services that want one address: one gets it', async t => {
    const numbered = await openBlock()
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        claimAddress(kube, toRequest(numbered, { service: { namespace: 'default', name: `s${i}` } }), WHEN),
      ),
    )
    t.equal(answers.filter(answer => answer === 'taken').length, 9)
    const [claim] = answers.flatMap(answer => (typeof answer === 'string' ? [] : answer.claim))
    t.strictSame(await stored(numbered.address(2)), claim)
    t.match(claim, {
      state: 'unconfirmed',
      since: NOW,
      serviceUid: undefined,
      blockId: numbered.block.id,
      family: 'IPv4',
    })
  })

  t.test('ten handlers of one Service get the same claim', async t => {
    const numbered = await openBlock()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => claimAddress(kube, toRequest(numbered), WHEN)),
    )
    const claimed = answers.flatMap(answer => (typeof answer === 'string' ? [] : answer))
    t.equal(claimed.length, 10)
    t.equal(new Set(claimed.map(({ claim }) => claim.uid)).size, 1)
    t.equal(claimed.filter(({ isNew }) => isNew).length, 1, 'which one of them made')
  })

  t.test('a Service that is known gets an active one', async t => {
    const numbered = await openBlock()
    const claim = await makeClaim(kube, toRequest(numbered, { state: 'active', serviceUid: 'u1' }), WHEN)
    t.match(claim, { state: 'active', serviceUid: 'u1', since: NOW })
    t.strictSame(await stored(claim.address), claim)
  })

  t.test('an IPv6 one', async t => {
    const block = { ...makeNumbered(2).block, cidr: '2001:db8:7::/64', family: 'IPv6' as const }
    await openGate(kube, block, WHEN)
    const request = { ...toRequest(makeNumbered(2)), address: '2001:db8:7::2', family: 'IPv6' as const }
    const claim = await makeClaim(kube, { ...request, blockId: block.id, gateAddress: '2001:db8:7::' }, WHEN)
    t.match(claim, { family: 'IPv6', address: '2001:db8:7::2' })
  })

  t.test('nothing stays of a claim in a block that is not open, or is another one', async t => {
    const closing = await openBlock()
    await closeGate(kube, closing.block, await expectGate(kube, closing.gateAddress), WHEN)
    const other = await openBlock()
    for (const request of [
      toRequest(closing),
      toRequest(makeNumbered(3)),
      toRequest(other, { blockId: 'former' }),
      toRequest(other, { state: 'active', serviceUid: 'u1', blockId: 'former' }),
    ]) {
      t.equal(await claimAddress(kube, request, WHEN), 'closed')
      t.equal(await stored(request.address), undefined)
    }
  })

  t.test('a claim of the same Service that was there before is not withdrawn', async t => {
    const numbered = await openBlock()
    const claim = await makeClaim(kube, toRequest(numbered), WHEN)
    t.equal(await claimAddress(kube, toRequest(numbered, { blockId: 'other' }), WHEN), 'taken')
    const gate = await expectGate(kube, numbered.gateAddress)
    t.equal(await closeGate(kube, { ...numbered.block, marked: true }, gate, WHEN), 'in-use')
    t.equal(await claimAddress(kube, toRequest(numbered), WHEN), 'closed')
    t.strictSame(await stored(claim.address), claim)
  })

  t.test('one that lost our label is found by its Service, and gets it back', async t => {
    const numbered = await openBlock()
    const claim = await makeClaim(kube, toRequest(numbered, { state: 'active', serviceUid: 'u1' }), WHEN)
    const path = `/apis/networking.k8s.io/v1/ipaddresses/${claim.address}`
    const labels = { 'ipaddress.kubernetes.io/managed-by': null }
    await kube.request({ method: 'PATCH', path, patch: 'merge', body: { metadata: { labels } } })
    t.equal(await stored(claim.address), undefined)
    const other = { namespace: 'default', name: 'other' }
    t.equal(await claimAddress(kube, toRequest(numbered, { service: other }), WHEN), 'taken')
    t.equal(await stored(claim.address), undefined, 'nobody else touches it')
    const found = await makeClaim(kube, toRequest(numbered, { state: 'active', serviceUid: 'u1' }), WHEN)
    t.strictSame({ ...found, resourceVersion: '' }, { ...claim, resourceVersion: '' })
    t.strictSame(await stored(claim.address), found)
  })

  t.test('its time begins anew, and nothing else of it changes', async t => {
    const numbered = await openBlock()
    const resting = await releaseClaim(kube, await makeClaim(kube, toRequest(numbered), LATER), REST, LATER)
    const { resourceVersion } = await redateClaim(kube, resting, WHEN)
    t.strictSame(await stored(resting.address), { ...resting, since: NOW, resourceVersion })
    await t.rejects(redateClaim(kube, resting, WHEN), { code: 'KUBE_CONFLICT' })
  })

  t.test('rests from the moment at which the deleted Service that held it has gone', async t => {
    const numbered = await openBlock()
    const made = await makeClaim(kube, toRequest(numbered), WHEN)
    const active = await confirmClaim(kube, made, 'u1', WHEN)
    const held = await releaseClaim(kube, active, { ...REST, heldBy: 'u1' }, WHEN)
    t.match(held, { state: 'released', since: NOW, serviceUid: 'u1', restMs: 600_000 })
    t.equal(await releaseClaim(kube, held, { ...REST, heldBy: 'u1' }, LATER), held, 'is not written again')
    const resting = await releaseClaim(kube, held, REST, LATER)
    t.match(resting, { state: 'released', since: LATER.now, serviceUid: undefined })
    t.equal(await releaseClaim(kube, resting, REST, { now: LATER.now + 60_000 }), resting)
    await freeClaim(kube, resting)
  })

  t.test('goes through its states; its time is that of the last change of state', async t => {
    const numbered = await openBlock()
    const made = await makeClaim(kube, toRequest(numbered), WHEN)
    const active = await confirmClaim(kube, made, 'u1', LATER)
    t.match(active, { state: 'active', serviceUid: 'u1', since: LATER.now })
    const renewed = await confirmClaim(kube, active, 'u2', { now: NOW + 120_000 })
    t.match(renewed, { state: 'active', serviceUid: 'u2', since: LATER.now })
    const released = await releaseClaim(kube, renewed, REST, WHEN)
    t.match(released, {
      state: 'released',
      since: NOW,
      serviceUid: undefined,
      restMs: 600_000,
      why: REST.why,
    })
    const longer = await releaseClaim(kube, released, { ...REST, restMs: 86_400_000 }, LATER)
    t.match(longer, { restMs: 86_400_000, since: NOW }, 'another rest does not begin anew')
    const retained = await retainClaim(kube, longer, 'retain-ip', LATER)
    t.match(retained, { state: 'retained', since: LATER.now, restMs: undefined, why: 'retain-ip' })
    const back = await confirmClaim(kube, retained, 'u3', LATER)
    t.match(back, { state: 'active', serviceUid: 'u3', restMs: undefined, why: undefined })
    t.strictSame(await stored(back.address), back)
    await freeClaim(kube, back)
    t.equal(await stored(back.address), undefined)
    await freeClaim(kube, back)
  })

  t.test('writes nothing where nothing changes', async t => {
    const numbered = await openBlock()
    const made = await makeClaim(kube, toRequest(numbered), WHEN)
    const active = await confirmClaim(kube, made, 'u1', WHEN)
    const released = await releaseClaim(kube, active, REST, WHEN)
    const retained = await retainClaim(kube, released, 'why', WHEN)
    const before = kube.writes.length
    t.equal(await releaseClaim(kube, released, REST, LATER), released)
    t.equal(await retainClaim(kube, retained, 'other', LATER), retained)
    t.equal(kube.writes.length, before)
  })

  t.test('who confirms one that is in use keeps away whoever read it before', async t => {
    const numbered = await openBlock()
    const active = await makeClaim(kube, toRequest(numbered, { state: 'active', serviceUid: 'u1' }), WHEN)
    const again = await confirmClaim(kube, active, 'u1', WHEN)
    t.strictSame({ ...again, since: 0, resourceVersion: '' }, { ...active, since: 0, resourceVersion: '' })
    await t.rejects(freeClaim(kube, active), { code: 'KUBE_CONFLICT' })
    t.strictSame(await stored(active.address), again)
  })

  t.test('an old view changes nothing', async t => {
    const numbered = await openBlock()
    const old = await makeClaim(kube, toRequest(numbered), WHEN)
    const active = await confirmClaim(kube, old, 'u1', WHEN)
    const code = { code: 'KUBE_CONFLICT' }
    await t.rejects(confirmClaim(kube, old, 'u2', WHEN), code)
    await t.rejects(releaseClaim(kube, old, REST, WHEN), code)
    await t.rejects(retainClaim(kube, old, 'why', WHEN), code)
    await t.rejects(freeClaim(kube, old), code)
    t.strictSame(await stored(active.address), active)
    await freeClaim(kube, active)
    await makeClaim(kube, toRequest(numbered, { service: { namespace: 'default', name: 'next' } }), WHEN)
    await t.rejects(freeClaim(kube, active), code, 'nor does it free the claim of the next one')
  })
})

t.test(
  'killed after any request of claiming: the same Service gets it, and another one gets nothing of it',
  async t => {
    const { kube } = await startCluster(t)
    const numbered = makeNumbered(1)
    await openGate(kube, numbered.block, WHEN)
    const request = toRequest(numbered, { state: 'active', serviceUid: 'u1' })
    const runs = await forEachKill({
      run: async kill => claimAddress(kill(kube), request, WHEN),
      async afterwards(passed) {
        const [left] = (await readBook(kube)).claims
        t.ok(left, `${passed}: there is one claim`)
        const again = await makeClaim(kube, request, LATER)
        t.match(again, { uid: left?.uid, state: 'active', serviceUid: 'u1' })
        await freeClaim(kube, again)
      },
    })
    t.equal(runs, 4, 'create, read the gate, confirm')
  },
)

t.test('killed while it withdraws: what is left is unconfirmed, whatever was asked for', async t => {
  const { kube } = await startCluster(t)
  const numbered = makeNumbered(1)
  for (const passed of [1, 2]) {
    const request = toRequest(numbered, {
      state: 'active',
      serviceUid: 'u1',
      address: numbered.address(2 + passed),
    })
    await t.rejects(claimAddress(killAfter(kube, passed), request, WHEN), Killed)
    const { claims } = await readBook(kube)
    t.match(
      claims.find(({ address }) => address === request.address),
      { state: 'unconfirmed' },
    )
  }
})

t.test('a withdrawal that fails is still `closed`', async t => {
  const { kube, simulator } = await startCluster(t)
  simulator.faults.fail({ verb: 'delete', resource: 'ipaddresses' }, { status: 500, times: 1 })
  t.equal(await claimAddress(kube, toRequest(makeNumbered(1)), WHEN), 'closed')
  t.match((await readBook(kube)).claims, [{ state: 'unconfirmed' }], 'and time frees it')
})

t.test('a gate that cannot be read is no closed one', async t => {
  const { kube, simulator } = await startCluster(t)
  const numbered = makeNumbered(1)
  await openGate(kube, numbered.block, WHEN)
  simulator.faults.fail({ verb: 'get', resource: 'ipaddresses' }, { status: 500, times: 1 })
  await t.rejects(claimAddress(kube, toRequest(numbered), WHEN), { code: 'KUBE_SERVER_ERROR' })
  t.match((await readBook(kube)).claims, [{ state: 'unconfirmed' }])
  t.match(await claimAddress(kube, toRequest(numbered), WHEN), {
    claim: { state: 'unconfirmed' },
    isNew: false,
  })
  await t.rejects(
    reopenGate(kube, { ...(await expectGate(kube, numbered.gateAddress)), state: 'closed' }, WHEN),
    {
      code: 'CCM_INTERNAL',
    },
  )
})
