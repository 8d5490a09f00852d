import type { Bmc, IpBlock } from '../bmc/client.ts'
import { hasTags } from '../bmc/tags.ts'
import type { CloudCall } from '../cloud-provider/contract.ts'
import { BLOCK_PATIENCE_MS, type BlockHold, type BoughtBlock } from '../cloud-provider/load-balancer.ts'
import { CcmError } from '../errors.ts'
import { encodeTagValue, PURCHASE_TAG, toClusterTags } from './block-tags.ts'
import { type SupplyBlock, toSupplyBlock } from './blocks.ts'
import { readBlock, type Supply } from './supply.ts'
import { decideIntent, INTENT_RESTS_MS, type IntentVerdict } from './supply-plan.ts'

/** A supply with what the list lacks, and what that says about purchases. */
export interface Recalled {
  readonly supply: Supply
  /** Ids of blocks that the supply has although the list lacks them. */
  readonly unseen: readonly string[]
  /** What the guard is to go on remembering. */
  readonly bought: readonly BoughtBlock[]
  /** Whether there is something among it that the guard does not remember. */
  readonly isNews: boolean
  readonly verdict: IntentVerdict
}

/** What is asked, and of whom. */
export interface Recall {
  readonly bmc: Bmc
  readonly clusterName: string
  readonly call: CloudCall
}

/** A block younger than this that bears no tags has not got them yet; an older one was taken from the cluster. */
const TAGS_TAKE_MS = 15 * 60_000

/**
 * Adds what was bought and the list lacks: a list that lags or is cut must not lead to another purchase. One request
 * for each such block, and one more where a purchase is about to be made again.
 *
 * An id is remembered until the list shows its block as assigned, or marked: from then on it is known by its gate. A list
 * that shows a block and then lacks it again does no harm before that.
 *
 * The time that is remembered with it makes no block older than it is: BMC's clocks alone decide on no purchase. Where
 * they cannot tell its age, a block that does not serve yet is remembered, too, and that time stands for its age.
 *
 * What remains: a purchase whose answer never reached the guard, and whose block shows neither in the list of the
 * cluster nor in that of the purchase's own tag after INTENT_RESTS_MS. It is made a second time; the block that is one
 * too many is used or given back once it shows.
 *
 * @throws CcmError BMC_* when it could not be found out; BMC_RESPONSE_INVALID when a block that was just bought bears
 *   other tags than it was bought with, or is on the network and yet not known
 */
export async function recallPurchases(
  recall: Recall,
  { intent, bought, now }: Pick<BlockHold, 'intent' | 'bought' | 'now'>,
  listed: Supply,
): Promise<Recalled> {
  const shown = new Set(listed.blocks.map(({ id }) => id))
  const since = new Map(bought.map(block => [block.id, toNoted(block.since, now)]))
  const unseen: SupplyBlock[] = []
  for (const [id, noted] of since) {
    if (shown.has(id)) continue
    const block = await readBlock(recall.bmc, id, listed.named, recall.call)
    if (block && isOurs(withAge(block, now, noted), recall)) unseen.push(toUnseen(block, listed))
  }
  const first = decideIntent(intent, withBlocks(listed, unseen), now)
  if (first.do === 'again') unseen.push(...(await findPurchase(recall, first.intent.id, listed)))
  const isRemembered = ({ id, purchase, ageMs }: SupplyBlock): boolean =>
    since.has(id) || ageMs === undefined || (intent !== undefined && purchase === intent.id)
  const coming = listed.blocks.filter(
    block => block.state !== 'assigned' && !block.marked && isRemembered(block),
  )
  const noted = [...coming, ...unseen].map(({ id, purchase }): BoughtBlock => {
    const of = purchase === intent?.id ? intent?.since : undefined
    return { id, since: since.get(id) ?? toNoted(of, now) }
  })
  const supply = withAges(withBlocks(listed, unseen), noted, now)
  return {
    supply,
    unseen: unseen.map(({ id }) => id),
    bought: noted,
    isNews: noted.some(one => !bought.some(({ id, since }) => id === one.id && since === one.since)),
    verdict: decideIntent(intent, supply, now),
  }
}

/** One from the future was written before the API server's clock was set back. */
const toNoted = (since: number | undefined, now: number): number =>
  since === undefined || since - now > INTENT_RESTS_MS ? now : since

function withAges(supply: Supply, noted: readonly BoughtBlock[], now: number): Supply {
  const since = new Map(noted.map(block => [block.id, block.since]))
  const blocks = supply.blocks.map(block => {
    const aged = withAge(block, now, since.get(block.id))
    return since.has(block.id) && isStuck(aged) ? { ...aged, stuck: true } : aged
  })
  return { ...supply, blocks }
}

const isStuck = ({ status, ageMs = 0 }: SupplyBlock): boolean =>
  status === 'unassigned' && ageMs > BLOCK_PATIENCE_MS

/** Nobody's clock alone makes it older. */
const withAge = <T extends Pick<IpBlock, 'ageMs'>>(block: T, now: number, since: number | undefined): T =>
  since === undefined
    ? block
    : { ...block, ageMs: Math.max(0, Math.min(block.ageMs ?? Number.POSITIVE_INFINITY, now - since)) }

/** A second look before a purchase is made again: by its own tag alone, in case the list by the cluster's was wrong. */
async function findPurchase(
  recall: Recall,
  purchase: string,
  listed: Supply,
): Promise<readonly SupplyBlock[]> {
  const tags = [{ name: PURCHASE_TAG, value: encodeTagValue(purchase) }]
  const blocks = await recall.bmc.listIpBlocks({ tags }, recall.call)
  return blocks.filter(block => isOurs(block, recall)).map(block => toUnseen(block, listed))
}

function isOurs({ id, tags, ageMs }: IpBlock, { clusterName }: Recall): boolean {
  if (hasTags(tags, toClusterTags(clusterName))) return true
  if (ageMs === undefined || ageMs >= TAGS_TAKE_MS) return false
  const message = `block ${id} was bought a moment ago and does not bear the tags of the cluster`
  throw new CcmError('BMC_RESPONSE_INVALID', message, { fields: { blockId: id } })
}

/** Whether it is on the network is taken from the block itself. */
const toUnseen = (block: IpBlock, { network }: Supply): SupplyBlock => toSupplyBlock(block, network.id, false)

const withBlocks = (supply: Supply, more: readonly SupplyBlock[]): Supply => ({
  ...supply,
  blocks: [...supply.blocks, ...more].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  purchases: new Set([...supply.purchases, ...more.flatMap(({ purchase }) => purchase ?? [])]),
})
