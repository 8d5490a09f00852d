import type { Bmc } from '../bmc/client.ts'
import type { Clock } from '../clock.ts'
import type { CloudCall } from '../cloud-provider/contract.ts'
import type { BlockChange, BlockHold, BoughtBlock, PurchaseIntent } from '../cloud-provider/load-balancer.ts'
import { hasCode } from '../errors.ts'
import type { Change, TagNames } from './block-steps.ts'
import { toBlockTags } from './block-tags.ts'
import {
  afterPurchase,
  afterRefused,
  afterSoldOut,
  decidePurchase,
  type Purchase,
  type PurchaseSettings,
  type PurchaseState,
  withoutFirst,
} from './purchase-plan.ts'
import { PUBLIC_ADDRESSES } from './quota.ts'
import type { Refusal } from './supply-plan.ts'

/** What a round of purchases needs. */
export interface Round {
  readonly bmc: Bmc
  readonly clock: Clock
  readonly tagNames: TagNames
  readonly settings: PurchaseSettings
  readonly newId: () => string
  readonly clusterName: string
  readonly location: string
  readonly call: CloudCall
}

/** The right to buy; without one the round is only planned. */
export interface Buyer {
  readonly hold: BlockHold
  readonly change: Change
  /** A purchase that nobody saw being made. A need like its own takes it up, and then it is undefined. */
  again: PurchaseIntent | undefined
  /** What the hold is to remember. */
  bought: readonly BoughtBlock[]
  /** True once this round stored an intent in the place of that one. */
  stored: boolean
  /** The cluster's time now. */
  readonly clusterNow: () => number
}

export interface RoundResult {
  readonly bought: readonly BlockChange[]
  readonly waits: readonly string[]
  readonly refusals: readonly Refusal[]
  /** Set where nobody can tell whether a block was bought. */
  readonly unknown?: Refusal | undefined
}

/** A purchase ends so long after its intent was stored; INTENT_RESTS_MS is well above it. */
const SEND_WITHIN_MS = 20_000

type Bought =
  | { readonly end: 'bought'; readonly blockId: string | undefined; readonly cidr?: string | undefined }
  | { readonly end: 'sold-out' }
  | { readonly end: 'refused' | 'failed'; readonly refusal: Refusal }
  | { readonly end: 'later' | 'unknown'; readonly why: string }

/** Buys one block after the other until nothing is lacking, or nothing can be had. */
export async function buyBlocks(
  round: Round,
  start: PurchaseState,
  buyer: Buyer | undefined,
): Promise<RoundResult> {
  const bought: BlockChange[] = []
  const refusals: Refusal[] = []
  const end = (...waits: string[]): RoundResult => ({ bought, waits, refusals })
  let state = start
  let quotaIsKnown = false
  for (;;) {
    const step = decidePurchase(state, round.settings)
    if (step.do === 'nothing') return end()
    if (step.do === 'refuse') {
      refusals.push({ code: step.code, message: step.message })
      state = withoutFirst(state)
      continue
    }
    if (!quotaIsKnown) {
      const quota = await readQuota(round)
      if ('refusal' in quota) {
        refusals.push(quota.refusal)
        return end()
      }
      quotaIsKnown = true
      state = { ...state, quotaLeft: quota.left }
      continue
    }
    const result: Bought = buyer ? await buyOne(round, buyer, step) : { end: 'bought', blockId: undefined }
    switch (result.end) {
      case 'bought':
        bought.push(toChange(round, step, result))
        state = afterPurchase(state, step)
        break
      case 'sold-out':
        state = afterSoldOut(state, step)
        break
      case 'refused':
        state = afterRefused(state, step, result.refusal)
        break
      case 'failed':
        refusals.push(result.refusal)
        return end()
      case 'later':
        return end(result.why)
      case 'unknown':
        return { ...end(result.why), unknown: toUnknown(step) }
    }
  }
}

/** Addresses that the quota leaves; undefined where there is none, or it may not be seen: BMC refuses by itself then. */
async function readQuota({
  bmc,
  call,
}: Round): Promise<{ readonly left: number | undefined } | { readonly refusal: Refusal }> {
  try {
    const quota = (await bmc.listQuotas(call)).find(({ id }) => id === PUBLIC_ADDRESSES)
    return { left: quota && quota.limit - quota.used }
  } catch (error) {
    if (hasCode(error, 'BMC_FORBIDDEN', 'BMC_NOT_FOUND', 'BMC_SCOPE_MISSING')) return { left: undefined }
    if (!hasCode(error)) throw error
    return { refusal: { code: error.code, message: error.message } }
  }
}

