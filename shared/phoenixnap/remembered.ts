import type { Bmc, IpBlock } from '../bmc/client.ts'
import { hasTags } from '../bmc/tags.ts'
import type { CloudCall } from '../cloud-provider/contract.ts'
import type { BlockHold } from '../cloud-provider/load-balancer.ts'
import { CcmError } from '../errors.ts'
import { encodeTagValue, PURCHASE_TAG, toClusterTags } from './block-tags.ts'
import { type SupplyBlock, toSupplyBlock } from './blocks.ts'
import { ifKnown } from './if-known.ts'
import type { Supply } from './supply.ts'
import { decideIntent, type IntentVerdict } from './supply-plan.ts'

/** A supply with what the list lacks, and what that says about purchases. */
export interface Recalled {
  readonly supply: Supply
  /** Ids of blocks that the supply has although the list lacks them. */
  readonly unseen: readonly string[]
  /** Ids that the guard is to go on remembering. */
  readonly bought: readonly string[]
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
 * An id is remembered until the list shows its block beyond `coming`: from then on it is known by its gate. A list that
 * shows a block and then lacks it again does no harm before that.
 *
 * What remains: a purchase whose answer never reached the guard, and whose block shows neither in the list of the
 * cluster nor in that of the purchase's own tag after INTENT_RESTS_MS. It is made a second time; the block that is one
 * too many is used or given back once it shows.
 *
 * @throws CcmError BMC_* when it could not be found out; BMC_RESPONSE_INVALID when a block that was just bought bears
 *   other tags than it was bought with
 */
export async function recallPurchases(
  recall: Recall,
  { intent, bought, now }: Pick<BlockHold, 'intent' | 'bought' | 'now'>,
  listed: Supply,
): Promise<Recalled> {
  const shown = new Map(listed.blocks.map(block => [block.id, block]))
  const unseen: SupplyBlock[] = []
  for (const id of new Set(bought)) {
    if (shown.has(id)) continue
    const block = await ifKnown(() => recall.bmc.getIpBlock(id, recall.call))
    if (block && isOurs(block, recall)) unseen.push(toUnseen(block, listed))
  }
  const first = decideIntent(intent, withBlocks(listed, unseen), now)
  if (first.do === 'again') unseen.push(...(await findPurchase(recall, first.intent.id, listed)))
  const supply = withBlocks(listed, unseen)
  const coming = listed.blocks.filter(({ id, state, purchase }) => {
    const isRemembered = bought.includes(id) || (intent !== undefined && purchase === intent.id)
    return isRemembered && state === 'coming'
  })
  return {
    supply,
    unseen: unseen.map(({ id }) => id),
    bought: [...coming, ...unseen].map(({ id }) => id),
    verdict: decideIntent(intent, supply, now),
  }
}

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
