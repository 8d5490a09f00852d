import t, { type Test } from 'tap'
import type { Allocation } from '../../../shared/controllers/address/allocation.ts'
import { readBook } from '../../../shared/controllers/address/book.ts'
import { claimAddress, renewClaim } from '../../../shared/controllers/address/claims.ts'
import type { Claim } from '../../../shared/controllers/address/contract.ts'
import { openGate } from '../../../shared/controllers/address/gates.ts'
import { claimWithin } from '../../../shared/controllers/service/claim-within.ts'
import type { Kube } from '../../../shared/kubernetes/client.ts'
import { startCluster } from '../_stage.ts'
import { makeNumbered, NOW } from '../address/_blocks.ts'

const WHEN = { now: NOW }
const WEB = { namespace: 'default', name: 'web' }
const REVIEW = { service: WEB, serviceUid: undefined, state: 'unconfirmed' } as const
const NO_LIMIT = { unconfirmed: 9, share: 9, addresses: undefined }
const NOTHING = { ...NO_LIMIT, unconfirmed: 0 }

/**
 * A claim is made under limits.
 *
 * @param between happens when it is there and the book is about to be read again
 * @param isFound another review has made it before
 */
async function claim(
  t: Test,
  limits: typeof NO_LIMIT,
  between: (kube: Kube) => Promise<unknown>,
  isFound = false,
) {
  const { kube } = await startCluster(t)
  const numbered = makeNumbered(1)
  await openGate(kube, numbered.block, WHEN)
  const candidate = {
    address: numbered.address(2),
    family: 'IPv4' as const,
    blockId: numbered.block.id,
    gateAddress: numbered.gateAddress,
  }
  if (isFound) await claimAddress(kube, { ...candidate, ...REVIEW }, WHEN)
  const row = { family: 'IPv4' as const, required: true, keep: undefined, otherwise: 'full' as const }
  const allocation: Allocation = {
    families: [{ ...row, candidates: [candidate] }],
    own: [],
    broken: [],
    problems: [],
    live: [],
  }
  const watched: Kube = {
    ...kube,
    async request(call) {
      if (call.method === undefined && call.path.endsWith('/ipaddresses')) await between(kube)
      return kube.request(call)
    },
  }
  const result = await claimWithin(watched, allocation, REVIEW, limits, WHEN)
  return { result, claims: (await readBook(kube)).claims.map(({ address, state }) => ({ address, state })) }
}

const MADE = [{ address: makeNumbered(1).address(2), state: 'unconfirmed' }]

t.test('what is within the limits is kept', async t => {
  const { result, claims } = await claim(t, NO_LIMIT, async () => {})
  t.match(result, { IPv4: { address: makeNumbered(1).address(2) } })
  t.match(claims, MADE)
})

t.test('what is beyond them is withdrawn', async t => {
  t.strictSame(await claim(t, NOTHING, async () => {}), { result: 'beyond', claims: [] })
})

t.test('unless another review of the same Service relies on it by now', async t => {
  const renewed = await claim(t, NOTHING, async kube => {
    const [made] = (await readBook(kube)).claims
    await renewClaim(kube, made as Claim, 60_000, WHEN)
  })
  t.match(renewed, { result: 'beyond', claims: MADE })
})

t.test('what another review claimed is not for this one to withdraw', async t => {
  const found = await claim(t, NOTHING, async () => {}, true)
  t.match(found, { result: 'beyond', claims: MADE })
})