const toChange = (
  { location }: Round,
  { family, prefixLength, service, why }: Purchase,
  { blockId, cidr }: { readonly blockId: string | undefined; readonly cidr?: string | undefined },
): BlockChange => ({
  do: 'buy',
  blockId,
  detail: {
    family,
    size: `/${prefixLength}`,
    location,
    ...(cidr === undefined ? {} : { cidr }),
    ...(service ? { service: `${service.namespace}/${service.name}` } : {}),
  },
  why,
})

/** Intent, hold, request, in this order; the intent is forgotten once it is known what became of the request. */
async function buyOne(round: Round, buyer: Buyer, purchase: Purchase): Promise<Bought> {
  const id = toPurchaseId(round, buyer, purchase)
  const tags = toBlockTags(round.clusterName, id, purchase.service)
  let maybeGone: boolean
  try {
    maybeGone = await round.tagNames.ensure(tags, round.call)
  } catch (error) {
    if (!hasCode(error)) throw error
    return { end: 'failed', refusal: { code: error.code, message: error.message } }
  }
  let result = await send(round, buyer, purchase, id)
  if (maybeGone && result.end === 'refused' && result.refusal.code === 'BMC_BAD_REQUEST') {
    round.tagNames.forget()
    await round.tagNames.ensure(tags, round.call)
    result = await send(round, buyer, purchase, id)
  }
  if (result.end === 'bought' && result.blockId !== undefined) {
    buyer.bought = [...buyer.bought, { id: result.blockId, since: buyer.clusterNow() }]
  }
  if (result.end !== 'unknown') await buyer.hold.setIntent(undefined, buyer.bought)
  return result
}

/** Without what BMC said, which may differ each time. */
const toUnknown = ({ family, prefixLength }: Purchase): Refusal => ({
  code: 'BMC_OUTCOME_UNKNOWN',
  message: `BMC does not say whether it sold an ${family} block of size /${prefixLength}; it is asked again`,
})

/** Under its own id, so that should its block turn up all the same, the two are known to be one too many. */
function toPurchaseId({ newId }: Round, buyer: Buyer, { family, service }: Purchase): string {
  const { again } = buyer
  const isSame =
    again?.family === family &&
    again.service?.namespace === service?.namespace &&
    again.service?.name === service?.name
  if (!isSame) return newId()
  buyer.again = undefined
  return again.id
}

async function send(round: Round, buyer: Buyer, purchase: Purchase, id: string): Promise<Bought> {
  const { bmc, clock, clusterName, location } = round
  const { family, prefixLength, service } = purchase
  const latest = clock.now() + SEND_WITHIN_MS
  const since = buyer.clusterNow()
  buyer.stored = true
  const intent = { id, family, prefixLength, since, ...(service ? { service } : {}) }
  await buyer.hold.setIntent(intent, buyer.bought)
  const body = {
    location,
    cidrBlockSize: `/${prefixLength}`,
    ipVersion: family === 'IPv6' ? 'V6' : 'V4',
    tags: toBlockTags(clusterName, id, service),
  } as const
  try {
    const block = await buyer.change(limits => bmc.createIpBlock(body, limits), latest)
    return { end: 'bought', blockId: block.id, cidr: block.cidr }
  } catch (error) {
    return toEnd(error)
  }
}

function toEnd(error: unknown): Bought {
  if (!hasCode(error) || error.code.startsWith('KUBE_')) throw error
  const { code, message } = error
  if (hasCode(error, 'BMC_OUT_OF_STOCK')) return { end: 'sold-out' }
  if (hasCode(error, 'BMC_OUTCOME_UNKNOWN')) return { end: 'unknown', why: message }
  if (hasCode(error, 'BMC_CONFLICT', 'CCM_DEADLINE')) return { end: 'later', why: message }
  const isAboutIt = hasCode(error, 'BMC_BAD_REQUEST', 'BMC_FORBIDDEN')
  return { end: isAboutIt ? 'refused' : 'failed', refusal: { code, message } }
}
